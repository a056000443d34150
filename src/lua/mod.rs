//! The one door to Lua: a strict, sandboxed world in which a recipe sees namespaces of typed functions and nothing else.

mod arguments;
mod position;
mod sandbox;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use mlua::{Lua, LuaSerdeExt, MultiValue, Table, Value, serde::SerializeOptions};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, Result, nearest};

/// What the functions act on.
pub trait State: 'static {
    /// Called before every function with its place in the recipe: `ex1.lua:12`.
    fn called_at(&mut self, position: &str);

    /// What `print` does.
    fn print(&mut self, text: &str);
}

type Call<S> = Box<dyn Fn(&mut S, &Lua, Value) -> Result<Value>>;

/// A function as recipes see it.
pub struct Function<S> {
    pub name: &'static str,
    call: Call<S>,
}

/// Binds a Rust function whose argument is read by serde and whose result is written by it.
pub fn function<S, A, R>(name: &'static str, call: impl Fn(&mut S, A) -> Result<R> + 'static) -> Function<S>
where
    A: DeserializeOwned,
    R: Serialize,
{
    let options =
        SerializeOptions::new().serialize_none_to_null(false).serialize_unit_to_null(false).set_array_metatable(false);
    Function {
        name,
        call: Box::new(move |state, lua, argument| {
            let given = call(state, arguments::read(argument)?)?;
            lua.to_value_with(&given, options).map_err(|error| Error::failed(format!("give a result to Lua: {error}")))
        }),
    }
}

/// A table of functions: `net`, `bench` …
pub struct Namespace<S> {
    pub name: &'static str,
    /// Alphabetical.
    pub functions: Vec<Function<S>>,
    /// A table whose every read is a call: `lab.p` reads by `lab.param`.
    pub lookup: Option<(&'static str, Function<S>)>,
}

/// Finds what `require` names: the chunk's name for errors, and its text.
pub type Library = Box<dyn Fn(&str) -> Option<(String, String)>>;

/// A Lua world with one state.
pub struct Engine<S> {
    lua: Lua,
    state: Rc<RefCell<S>>,
}

impl<S: State> Engine<S> {
    /// The state stays the caller's: it is read again when the recipe is over.
    pub fn new(state: Rc<RefCell<S>>, namespaces: Vec<Namespace<S>>, library: Library) -> Result<Engine<S>> {
        let lua = sandbox::open().map_err(ours)?;
        let engine = Engine { lua, state };
        engine.furnish(namespaces, library).map_err(ours)?;
        Ok(engine)
    }

    fn furnish(&self, namespaces: Vec<Namespace<S>>, library: Library) -> mlua::Result<()> {
        let globals = self.lua.globals();
        for namespace in namespaces {
            globals.raw_set(namespace.name, self.namespace(namespace)?)?;
        }
        let state = Rc::clone(&self.state);
        globals.raw_set(
            "print",
            self.lua.create_function(move |_, values: MultiValue| {
                crate::signal::check().map_err(mlua::Error::external)?;
                let words: Vec<String> = values.iter().map(word).collect::<mlua::Result<_>>()?;
                state.borrow_mut().print(&words.join("\t"));
                Ok(())
            })?,
        )?;
        globals.raw_set("require", self.require(library)?)?;
        sandbox::seal(&self.lua)
    }

    fn namespace(&self, namespace: Namespace<S>) -> mlua::Result<Table> {
        let members = self.lua.create_table()?;
        let name = namespace.name;
        for function in namespace.functions {
            members.raw_set(function.name, self.bound(format!("{name}.{}", function.name), function)?)?;
        }
        if let Some((key, function)) = namespace.lookup {
            let call = self.bound(format!("{name}.{key}"), function)?;
            let meta = self.lua.create_table()?;
            meta.raw_set(
                "__index",
                self.lua.create_function(move |_, (_, key): (Value, Value)| call.call::<Value>(key))?,
            )?;
            sandbox::refuse_changes(&self.lua, &meta, format!("{name}.{key}"))?;
            let table = self.lua.create_table()?;
            table.set_metatable(Some(meta))?;
            members.raw_set(key, table)?;
        }
        sandbox::strict(&self.lua, members, name)
    }

    fn bound(&self, name: String, function: Function<S>) -> mlua::Result<mlua::Function> {
        let state = Rc::clone(&self.state);
        self.lua.create_function(move |lua, given: MultiValue| {
            let position = position::of_caller(lua);
            let call = || -> Result<Value> {
                crate::signal::check()?;
                if given.len() > 1 {
                    return Err(Error::usage(format!("{} arguments where one is expected", given.len()))
                        .hint(format!("write {name} {{ key = value, … }}")));
                }
                let argument = match given.front() {
                    None | Some(Value::Nil) => Value::Table(lua.create_table().map_err(ours)?),
                    Some(value) => value.clone(),
                };
                let mut state = state.borrow_mut();
                state.called_at(&position);
                (function.call)(&mut state, lua, argument)
            };
            call().map_err(|error| {
                mlua::Error::external(match error.has_position() {
                    true => error,
                    false => error.context(&name).at(&position),
                })
            })
        })
    }

    /// Loads a library once and gives what it returned.
    fn require(&self, library: Library) -> mlua::Result<mlua::Function> {
        let loaded: RefCell<BTreeMap<String, Value>> = RefCell::default();
        self.lua.create_function(move |lua, name: String| {
            if let Some(value) = loaded.borrow().get(&name) {
                return Ok(value.clone());
            }
            let Some((chunk, text)) = library(&name) else {
                let error = Error::usage(format!("there is no library `{name}`"))
                    .hint("a library is lua/lib/NAME.lua in labkit, or lib/NAME.lua beside the recipe");
                return Err(mlua::Error::external(error.context("require").at(&position::of_caller(lua))));
            };
            let value: Value = sandbox::load(lua, &chunk, &text).eval()?;
            loaded.borrow_mut().insert(name, value.clone());
            Ok(value)
        })
    }

    /// Runs a recipe to its end.
    pub fn run(&self, chunk: &str, text: &str) -> Result<()> {
        sandbox::load(&self.lua, chunk, text).exec().map_err(ours)
    }
}

/// As `print` shows it: an error, which `pcall` gave, as it would end the recipe, without Lua's traceback.
fn word(value: &Value) -> mlua::Result<String> {
    match value {
        Value::Error(error) => Ok(ours((**error).clone()).to_string()),
        value => value.to_string(),
    }
}

/// Our own error where one is inside, else Lua's first line with its place.
fn ours(error: mlua::Error) -> Error {
    match inner(&error) {
        Some(error) => error.clone(),
        None => position::from_lua(&error),
    }
}

fn inner(error: &mlua::Error) -> Option<&Error> {
    match error {
        mlua::Error::ExternalError(cause) => cause.downcast_ref::<Error>(),
        mlua::Error::CallbackError { cause, .. } => inner(cause),
        mlua::Error::WithContext { cause, .. } => inner(cause),
        _ => None,
    }
}

/// The error of a name that a table does not have.
fn no_such(table: &str, key: &str, known: &[String]) -> Error {
    let error = match table {
        "" => Error::usage(format!("there is no global `{key}`")),
        table => Error::usage(format!("there is no `{table}.{key}`")),
    };
    let prefix = if table.is_empty() { String::new() } else { format!("{table}.") };
    error.hint(match nearest(key, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{prefix}{near}`?"),
        None => format!("there are: {}", known.join(", ")),
    })
}
