//! `ombud restore`: closes, or goes on with, runs whose process died; and brings sessions back from a file.

use std::path::Path;

use ombud::domain::{
    Author, Error, ErrorCode, Labels, Message, MessageId, Part, Result, SessionId, Timestamp, ToolReturn, Visibility,
};
use ombud::engine::{Engine, ImportedSession, NewSession, Orphans, Restored};
use serde::{Deserialize, Serialize};

use crate::cli::{Format, RestoreArguments};
use crate::context::confirm;
use crate::follow::{Begun, Followed, leave};
use crate::program::Program;
use crate::render::View;
use crate::render::result::Collector;
use crate::signals::Signals;

/// What was done with one run. Its form is a contract: `docs/schemas/restore.json`.
#[derive(Serialize)]
struct Line {
    session: SessionId,
    run: ombud::domain::RunId,
    done: &'static str,
    open_calls: Vec<String>,
}

#[derive(Serialize)]
struct Document {
    restored: Vec<Line>,
}

/// A session as `ombud sessions show ID --format json` prints it; what is not needed is passed over.
#[derive(Deserialize)]
struct SessionFile {
    id: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    agent: Option<String>,
    /// Where an earlier page would end.
    #[serde(default)]
    before: Option<u64>,
    messages: Vec<MessageEntry>,
}

#[derive(Deserialize)]
struct MessageEntry {
    id: String,
    author: Author,
    at: Timestamp,
    parts: Vec<Part>,
    #[serde(default)]
    returns: Vec<ToolReturn>,
}

pub async fn execute(program: &Program, args: &RestoreArguments) -> Result<u8> {
    if let Some(what) = &args.target
        && is_file(what)
    {
        return from_file(program, Path::new(what), args.yes).await;
    }
    let id = args.target.as_deref().map(SessionId::parse).transpose()?;
    let house = program.open_asking(false).await?;
    let id = match id {
        Some(named) => Some(crate::naming::session(&*house, &program.caller(), &named).await?),
        None => None,
    };
    let orphans = if args.resume { Orphans::Resume } else { Orphans::Close };
    let restored = house.restore(&program.caller(), id.as_ref(), orphans).await?;
    if args.resume
        && let [one] = &restored[..]
    {
        return resumed(program, &*house, one).await;
    }
    house.drain().await;
    tell(program, restored, id.as_ref())?;
    Ok(0)
}

/// A path says what it is: it holds a `/`, or ends in `.json`.
fn is_file(what: &str) -> bool {
    what.contains('/') || what.ends_with(".json")
}

/// Follows the run that was taken up, as if it had been asked now.
async fn resumed(program: &Program, house: &dyn Engine, restored: &Restored) -> Result<u8> {
    let mut signals = Signals::catch().map_err(|error| Error::internal(format!("signals cannot be caught: {error}")))?;
    let mut view = View::of(program);
    if restored.formed {
        view.holds_back();
    }
    let caller = program.caller();
    let model = house.run(&caller, &restored.run).await?.model;
    let begun = Begun { session: restored.session.clone(), run: restored.run.clone(), model, before: restored.before };
    let mut followed = Followed::new(program, house, &caller, &mut signals, &mut view);
    let result = followed.follow(begun, Collector::new(program.context.resolved.notices.clone())).await;
    let leave_by = followed.leave_by;
    leave(house, &mut signals, leave_by).await;
    crate::oneshot::report(program, &result);
    Ok(result.exit_code)
}

fn tell(program: &Program, restored: Vec<Restored>, id: Option<&SessionId>) -> Result<()> {
    let out = &program.context.out;
    let lines: Vec<_> = restored
        .into_iter()
        .map(|restored| Line {
            session: restored.session,
            run: restored.run,
            done: if restored.resumed { "resumed" } else { "closed" },
            open_calls: restored.open_calls,
        })
        .collect();
    if program.format() != Format::Text {
        return out.write_json(&Document { restored: lines });
    }
    for line in &lines {
        let calls = match line.open_calls.len() {
            0 => String::new(),
            count => format!(" ({count} open calls: {})", line.open_calls.join(", ")),
        };
        out.write_line(&format!("{} run {} of session {}{calls}", line.done, line.run, line.session))?;
    }
    if lines.is_empty() {
        let what = id.map_or_else(|| "no session".to_owned(), |id| format!("session {id}: nothing"));
        out.write_line(&format!("{what} was interrupted"))?;
    }
    Ok(())
}

async fn from_file(program: &Program, path: &Path, yes: bool) -> Result<u8> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| crate::attachments::unread(&shown.to_string(), &error))?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    let file: SessionFile = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        Error::invalid(format!("`{shown}` is not a session: {error}"))
            .hint("write one with `ombud sessions show ID --format json`")
    })?;
    if let Some(before) = file.before {
        let message = format!("`{shown}` holds only the newest messages of the session: those before {before} are missing");
        return Err(Error::invalid(message).hint("write it again with a higher `--limit`"));
    }
    let house = program.open().await?;
    let known = match &file.agent {
        None => false,
        Some(agent) => match house.agent(&program.caller(), agent).await {
            Err(error) if error.code != ErrorCode::NotFound => return Err(error),
            found => found.is_ok(),
        },
    };
    let session = NewSession {
        id: Some(SessionId::parse(&file.id)?),
        title: file.title,
        labels: Labels::from_tags(file.tags),
        agent: file.agent.filter(|_| known),
        ..NewSession::default()
    };
    let messages = file.messages.into_iter().map(|entry| {
        let message = Message {
            id: MessageId::from_text(&entry.id),
            author: entry.author,
            parts: entry.parts,
            at: entry.at,
            thread: None,
            visibility: Visibility::All,
            attributes: serde_json::Map::new(),
        };
        (message, entry.returns)
    });
    let imported = ImportedSession { session, messages: messages.collect() };
    let count = imported.messages.len();
    let existing = imported.session.id.as_ref().ok_or_else(|| Error::internal("a session file without an id"))?;
    if !yes && house.session(&program.caller(), existing).await.is_ok() && !confirmed(program, existing)? {
        return Ok(0);
    }
    let session = house.import(&program.caller(), imported).await?;
    if program.format() == Format::Text {
        program.context.out.write_line(&format!("restored session {} with {count} messages", session.id))?;
    } else {
        let item = house.session(&program.caller(), &session.id).await?;
        program.context.out.write_json(&crate::sessions::Line::from(item))?;
    }
    Ok(0)
}

/// Asks before a history is replaced, where somebody can be asked.
fn confirmed(program: &Program, id: &SessionId) -> Result<bool> {
    if !program.context.manner.may_ask {
        let message = format!("session `{id}` exists, and its history would be replaced");
        return Err(Error::new(ErrorCode::Conflict, message).hint("say `--yes`, or give the file another `id`"));
    }
    confirm(format!("Replace the history of session {id}?"))
}
