//! A session as lines of JSON, without loss, and read back again by `import_log`.
//!
//! ```text
//! {"ombud_session":1,"session":"ID","events":N}       the version of the form, and how many events follow
//! {"event":{…}}                                       its events, all of them, as they are
//! {"revision":"SHA256","agent":{…}}                   the agents that its runs have pinned
//! {"file":{…}}                                        its files
//! {"blob":"SHA256","base64":"…"}                      the bytes that events and files name
//! {"end":{"events":N,"files":N,"blobs":N}}            so that a file that was cut is noticed
//! ```
//!
//! No line tells when it was written, so two exports of one log are the same. It is written over any engine, also over a
//! distance, with what everybody may read who may read the session.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::domain::{
    BlobId, Cause, Cursor, Error, ErrorCode, Event, Fact, File, Message, Part, Principal, Result, SessionId, ToolReturn,
};
use crate::engine::verbs::Engine;

/// The version of the form.
pub const VERSION: u32 = 1;
/// Events of one page.
const PAGE: usize = 500;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the form.
    #[serde(rename = "ombud_session")]
    pub version: u32,
    /// The session.
    pub session: SessionId,
    /// How many events follow.
    pub events: u64,
}

/// The last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// How many events there were.
    pub events: u64,
    /// How many agents.
    #[serde(default, skip_serializing_if = "none")]
    pub agents: u64,
    /// How many files.
    pub files: u64,
    /// How many blobs.
    pub blobs: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks in this form")]
fn none(count: &u64) -> bool {
    *count == 0
}

#[derive(Serialize)]
struct EventLine<'a> {
    event: &'a Event,
}

#[derive(Serialize)]
struct FileLine<'a> {
    file: &'a File,
}

#[derive(Serialize)]
struct BlobLine<'a> {
    blob: &'a BlobId,
    base64: String,
}

#[derive(Serialize)]
struct TailLine {
    end: Tail,
}

/// Writes a session, line by line, as it is now: what comes meanwhile is left out. `write` is given each line with its end.
///
/// # Errors
/// `not_found`, `expired`, `conflict` when the session was deleted and made again meanwhile, and what `write` answers.
pub async fn write(
    engine: &dyn Engine,
    caller: &Principal,
    id: &SessionId,
    write: &mut (dyn FnMut(&str) -> Result<()> + Send),
) -> Result<Tail> {
    let mut line = |value: &(dyn erased::Line + Sync)| -> Result<()> { write(&value.text()?) };
    let summary = engine.session(caller, id).await?.summary;
    let incarnation = summary.session.incarnation;
    line(&Head { version: VERSION, session: id.clone(), events: summary.events })?;
    let (mut tail, mut blobs) = (Tail::default(), BTreeSet::new());
    while tail.events < summary.events {
        let left = usize::try_from(summary.events - tail.events).unwrap_or(PAGE).min(PAGE);
        let events = engine.events(caller, id, Some(Cursor::after(incarnation, tail.events)), left).await?;
        if events.first().is_none_or(|first| first.seq != tail.events + 1) {
            let message = format!("session `{id}` was made anew while it was written");
            return Err(Error::new(ErrorCode::Conflict, message).hint("export it again"));
        }
        for event in &events {
            blobs.extend(blobs_of(&event.fact));
            line(&EventLine { event })?;
        }
        tail.events += events.len() as u64;
    }
    for pinned in engine.keeping().pinned_agents(caller, id).await? {
        tail.agents += 1;
        line(&pinned)?;
    }
    for file in engine.kept_files(caller, id).await? {
        blobs.extend(file.blob.clone());
        tail.files += 1;
        line(&FileLine { file: &file })?;
    }
    for blob in &blobs {
        match engine.blob(caller, id, blob).await {
            Ok(bytes) => {
                tail.blobs += 1;
                line(&BlobLine { blob, base64: BASE64_STANDARD.encode(bytes) })?;
            }
            // It was taken away.
            Err(error) if error.code == ErrorCode::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    line(&TailLine { end: tail })?;
    Ok(tail)
}

/// Lines of several kinds.
mod erased {
    use super::{Error, Result};

    pub(super) trait Line {
        fn text(&self) -> Result<String>;
    }

    impl<T: serde::Serialize> Line for T {
        fn text(&self) -> Result<String> {
            let text = serde_json::to_string(self);
            let mut text = text.map_err(|error| Error::internal(format!("a line cannot be written as JSON: {error}")))?;
            text.push('\n');
            Ok(text)
        }
    }
}

/// The bytes that a fact names.
fn blobs_of(fact: &Fact) -> Vec<BlobId> {
    let of_parts = |parts: &[Part]| -> Vec<BlobId> {
        let files = parts.iter().filter_map(|part| if let Part::File(file) = part { Some(file.blob.clone()) } else { None });
        files.collect()
    };
    let of_message = |message: &Message| of_parts(&message.parts);
    let of_returns =
        |returns: &[ToolReturn]| returns.iter().filter_map(|returned| returned.blob.clone()).collect::<Vec<_>>();
    match fact {
        Fact::MessagePosted(posted) => of_message(&posted.message),
        Fact::MessageCompleted(completed) => of_parts(&completed.parts),
        Fact::MessageImported(imported) => [of_message(&imported.message), of_returns(&imported.returns)].concat(),
        Fact::ToolReturned(returned) => of_returns(std::slice::from_ref(&returned.returned)),
        _ => Vec::new(),
    }
}

/// What is wrong with a line.
pub(super) fn wrong(line: u64, what: impl std::fmt::Display) -> Error {
    Error::invalid(format!("line {line}: {what}")).because(Cause::Garbage)
}

/// Bytes out of a line.
pub(super) fn bytes(line: u64, blob: &BlobId, base64: &str) -> Result<Vec<u8>> {
    let bytes =
        BASE64_STANDARD.decode(base64).map_err(|error| wrong(line, format!("the bytes of blob `{blob}`: {error}")))?;
    if BlobId::of(&bytes) != *blob {
        return Err(wrong(line, format!("the bytes of blob `{blob}` are others: their SHA-256 is another")));
    }
    Ok(bytes)
}
