//! The messages of a session in this API, computed from its log: one message of the agent for each run, however many times
//! the model was asked and however many requests it took.
//!
//! `reading` reads the log, `turns` makes messages of it, `for_users` and `as_chat` are the two forms that they have, and
//! `restored` goes the other way.

mod as_chat;
mod for_users;
mod reading;
pub mod restored;
mod turns;

use std::collections::HashMap;

pub use self::turns::Turn;

use super::request::Asked;
use super::wire::UiPart;
use crate::domain::{BlobId, File, Result, Session};
use crate::engine::FilePurpose;
use crate::http::base_url;

/// The messages of a session.
pub struct Told {
    turns: Vec<Turn>,
}

/// A part of a message, and who is shown it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToldPart {
    /// Whether users are.
    pub visible: bool,
    /// The part.
    pub part: UiPart,
    /// Of a call: what it gave, also where users are not shown that.
    pub result: Option<serde_json::Value>,
    /// Of a file: its bytes.
    pub blob: Option<BlobId>,
}

impl ToldPart {
    fn new(visible: bool, part: UiPart) -> Self {
        Self { visible, part, result: None, blob: None }
    }
}

impl Told {
    /// Reads the messages of a session.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub async fn read(asked: &Asked, session: &Session) -> Result<Self> {
        let mut turns = turns::of(reading::read(asked, session).await?);
        let names_files = turns.iter().flat_map(|turn| &turn.parts).any(|part| part.blob.is_some());
        if names_files {
            let files = asked.engine().kept_files(&asked.caller, &session.id).await?;
            address(asked, &mut turns, &files).await?;
        }
        Ok(Self { turns })
    }
}

/// Gives files their addresses. One that is not here any more has none, and is not told.
async fn address(asked: &Asked, turns: &mut [Turn], files: &[File]) -> Result<()> {
    let base = base_url(&asked.door.settings.server, &asked.parts)?;
    let mut urls: HashMap<String, String> = HashMap::new();
    for turn in turns {
        for part in &mut turn.parts {
            let Some(blob) = part.blob.clone() else { continue };
            let UiPart::File { id, url, filename, .. } = &mut part.part else { continue };
            let same = |file: &&File| file.blob.as_ref() == Some(&blob);
            let named = files.iter().filter(same).find(|file| Some(&file.name) == filename.as_ref());
            let Some(file) = named.or_else(|| files.iter().find(same)) else { continue };
            let known = urls.get(file.id.as_str()).cloned();
            let address = match known {
                Some(known) => known,
                None => {
                    let signed = asked.engine().sign_file(&asked.caller, file, FilePurpose::Download).await?;
                    format!("{base}{}/{}?ticket={}", super::FILES, file.id, signed.ticket)
                }
            };
            urls.insert(file.id.to_string(), address.clone());
            (*id, *url) = (file.id.to_string(), address);
        }
        turn.parts.retain(|part| !matches!(&part.part, UiPart::File { url, .. } if url.is_empty()));
    }
    Ok(())
}
