//! Sessions as clients read them: rows, and what was said as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::{AuthorKind, Error, Part, Result, ReturnStatus, SessionId, ToolReturn};
use crate::engine::{SessionItem, Shown};

/// What the address of a session begins with.
pub const SESSIONS: &str = "ombud://sessions/";
/// The addresses of sessions.
pub const TEMPLATE: &str = "ombud://sessions/{id}";
/// What a session is as a resource.
pub const MEDIA: &str = "text/markdown";

/// Most bytes of the text of one answer: the newest messages that fit.
const TEXT: usize = 200 << 10;
/// Most bytes of what a tool was given or gave, in a text.
const SHORT: usize = 600;

/// The address of a session.
pub fn address(id: &SessionId) -> String {
    format!("{SESSIONS}{id}")
}

/// The session of an address.
///
/// # Errors
/// `not_found` when it is the address of nothing.
pub fn session_of(address: &str) -> Result<SessionId> {
    let named = address.strip_prefix(SESSIONS).and_then(|id| SessionId::parse(id).ok());
    named.ok_or_else(|| Error::not_found("resource", address).hint(format!("sessions are {TEMPLATE}")))
}

/// A session in a list.
pub fn row(item: &SessionItem) -> Value {
    let session = &item.summary.session;
    json!({
        "id": session.id,
        "title": session.title,
        "agent": session.agent,
        "status": item.status,
        "runs": item.summary.runs,
        "created_at": session.created_at.to_string(),
        "updated_at": session.updated_at.to_string(),
    })
}

/// Sessions as lines of text.
pub fn lines(items: &[SessionItem]) -> String {
    let line = |item: &SessionItem| {
        let session = &item.summary.session;
        let status = json!(item.status);
        let title = session.title.as_deref().unwrap_or("(no title)");
        format!("{}  {}  {}  {title}", session.id, session.agent, status.as_str().unwrap_or_default())
    };
    items.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A message.
pub fn message(shown: &Shown) -> Value {
    let message = &shown.message;
    let calls: Vec<Value> = calls(shown)
        .map(|(name, arguments, returned)| {
            let status = returned.map(|returned| returned.status);
            let output = returned.map(|returned| cut(&returned.output_text(), SHORT));
            json!({ "name": name, "arguments": arguments, "status": status, "output": output })
        })
        .collect();
    let mut told = json!({
        "author": message.author.kind,
        "name": message.author.name,
        "at": message.at.to_string(),
        "text": message.text(),
    });
    if !calls.is_empty() {
        told["calls"] = Value::Array(calls);
    }
    told
}

/// What was said, for people and for models: the newest messages that fit. `all` = there are none before these.
pub fn text(item: &SessionItem, messages: &[Shown], all: bool) -> String {
    let session = &item.summary.session;
    let mut kept = Vec::new();
    let mut room = TEXT;
    for shown in messages.iter().rev() {
        let said = cut(&said(shown), room);
        if said.is_empty() {
            break;
        }
        room = room.saturating_sub(said.len());
        kept.push(said);
    }
    let mut text = format!("# {}\n", session.title.as_deref().unwrap_or("(no title)"));
    let _ = write!(text, "\nsession {}, agent {}", session.id, session.agent);
    if !all || kept.len() < messages.len() {
        text.push_str("\n\n(What was said earlier is left out.)");
    }
    for said in kept.iter().rev() {
        text.push_str("\n\n");
        text.push_str(said);
    }
    text.push('\n');
    text
}

fn said(shown: &Shown) -> String {
    let author = &shown.message.author;
    let who = match author.kind {
        AuthorKind::Person => "asked by",
        AuthorKind::Agent => "answered by",
        AuthorKind::Environment => "given:",
    };
    let mut text = format!("## {who} {}, {}", author.name, shown.message.at);
    for part in &shown.message.parts {
        match part {
            Part::Text(part) if !part.text.is_empty() => {
                let _ = write!(text, "\n\n{}", part.text);
            }
            Part::File(file) => {
                let name = file.name.as_deref().unwrap_or("without a name");
                let _ = write!(text, "\n\n[file {name}, {}]", file.media_type);
            }
            Part::Text(_) | Part::Reasoning(_) | Part::ToolCall(_) => {}
        }
    }
    for (name, arguments, returned) in calls(shown) {
        let _ = write!(text, "\n\n[calls {name} {}]", cut(&arguments.to_string(), SHORT));
        if let Some(returned) = returned {
            let how = match returned.status {
                ReturnStatus::Ok => "",
                ReturnStatus::Failed => "failed: ",
                ReturnStatus::Denied => "denied: ",
                ReturnStatus::Cancelled => "cancelled: ",
            };
            let _ = write!(text, "\n[{name} gave: {how}{}]", cut(&returned.output_text(), SHORT));
        }
    }
    text
}

/// The calls of a message, each with what it gave.
fn calls(shown: &Shown) -> impl Iterator<Item = (&str, &Value, Option<&ToolReturn>)> {
    shown.message.parts.iter().filter_map(|part| match part {
        Part::ToolCall(call) => {
            let returned = shown.returns.iter().find(|returned| returned.id == call.id);
            Some((call.name.as_str(), &call.arguments, returned))
        }
        Part::Text(_) | Part::Reasoning(_) | Part::File(_) => None,
    })
}

/// The beginning of a text, with a sign where the rest was.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(most.saturating_sub('…'.len_utf8()));
    if end == 0 { String::new() } else { format!("{}…", &text[..end]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_sessions() {
        let id = SessionId::from_text("a.b:c");
        assert_eq!(session_of(&address(&id)), Ok(id));
        for address in ["ombud://sessions/", "ombud://sessions/../x", "ombud://agents/a", "file:///etc/passwd", ""] {
            let error = session_of(address).unwrap_err();
            assert_eq!(error.message, format!("resource `{address}` is not known"));
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("äöü", 6), "äöü");
        assert_eq!(cut("äöü", 5), "ä…");
        assert_eq!(cut("äöü", 3), "");
        assert_eq!(cut("", 0), "");
    }
}
