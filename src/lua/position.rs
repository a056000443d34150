//! Where in the recipe: the line that called, also through libraries.

use mlua::Lua;

use crate::error::Error;

/// Chunks of libraries begin with this.
const LIBRARY: &str = "lib/";

/// The nearest line of the recipe itself, and of the library it went through if it did.
pub fn of_caller(lua: &Lua) -> String {
    let mut through: Option<String> = None;
    for level in 0.. {
        let frame = lua.inspect_stack(level, |frame| {
            let source = frame.source();
            let chunk = source.source.as_deref().and_then(|name| name.strip_prefix('@')).map(str::to_owned);
            chunk.zip(frame.current_line()).map(|(chunk, line)| format!("{chunk}:{line}"))
        });
        match frame {
            None => break,
            Some(Some(place)) if place.starts_with(LIBRARY) => {
                through.get_or_insert(place);
            }
            Some(Some(place)) => {
                return match through {
                    Some(library) => format!("{place}: through {library}"),
                    None => place,
                };
            }
            Some(None) => {}
        }
    }
    through.unwrap_or_default()
}

/// An error that Lua itself raised: its message, which begins with its place, without the traceback.
pub fn from_lua(error: &mlua::Error) -> Error {
    match error {
        mlua::Error::CallbackError { cause, .. } => from_lua(cause),
        mlua::Error::SyntaxError { message, .. } => Error::usage(message),
        mlua::Error::MemoryError(_) => Error::failed("the recipe wants more memory than recipes get")
            .hint("32 MiB are plenty for data; look for a loop that never stops filling a table"),
        mlua::Error::RuntimeError(text) => {
            let (message, trace) = text.split_once("\nstack traceback:").unwrap_or((text, ""));
            let in_library = message.starts_with(LIBRARY);
            let recipe = trace.lines().map(str::trim).find_map(|line| {
                let (place, _) = line.split_once(": in ")?;
                let is_recipe = place.contains(':') && !place.starts_with('[') && !place.starts_with(LIBRARY);
                is_recipe.then_some(place)
            });
            match (in_library, recipe) {
                (true, Some(recipe)) => Error::usage(format!("{recipe}: through {message}")),
                _ => Error::usage(message),
            }
        }
        other => Error::usage(other.to_string().lines().next().unwrap_or_default()),
    }
}
