//! What is read from this machine, or fetched, for a character: the character itself, and what it knows. Only from folders
//! that the settings open, and from addresses that they name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;

use super::character::Character;
use super::errors::ElizaError;
use crate::domain::{Error, ErrorCode, Principal};
use crate::http::{Door, client_for, outbound_failure};
use crate::workspace::{Kind, WalkOptions, Workspace};

/// Most bytes of a character.
const CHARACTER: usize = 1 << 20;
/// Most bytes of one text that a character knows, and of all of them.
const KNOWLEDGE: usize = 256 << 10;
/// Most files that a character knows.
const FILES: usize = 64;
/// Entries of a folder that are looked at.
const ENTRIES: usize = 10_000;
/// Longest wait for a character that is fetched.
const WAIT: Duration = Duration::from_secs(10);

/// Reads a character by its path or its address.
///
/// # Errors
/// 400 `CREATE_ERROR` when it is not there or is no JSON, 403 when it may not be read.
pub async fn character(door: &Door, caller: &Principal, path: &str) -> Result<Value, ElizaError> {
    let missing = || {
        format!(
            "Character '{}' not found. Please check if the file exists and the path is correct.",
            crate::config::printable(path)
        )
    };
    let text = if path.starts_with("http://") || path.starts_with("https://") {
        fetch(door, caller, path).await?
    } else {
        let (folders, given) = (door.settings.server.character_folders.clone(), path.to_owned());
        let is_admin = caller.is_admin();
        let read = move || -> Result<Option<Vec<u8>>, bool> {
            match find(&folders, &given) {
                Some((folder, Kind::File)) => folder.read(&given, CHARACTER).map(Some).map_err(|_| false),
                // Which files there are is the business of who administers the house.
                _ => Err(is_admin && Path::new(&given).is_file()),
            }
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(Some(text))) => text,
            Ok(Err(true)) => {
                let path = crate::config::printable(path);
                return Err(failed(format!(
                    "Character '{path}' is in no folder that is open to characters: name its folder in \
                     `server.character_folders`"
                )));
            }
            _ => return Err(failed(missing())),
        }
    };
    serde_json::from_slice(&text)
        .map_err(|error| failed(format!("Character '{}' is no JSON: {error}", crate::config::printable(path))))
}

/// An error of making an agent.
pub fn failed(why: String) -> ElizaError {
    ElizaError::bad("CREATE_ERROR", why.clone()).details(why)
}

async fn fetch(door: &Door, caller: &Principal, address: &str) -> Result<Vec<u8>, ElizaError> {
    let refuse = |why: &str, hint: &str| {
        let error = Error::new(ErrorCode::Forbidden, format!("no character is fetched from this address: {why}"));
        ElizaError::from(error.hint(hint))
    };
    if !caller.is_admin() {
        let hint = "start the server with `--allow-local-admin`, call it with a token, or send the character itself";
        return Err(refuse("the caller does not administer the house", hint));
    }
    let (client, url) = client_for(address, WAIT)?;
    if !door.settings.server.character_addresses.iter().any(|open| is_below(url.as_str(), open)) {
        let hint = "name how it begins in `server.character_addresses`, or send the character itself";
        return Err(refuse("it is not among those that the settings name", hint));
    }
    let told = |error: reqwest::Error| failed(format!("the character could not be fetched: {}", outbound_failure(error)));
    let answer = client.get(url).send().await.map_err(told)?;
    if !answer.status().is_success() {
        return Err(failed(format!("the character could not be fetched: status {}", answer.status().as_u16())));
    }
    let (mut pieces, mut text) = (answer.bytes_stream(), Vec::new());
    while let Some(piece) = pieces.next().await {
        text.extend_from_slice(&piece.map_err(told)?);
        if text.len() > CHARACTER {
            return Err(failed(format!("the character is larger than {CHARACTER} bytes")));
        }
    }
    Ok(text)
}

/// Whether an address begins with another: at its end, or where a part of the path ends.
fn is_below(address: &str, open: &str) -> bool {
    let open = open.trim_end_matches('/');
    let has_host = open.split_once("://").is_some_and(|(_, host)| !host.is_empty());
    has_host && address.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The first folder in which there is something of a path.
fn find(folders: &[PathBuf], path: &str) -> Option<(Workspace, Kind)> {
    folders.iter().find_map(|folder| {
        let folder = Workspace::open(folder).ok()?;
        let kind = folder.kind(path).ok()?;
        Some((folder, kind))
    })
}

/// The texts that a character knows from files and folders.
///
/// # Errors
/// Why one cannot be had, in words.
pub async fn knowledge(folders: &[PathBuf], character: &Character) -> Result<Vec<String>, String> {
    let items = character.get("knowledge").and_then(Value::as_array).into_iter().flatten();
    let place = |item: &Value, key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
    let items: Vec<String> = items.filter_map(|item| place(item, "path").or_else(|| place(item, "directory"))).collect();
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let folders = folders.to_vec();
    let read = tokio::task::spawn_blocking(move || {
        let mut texts = Texts::default();
        items.iter().try_for_each(|item| texts.read(&folders, item)).map(|()| texts.read)
    });
    read.await.map_err(|error| format!("knowledge cannot be read: {error}"))?
}

#[derive(Default)]
struct Texts {
    read: Vec<String>,
    bytes: usize,
}

impl Texts {
    fn read(&mut self, folders: &[PathBuf], path: &str) -> Result<(), String> {
        let shown = crate::config::printable(path);
        let Some((folder, kind)) = find(folders, path) else {
            return Err(format!(
                "knowledge '{shown}' is in no folder that is open to characters; `server.character_folders` names them"
            ));
        };
        if kind != Kind::Folder {
            let text = folder.read(path, KNOWLEDGE).map_err(|error| error.message)?;
            let Ok(text) = String::from_utf8(text) else { return Err(format!("knowledge '{shown}' is no text")) };
            return self.add(&shown, text);
        }
        let walk = folder.walk(path, WalkOptions::default()).map_err(|error| error.message)?;
        for entry in walk.take(ENTRIES).filter(|entry| entry.kind == Kind::File) {
            let relative = entry.path.to_string_lossy();
            // What is no text, or larger than all may be, is nothing that a prompt can hold.
            let Some(text) = folder.read(&relative, KNOWLEDGE).ok().and_then(|text| String::from_utf8(text).ok()) else {
                continue;
            };
            self.add(&crate::config::printable(&relative), text)?;
        }
        Ok(())
    }

    fn add(&mut self, name: &str, text: String) -> Result<(), String> {
        self.bytes += text.len();
        if self.read.len() >= FILES || self.bytes > KNOWLEDGE {
            return Err(format!("knowledge has more than {FILES} files or {KNOWLEDGE} bytes, at '{name}'"));
        }
        let text = text.trim();
        if !text.is_empty() {
            self.read.push(text.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_below_another_by_whole_parts() {
        for (address, open, below) in [
            ("https://a.example/c/x.json", "https://a.example/c", true),
            ("https://a.example/c/x.json", "https://a.example/c/", true),
            ("https://a.example", "https://a.example", true),
            ("https://a.example.evil/c", "https://a.example", false),
            ("https://a.example@evil/c", "https://a.example", false),
            ("https://a.example/cc", "https://a.example/c", false),
            ("https://a.example/c", "https://", false),
            ("https://a.example/c", "", false),
        ] {
            assert_eq!(is_below(address, open), below, "{address} {open}");
        }
    }

    #[tokio::test]
    async fn files_are_read_in_open_folders_only() {
        let (open, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(open.path().join("facts")).unwrap();
        for (name, text) in [("one.md", "One."), ("facts/a.txt", "A."), ("facts/b.txt", "B.")] {
            std::fs::write(open.path().join(name), text).unwrap();
        }
        std::fs::write(open.path().join("facts/c.bin"), [0xff, 0xfe]).unwrap();
        std::fs::write(other.path().join("secret.md"), "secret").unwrap();
        std::os::unix::fs::symlink(other.path().join("secret.md"), open.path().join("link.md")).unwrap();
        let folders = [open.path().to_path_buf()];
        let knows = async |items: Value| {
            let character = Character::read(&json!({"name": "a", "bio": "b", "knowledge": items})).unwrap();
            knowledge(&folders, &character).await
        };
        let path = |name: &str| open.path().join(name).to_string_lossy().into_owned();
        let told = knows(json!(["said", {"path": "one.md"}, {"directory": path("facts"), "shared": true}])).await.unwrap();
        assert_eq!(told, ["One.", "A.", "B."]);
        let outside = other.path().join("secret.md").to_string_lossy().into_owned();
        for bad in [outside.as_str(), "../secret.md", "link.md", "none.md"] {
            let error = knows(json!([{"path": bad}])).await.unwrap_err();
            assert!(error.contains("server.character_folders") && !error.contains("secret\n"), "{error}");
        }
        assert_eq!(knows(json!([{"path": "facts/c.bin"}])).await.unwrap_err(), "knowledge 'facts/c.bin' is no text");
    }
}
