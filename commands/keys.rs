//! `ombud keys`: words that open a server for programs.

use ombud::dialects::{OCTAVUS, key_prefix};
use ombud::domain::{Error, Key, KeyId, KeyPermission, Result, Timestamp};
use ombud::engine::{NewKey, Word};
use ombud::observe::SystemClock;
use serde::Serialize;

use crate::cli::{Format, KeysAdd, KeysCommand, Permission};
use crate::output::table;
use crate::program::Program;
use crate::render::note;
use crate::render::result::minute;

/// The word for every door.
const ALL: &str = "all";

/// A key as it is printed. Its form is a contract: `docs/schemas/keys.json`.
#[derive(Debug, Serialize)]
struct Line {
    id: KeyId,
    name: String,
    permissions: Vec<KeyPermission>,
    admin: bool,
    doors: Option<Vec<String>>,
    ending: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    expired: bool,
}

impl From<Key> for Line {
    fn from(key: Key) -> Self {
        let Key { id, name, permissions, admin, doors, ending, created_at, expires_at } = key;
        let now = ombud::domain::Clock::now(&SystemClock);
        let expired = expires_at.is_some_and(|end| now >= end);
        Self { id, name, permissions, admin, doors, ending, created_at, expires_at, expired }
    }
}

#[derive(Serialize)]
struct Made {
    key: Line,
    word: Word,
}

#[derive(Serialize)]
struct Listed {
    keys: Vec<Line>,
}

#[derive(Serialize)]
struct Removed {
    removed: Line,
}

/// Makes, lists or removes keys.
///
/// # Errors
/// What the engine answers.
pub async fn execute(program: &Program, command: &KeysCommand) -> Result<u8> {
    match command {
        KeysCommand::Add(arguments) => add(program, arguments).await,
        KeysCommand::List => list(program).await,
        KeysCommand::Remove { name } => remove(program, name).await,
    }
}

async fn add(program: &Program, arguments: &KeysAdd) -> Result<u8> {
    if program.server.is_none() && program.settings().store_address()?.starts_with("memory") {
        return Err(Error::invalid("a store in memory forgets the key when this program ends")
            .hint("ask the server that has it: `--server`, or name another store: `--store`"));
    }
    let house = program.open().await?;
    let issued = house.create_key(&program.caller(), wanted(arguments)).await?;
    let out = &program.context.out;
    if program.format() != Format::Text {
        out.write_json(&Made { key: issued.key.into(), word: issued.word })?;
        return Ok(0);
    }
    out.write_line(issued.word.expose())?;
    if !program.global.quiet {
        note(&format!("note: key `{}` is shown this once: keep it", issued.key.name));
    }
    Ok(0)
}

/// What the options say.
fn wanted(arguments: &KeysAdd) -> NewKey {
    let doors = if arguments.doors.is_empty() { vec![OCTAVUS.to_owned()] } else { arguments.doors.clone() };
    let doors = (!doors.iter().any(|door| door == ALL)).then_some(doors);
    let permissions = match arguments.permissions.as_slice() {
        [] if !arguments.admin => vec![KeyPermission::Sessions],
        given => given.iter().copied().map(Permission::into).collect(),
    };
    NewKey {
        name: arguments.name.clone(),
        permissions,
        admin: arguments.admin,
        prefix: key_prefix(doors.as_deref()).to_owned(),
        doors,
        ttl_seconds: arguments.expires,
    }
}

async fn list(program: &Program) -> Result<u8> {
    let house = program.open().await?;
    let keys: Vec<Line> = house.keys(&program.caller()).await?.into_iter().map(Line::from).collect();
    let out = &program.context.out;
    match program.format() {
        Format::Json => out.write_json(&Listed { keys })?,
        Format::Jsonl | Format::Tarko => {
            for key in &keys {
                out.write_json(key)?;
            }
        }
        Format::Text if keys.is_empty() => note("note: there are no keys here; `ombud keys add NAME` makes one"),
        Format::Text => {
            let head = ["NAME", "PERMISSIONS", "DOORS", "ENDS IN", "MADE", "EXPIRES"].map(str::to_owned).to_vec();
            let rows: Vec<Vec<String>> = std::iter::once(head).chain(keys.iter().map(row)).collect();
            out.write(&table(&rows))?;
        }
    }
    Ok(0)
}

fn row(key: &Line) -> Vec<String> {
    let permissions: Vec<&str> = key.permissions.iter().map(|permission| permission.word()).collect();
    let permissions = if key.admin { "admin".to_owned() } else { permissions.join(",") };
    let expires = match (key.expires_at, key.expired) {
        (None, _) => "-".to_owned(),
        (Some(end), false) => minute(end),
        (Some(end), true) => format!("{} (over)", minute(end)),
    };
    let doors = key.doors.as_ref().map_or_else(|| ALL.to_owned(), |doors| doors.join(","));
    vec![key.name.clone(), permissions, doors, key.ending.clone(), minute(key.created_at), expires]
}

async fn remove(program: &Program, name: &str) -> Result<u8> {
    let house = program.open().await?;
    let removed = house.remove_key(&program.caller(), name).await?;
    match program.format() {
        Format::Text => program.context.out.write_line(&format!("removed key {}", removed.name))?,
        Format::Json | Format::Jsonl | Format::Tarko => {
            program.context.out.write_json(&Removed { removed: removed.into() })?;
        }
    }
    Ok(0)
}
