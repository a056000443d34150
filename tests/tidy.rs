//! The shape of the code: floors, doors, names, stubs, documents. What a reader relies on without looking.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use support::Bench;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a directory with this ending, with its path from the root.
fn files(dir: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut todo = vec![root().join(dir)];
    while let Some(dir) = todo.pop() {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|end| end == ending) {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no {ending} files below {dir}");
    found
}

/// A source file without its tests.
fn program(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

/// The module that a source file belongs to: `net` for src/net/prove.rs.
fn module(file: &str) -> &str {
    file.trim_start_matches("src/").split(['/', '.']).next().unwrap()
}

/// Floors of src/lib.rs, 0 the highest.
fn floors() -> BTreeMap<String, usize> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let groups = lib.split("\n\n").filter(|group| group.contains("pub mod ")).enumerate();
    groups
        .flat_map(|(floor, group)| {
            group
                .lines()
                .filter_map(move |line| Some((line.strip_prefix("pub mod ")?.trim_end_matches(';').to_owned(), floor)))
        })
        .collect()
}

/// Modules that a file names by `crate::`, also in a braced `use crate::{…}`.
fn named(text: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = BTreeSet::new();
    for part in text.split("crate::").skip(1) {
        if let Some(inner) = part.strip_prefix('{') {
            let mut depth = 0;
            let mut start = true;
            for (at, c) in inner.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && depth == 0 && c.is_alphabetic() => {
                        names.insert(word(&inner[at..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            names.insert(word(part));
        }
    }
    names.remove("");
    names
}

#[test]
fn imports_go_down_only_and_rooms_never_use_each_other() {
    let floors = floors();
    for (file, text) in files("src", "rs") {
        let own = module(&file);
        let Some(floor) = floors.get(own) else { continue };
        for used in named(program(&text)).iter().filter(|used| *used != own) {
            let Some(below) = floors.get(used) else { continue };
            assert!(below > floor, "{file} uses `{used}`, which is not on a lower floor of src/lib.rs");
        }
    }
}

#[test]
fn every_module_is_on_a_floor() {
    let floors = floors();
    for (file, _) in files("src", "rs") {
        let known = ["lib", "main", "build"].contains(&module(&file)) || floors.contains_key(module(&file));
        assert!(known, "{file} is not in src/lib.rs");
    }
}

/// Crates that the whole program is written in: data, messages, the kernel's calls.
const EVERYWHERE: [&str; 4] = ["log", "nix", "serde", "serde_json"];

#[test]
fn each_outside_crate_has_one_door() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let crates = section.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.replace('-', "_"));
    for name in crates.filter(|name| !EVERYWHERE.contains(&name.as_str())) {
        // `toml` is not named where `toml_edit` is.
        let uses = |text: &str| {
            [":", ";", " "].iter().any(|end| text.contains(&format!("use {name}{end}")))
                || text
                    .match_indices(&format!("{name}::"))
                    .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        let doors: BTreeSet<String> = files("src", "rs")
            .iter()
            .filter(|(_, text)| uses(program(text)))
            .map(|(file, _)| {
                Path::new(file).iter().take(if file.matches('/').count() > 1 { 2 } else { 9 }).collect::<PathBuf>()
            })
            .map(|door| door.display().to_string())
            .collect();
        let door = doors.iter().cloned().collect::<Vec<_>>().join(", ");
        assert_eq!(doors.len(), 1, "`{name}` is named in: {door}");
    }
}

#[test]
fn unsafe_code_stands_in_one_file() {
    for (file, text) in files("src", "rs") {
        assert!(file == "src/raw.rs" || !program(&text).contains("unsafe "), "{file}");
    }
}

const NO_NOUNS: [&str; 9] = ["util", "utils", "helper", "common", "core", "base", "misc", "manager", "handler"];

#[test]
fn names_say_something() {
    for (file, text) in files("src", "rs") {
        let stem = Path::new(&file).file_stem().unwrap().to_str().unwrap();
        assert!(!NO_NOUNS.contains(&stem), "{file}");
        for line in program(&text).lines() {
            let declared = line.trim_start().trim_start_matches("pub ").trim_start_matches("(crate) ");
            let name = ["fn ", "struct ", "enum ", "trait "].iter().find_map(|word| declared.strip_prefix(word));
            let name: String = name.unwrap_or("").chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            assert!(!name.to_lowercase().split('_').any(|part| NO_NOUNS.contains(&part)), "{file}: {name}");
        }
    }
}

#[test]
fn every_file_says_first_what_it_is_and_none_is_long() {
    for (file, text) in files("src", "rs") {
        assert!(text.starts_with("//! "), "{file} does not begin with `//! `");
        assert!(text.lines().count() <= 400, "{file} holds two nouns: {} lines", text.lines().count());
    }
    for (file, text) in files("lua/recipes", "lua") {
        let first = text.lines().next().unwrap();
        assert!(first.starts_with("--- ") && first.ends_with('?'), "{file} does not begin with its question");
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), "unimplemented"];
    for (file, text) in files("src", "rs").into_iter().chain(files("lua", "lua")).chain(files("docs", "md")) {
        for mark in marks {
            assert!(!text.contains(mark), "{file}: {mark}");
        }
    }
}

/// Function names of the stubs: `net.veth`.
fn stubbed() -> BTreeSet<String> {
    files("lua/types", "lua")
        .iter()
        .flat_map(|(_, text)| {
            text.lines().filter_map(|line| line.strip_prefix("function ")).map(str::to_owned).collect::<Vec<_>>()
        })
        .map(|line| line.split('(').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_stubs_have_every_function_and_no_other() {
    let mut functions: BTreeSet<String> = labkit::api::names().into_iter().collect();
    // A table that is read, not a function that is called.
    assert!(functions.remove("lab.p"));
    assert_eq!(stubbed(), functions);
}

#[test]
fn the_functions_of_a_namespace_stand_in_order() {
    let names = labkit::api::names();
    let functions: Vec<&String> = names.iter().filter(|name| *name != "lab.p").collect();
    assert!(functions.windows(2).all(|pair| pair[0] < pair[1]), "{functions:?}");
}

/// Fields of every struct that derives Deserialize, by the struct's name.
fn rust_fields() -> BTreeMap<String, BTreeSet<String>> {
    let mut structs = BTreeMap::new();
    for (_, text) in files("src", "rs") {
        for part in program(&text).split("pub struct ").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '$').collect();
            let Some(body) = part.get(name.len()..).and_then(|rest| rest.strip_prefix(" {")) else { continue };
            let body = body.split("\n}").next().unwrap().split("\n        }").next().unwrap();
            let fields = body
                .lines()
                .filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':'))
                .map(|(name, _)| name.to_owned());
            structs.insert(name, fields.collect());
        }
    }
    // Made by one macro.
    let counted: BTreeSet<String> = structs.remove("$name").unwrap();
    structs.insert("Star".to_owned(), counted.clone());
    structs.insert("Linear".to_owned(), counted);
    structs
}

#[test]
fn the_stubs_have_every_field_and_no_other() {
    let rust = rust_fields();
    let mut classes = 0;
    for (file, text) in files("lua/types", "lua") {
        for part in text.split("---@class ").skip(1) {
            let name = part.split([' ', '\n', ':']).next().unwrap();
            let Some(expected) = rust.get(name) else { continue };
            let lines = part.lines().skip(1).take_while(|line| line.starts_with("---"));
            let fields = lines.filter_map(|line| line.strip_prefix("---@field "));
            let fields: BTreeSet<String> =
                fields.map(|line| line.split(' ').next().unwrap().trim_end_matches('?').to_owned()).collect();
            assert_eq!(fields, *expected, "{file}: class {name}");
            classes += 1;
        }
    }
    assert!(classes >= 20, "only {classes} classes of the stubs are structs of the program");
}

/// Blocks of a document in this language, with the line they begin on.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(&format!("```{language}\n")) {
        let body = at + start + language.len() + 4;
        let end = body + text[body..].find("```").unwrap();
        found.push((text[..body].lines().count(), &text[body..end]));
        at = end + 3;
    }
    found
}

fn documents() -> Vec<(String, String)> {
    let mut documents = files("docs", "md");
    documents.push(("README.md".to_owned(), fs::read_to_string(root().join("README.md")).unwrap()));
    documents
}

#[test]
fn the_recipes_in_the_documents_are_recipes() {
    let bench = Bench::new();
    let mut tried = 0;
    for (file, text) in documents() {
        for (line, block) in blocks(&text, "lua") {
            let path = bench.recipe("block.lua", block);
            let said = bench.labkit(&["plan", path.to_str().unwrap()]);
            assert_eq!(said.code, Some(0), "{file} line {line}:\n{}", said.err);
            tried += 1;
        }
    }
    assert!(tried >= 3, "only {tried} recipes were found");
}

#[test]
fn the_commands_in_the_documents_exist() {
    let help = Bench::new().labkit(&["--help"]).ok();
    let mut tried = 0;
    for (file, text) in documents() {
        for (line, text) in text.lines().enumerate() {
            for command in text.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("labkit ")) {
                let name = command.split(' ').next().unwrap();
                let known = name.starts_with('-')
                    || help.lines().any(|line| line.trim_start().starts_with(&format!("{name} ")));
                assert!(known, "{file} line {}: labkit {name}", line + 1);
                tried += 1;
            }
        }
    }
    assert!(tried >= 3, "only {tried} commands were found");
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for (file, text) in documents() {
        for target in text.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()) {
            let relative = !target.is_empty() && !target.contains("://");
            let path = root().join(&file).parent().unwrap().join(target);
            assert!(!relative || path.exists(), "{file}: {target}");
        }
    }
}
