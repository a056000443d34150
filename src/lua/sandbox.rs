//! What a recipe cannot do: reach files or programs, load code, misspell a name unnoticed, run or grow for ever.

use std::sync::atomic::{AtomicU64, Ordering};

use mlua::{
    HookTriggers, Lua, LuaOptions, StdLib, Table, Value, VmState,
    chunk::{Chunk, ChunkMode},
};

use super::{no_such, position};
use crate::error::Error;

const MEMORY_BYTES: usize = 32 << 20;
/// About a second of pure Lua; what a recipe calls does not count.
const INSTRUCTIONS: u64 = 200_000_000;
const PER_LOOK: u32 = 10_000;

/// What the base library has and a recipe does not get.
const WITHHELD: [&str; 7] = ["collectgarbage", "dofile", "load", "loadfile", "rawset", "require", "warn"];

/// A Lua world without files, programs or code loading, and with limits.
pub fn open() -> mlua::Result<Lua> {
    let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH | StdLib::UTF8 | StdLib::COROUTINE;
    let lua = Lua::new_with(libraries, LuaOptions::default())?;
    for name in WITHHELD {
        lua.globals().raw_set(name, Value::Nil)?;
    }
    lua.globals().get::<Table>("string")?.raw_set("dump", Value::Nil)?;
    lua.set_memory_limit(MEMORY_BYTES)?;
    let spent = AtomicU64::new(0);
    lua.set_global_hook(HookTriggers::new().every_nth_instruction(PER_LOOK), move |lua, _| {
        crate::signal::check().map_err(mlua::Error::external)?;
        match spent.fetch_add(u64::from(PER_LOOK), Ordering::Relaxed) {
            spent if spent > INSTRUCTIONS => stop(lua),
            _ => Ok(VmState::Continue),
        }
    })?;
    Ok(lua)
}

/// Raises at this and every further instruction, so that no `pcall` around the loop saves it.
fn stop(lua: &Lua) -> mlua::Result<VmState> {
    lua.set_global_hook(HookTriggers::new().every_nth_instruction(1), |lua, _| Err(endless(lua)))?;
    Err(endless(lua))
}

fn endless(lua: &Lua) -> mlua::Error {
    let error = Error::failed(format!("stopped after {} million Lua instructions", INSTRUCTIONS / 1_000_000));
    mlua::Error::external(error.hint("is there a loop that never ends?").at(&position::of_caller(lua)))
}

/// A chunk of text; never bytecode.
pub fn load<'a>(lua: &Lua, name: &str, text: &'a str) -> Chunk<'a> {
    lua.load(text).set_name(format!("@{name}")).set_mode(ChunkMode::Text)
}

/// A stand-in for `members` that refuses names it does not have, and every change.
pub fn strict(lua: &Lua, members: Table, name: &'static str) -> mlua::Result<Table> {
    let known: Vec<String> =
        members.pairs::<String, Value>().filter_map(|pair| pair.ok().map(|(key, _)| key)).collect();
    let meta = lua.create_table()?;
    meta.raw_set(
        "__index",
        lua.create_function(move |lua, (_, key): (Value, Value)| {
            let found: Value = members.raw_get(&key)?;
            match found {
                Value::Nil => Err(refused(lua, no_such(name, &key.to_string()?, &known))),
                found => Ok(found),
            }
        })?,
    )?;
    refuse_changes(lua, &meta, name.to_owned())?;
    let stand_in = lua.create_table()?;
    stand_in.set_metatable(Some(meta))?;
    Ok(stand_in)
}

/// Nothing can be set in a table with this metatable, nor the metatable be taken off it.
pub fn refuse_changes(lua: &Lua, meta: &Table, name: String) -> mlua::Result<()> {
    let refuse = lua.create_function(move |lua, (_, key, _): (Value, Value, Value)| -> mlua::Result<()> {
        Err(refused(lua, Error::usage(format!("`{name}.{}` cannot be set", key.to_string()?))))
    })?;
    meta.raw_set("__newindex", refuse)?;
    meta.raw_set("__metatable", false)
}

/// From here on, reading or setting a global that is not there is an error.
pub fn seal(lua: &Lua) -> mlua::Result<()> {
    let globals = lua.globals();
    let known: Vec<String> =
        globals.pairs::<String, Value>().filter_map(|pair| pair.ok().map(|(key, _)| key)).collect();
    let meta = lua.create_table()?;
    meta.raw_set(
        "__index",
        lua.create_function(move |lua, (_, key): (Value, Value)| -> mlua::Result<Value> {
            Err(refused(lua, no_such("", &key.to_string()?, &known)))
        })?,
    )?;
    meta.raw_set(
        "__newindex",
        lua.create_function(|lua, (_, key, _): (Value, Value, Value)| -> mlua::Result<()> {
            let error = Error::usage(format!("`{}` would be global", key.to_string()?));
            Err(refused(lua, error.hint("write `local` before it")))
        })?,
    )?;
    meta.raw_set("__metatable", false)?;
    globals.set_metatable(Some(meta))
}

fn refused(lua: &Lua, error: Error) -> mlua::Error {
    mlua::Error::external(error.at(&position::of_caller(lua)))
}
