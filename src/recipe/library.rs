//! What is built in: recipes, what they share, and the editor's help.

use include_dir::{Dir, File, include_dir};

use super::Recipe;

static LUA: Dir = include_dir!("$CARGO_MANIFEST_DIR/lua");

fn text(file: &File) -> String {
    String::from_utf8_lossy(file.contents()).into_owned()
}

/// The built-in recipe of this name.
pub fn recipe(name: &str) -> Option<Recipe> {
    let file = LUA.get_file(format!("recipes/{name}.lua"))?;
    Some(Recipe { name: name.to_owned(), chunk: format!("{name}.lua"), text: text(file), dir: None })
}

/// All built-in recipes by name.
pub fn embedded() -> Vec<Recipe> {
    let files = LUA.get_dir("recipes").map(|dir| dir.files().collect::<Vec<_>>()).unwrap_or_default();
    let mut names: Vec<String> =
        files.iter().filter_map(|file| Some(file.path().file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    names.iter().filter_map(|name| recipe(name)).collect()
}

/// What `require "name"` finds: `lib/name.lua` beside the recipe, else the built-in one.
pub fn library(beside: Option<&std::path::Path>, name: &str) -> Option<(String, String)> {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if !plain {
        return None;
    }
    let file = format!("lib/{name}.lua");
    let on_disk = beside.and_then(|dir| std::fs::read_to_string(dir.join(&file)).ok());
    let found = on_disk.or_else(|| LUA.get_file(&file).map(text))?;
    Some((file, found))
}

/// The editor's help: file name and text of each.
pub fn types() -> Vec<(String, String)> {
    let files = LUA.get_dir("types").map(|dir| dir.files().collect::<Vec<_>>()).unwrap_or_default();
    let name = |file: &File| file.path().file_name().map(|name| name.to_string_lossy().into_owned());
    files.iter().filter_map(|file| Some((name(file)?, text(file)))).collect()
}
