//! Recipes: found, loaded, run.

mod conduct;
mod library;
pub mod undo;

pub use conduct::{Conducted, Orders, attempt, conduct, gather, rehearse, revert};
pub use library::{embedded, types};

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    digest,
    error::{Context, Error, Result, nearest},
};

/// A recipe's text and where it is from.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Without `.lua`.
    pub name: String,
    /// How errors call it: `ex1.lua`.
    pub chunk: String,
    pub text: String,
    /// Its directory, where it is on disk.
    pub dir: Option<PathBuf>,
}

impl Recipe {
    /// A path on disk wins; else the recipe of this name that is built in.
    pub fn find(name: &str) -> Result<Recipe> {
        let path = Path::new(name);
        if path.is_file() {
            return Recipe::read(path);
        }
        if path.is_dir() {
            return Err(Error::usage(format!("`{name}` is a directory, not a recipe")));
        }
        if let Some(recipe) = library::recipe(name.trim_end_matches(".lua")) {
            return Ok(recipe);
        }
        let known: Vec<String> = embedded().into_iter().map(|recipe| recipe.name).collect();
        Err(Error::usage(format!("there is no recipe `{name}`, built in or on disk")).hint(
            match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("built in are: {}", known.join(", ")),
            },
        ))
    }

    fn read(path: &Path) -> Result<Recipe> {
        let bytes = fs::read(path).context(|| format!("read `{}`", path.display()))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line =
                1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            Error::usage(format!("read `{}` line {line}: not UTF-8 text", path.display()))
        })?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let chunk = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Recipe { name: stem, chunk, text, dir: path.parent().map(Path::to_owned) })
    }

    /// The question that the exercise answers: the comment it begins with.
    pub fn question(&self) -> String {
        let comment = self.text.lines().take_while(|line| line.starts_with("---"));
        comment.map(|line| line.trim_start_matches('-').trim()).collect::<Vec<_>>().join(" ")
    }

    /// Its file by its one absolute path, where it is on disk.
    pub fn file(&self) -> Option<PathBuf> {
        let path = self.dir.as_ref()?.join(&self.chunk);
        path.canonicalize().or_else(|_| std::path::absolute(&path)).ok()
    }

    pub fn sha256(&self) -> String {
        digest::sha256_hex(self.text.as_bytes())
    }
}
