//! Operations as commands that a person would type.

use super::place::FileMode;
use crate::quote;

/// A command line from its words.
pub fn command<T: AsRef<str>>(argv: &[T]) -> String {
    quote::line(argv)
}

/// `install OPTIONS -m MODE -o OWNER -g GROUP PATHS`
pub fn install(
    options: &[&str],
    mode: FileMode,
    owner: Option<&str>,
    group: Option<&str>,
    paths: &[&str],
) -> Vec<String> {
    let mut argv = vec!["install".to_owned()];
    argv.extend(options.iter().map(|option| (*option).to_owned()));
    argv.extend(["-m".to_owned(), mode.to_string()]);
    for (option, name) in [("-o", owner), ("-g", group)] {
        argv.extend(name.into_iter().flat_map(|name| [option.to_owned(), name.to_owned()]));
    }
    argv.extend(paths.iter().map(|path| (*path).to_owned()));
    argv
}

/// A command with this on its standard input, as a here-document, or by `printf` where the last line has no end.
pub fn with_input<T: AsRef<str>>(argv: &[T], input: &str) -> String {
    let command = quote::line(argv);
    if !input.ends_with('\n') {
        return format!("printf %s {} | {command}", quote::word(input));
    }
    let mut mark = "END".to_owned();
    while input.lines().any(|line| line == mark) {
        mark.push('_');
    }
    format!("{command} <<'{mark}'\n{input}{mark}")
}

/// In the place of a command that would show a secret: it fails, and says why.
pub fn secret(what: &str) -> String {
    format!(": {} && false", quote::word(&format!("{what} is a secret")))
}

/// Ends the last line of a file, so that another can follow.
pub fn end_last_line(path: &str) -> String {
    let path = quote::word(path);
    format!("test -z \"$(tail -c 1 {path})\" || echo >>{path}")
}

/// A text as what sed matches it by, between slashes.
pub fn pattern(text: &str) -> String {
    text.chars().flat_map(|c| r"\/.*[]^$".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_shell_hands_over_what_was_given(text in "(END\n|[^\0\r]{0,20}\n?){0,3}") {
            let script = with_input(&["cat"], &text);
            let out = std::process::Command::new("sh").args(["-ec", &script]).output().unwrap();
            prop_assert_eq!(String::from_utf8(out.stdout).unwrap(), text);
        }

        #[test]
        fn sed_finds_what_it_is_to_find(text in r"[]\[a-c.*^$/\\+?(){}|& -]{1,12}") {
            let script = format!("{} <<'END'\n{text}\nEND", command(&["sed", &format!("/^{}$/d", pattern(&text))]));
            let out = std::process::Command::new("sh").args(["-ec", &script]).output().unwrap();
            prop_assert_eq!((out.stdout.as_slice(), out.stderr.as_slice()), (&b""[..], &b""[..]));
        }
    }
}
