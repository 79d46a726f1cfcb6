//! From an entry of a log to its event.
//!
//! A continued session reads thousands of entries before the model is asked, so what is read most is read fast, and what
//! a conversation does not need is not read at all.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::domain::{Actor, Cause, Error, Event, EventId, Fact, Part, Result, RunId, SessionId, Timestamp, Visibility};
use crate::storage::{Entry, Text};

/// Begins the kind of an event.
const NAME: &str = "\"type\":\"";

/// What every event has, whatever happened.
#[derive(Deserialize)]
struct Envelope {
    v: u16,
    seq: u64,
    id: EventId,
    session: SessionId,
    #[serde(default)]
    run: Option<RunId>,
    at: Timestamp,
    actor: Actor,
}

/// Reads an entry.
pub(crate) fn decode(session: &SessionId, entry: &Entry) -> Result<Event> {
    let body = entry.body.as_str();
    // The general way reads through a tree of values, which takes several times as long; it also keeps a fact of a newer
    // form as an unknown one.
    let event = match kind(body) {
        Some("message.posted") => whole(body, Fact::MessagePosted),
        Some("message.completed") => whole(body, Fact::MessageCompleted),
        Some("tool.called") => whole(body, Fact::ToolCalled),
        Some("tool.returned") => whole(body, Fact::ToolReturned),
        _ => None,
    };
    event.map_or_else(|| serde_json::from_str(body), Ok).map_err(|error| {
        let message = format!("event {} of session `{session}` cannot be read: {error}", entry.seq);
        Error::store(Some(Cause::Corrupt), message)
    })
}

/// Whether an entry can be part of a conversation: what tells only how runs went is none.
pub(crate) fn is_said(entry: &Entry) -> bool {
    let of_run = ["run.queued", "run.started", "run.waiting", "run.cancel_requested", "run.finished", "state.set"];
    kind(&entry.body).is_none_or(|kind| !of_run.contains(&kind) && kind != "notice" && kind != "message.abandoned")
}

/// What happened, as the entry names it. *Invariant:* an event is written with its envelope first, in which no other
/// field is of this name; inside of strings the quotes are escaped.
pub(crate) fn kind(body: &str) -> Option<&str> {
    body.split_once(NAME)?.1.split('"').next()
}

/// An entry without what was said in it: what is kept of it in a session that was cleared.
pub(crate) fn blank(entry: &Entry) -> Result<Entry> {
    let unreadable = |error: serde_json::Error| {
        Error::store(Some(Cause::Corrupt), format!("event {} cannot be read: {error}", entry.seq))
    };
    let event: Event = serde_json::from_str(&entry.body).map_err(unreadable)?;
    let event = Event { fact: event.fact.without_text(), ..event };
    let body = serde_json::to_string(&event).map_err(unreadable)?;
    Ok(Entry { seq: entry.seq, body })
}

/// Most bytes of one text that can be searched.
const SEARCHED: usize = 256 << 10;

/// What of an event can be searched: what was said to people or by them, and the title of the session.
pub(crate) fn text_of(event: &Event) -> Option<Text> {
    let said = |parts: &[Part], visibility: Visibility| {
        let texts: Vec<&str> =
            parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(&*text.text) } else { None }).collect();
        Some(texts.join("\n")).filter(|text| visibility.is_for_people() && !text.is_empty())
    };
    let (seq, mut text) = match &event.fact {
        Fact::SessionCreated(created) => (0, created.title.clone()?),
        Fact::SessionUpdated(updated) => (0, updated.title.clone()?.unwrap_or_default()),
        Fact::MessagePosted(posted) => (event.seq, said(&posted.message.parts, posted.message.visibility)?),
        Fact::MessageImported(imported) => (event.seq, said(&imported.message.parts, imported.message.visibility)?),
        Fact::MessageCompleted(completed) => (event.seq, said(&completed.parts, completed.visibility)?),
        _ => return None,
    };
    text.truncate(text.floor_char_boundary(SEARCHED));
    Some(Text { seq, text })
}

/// The same of an entry. One that cannot be read holds nothing.
pub(crate) fn told(entry: &Entry) -> Option<Text> {
    match kind(&entry.body) {
        Some("session.created" | "session.updated" | "message.posted" | "message.imported" | "message.completed") => {
            text_of(&decode(&SessionId::from_text(""), entry).ok()?)
        }
        _ => None,
    }
}

/// `None` where it is not of the form that this version writes.
fn whole<T: DeserializeOwned>(body: &str, fact: fn(T) -> Fact) -> Option<Event> {
    // The envelope ends where the kind begins: what comes after is read once only.
    let envelope = body.split_once(NAME).map_or(body, |(envelope, _)| envelope);
    let envelope = format!("{}}}", envelope.trim_end().trim_end_matches(','));
    let Envelope { v, seq, id, session, run, at, actor } = serde_json::from_str(&envelope).ok()?;
    Some(Event { v, seq, id, session, run, at, actor, fact: fact(serde_json::from_str(body).ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRIES: [(&str, bool); 7] = [
        (
            r#""type":"message.posted","message":{"id":"m","author":{"kind":"person","name":"a"},"parts":[{"kind":"text","text":"\"type\":\"run.queued\""}],"at":"2026-11-20T06:32:03.042Z"}"#,
            true,
        ),
        (
            r#""type":"message.completed","message_id":"m","agent":"default","parts":[{"kind":"tool_call","id":"c","name":"t","arguments":{"type":"notice"},"arguments_text":"{}"}],"finish":"tool_calls","usage":{"input_tokens":1,"output_tokens":2},"model":"a/b","round":1,"elapsed_ms":3"#,
            true,
        ),
        (
            r#""type":"tool.returned","call_id":"c","name":"t","status":"ok","output":{"type":"notice"},"elapsed_ms":1,"arguments":{"a":1},"message_id":"m""#,
            true,
        ),
        (r#""type":"message.posted","of":"a newer form""#, true),
        (r#""type":"notice","code":"a","message":"b""#, false),
        (r#""type":"message.abandoned","message_id":"m","reason":"x""#, false),
        (r#""type":"moon.landed","on":"moon""#, true),
    ];

    #[test]
    fn the_fast_way_reads_what_the_general_way_reads() {
        let session = SessionId::parse("s").unwrap();
        for (rest, said) in ENTRIES {
            let envelope = r#""v":1,"seq":7,"id":"e","session":"s","run":"r","at":"2026-11-20T06:32:03.042Z","actor":{"kind":"agent","name":"\"type\":\"x\""}"#;
            let entry = Entry { seq: 7, body: format!("{{{envelope},{rest}}}") };
            let general: Event = serde_json::from_str(&entry.body).unwrap();
            assert_eq!(decode(&session, &entry).unwrap(), general);
            assert_eq!(is_said(&entry), said, "{rest}");
            // As it is written again, its kind is found as well.
            let again = serde_json::to_string(&general).unwrap();
            assert_eq!(kind(&again), kind(&entry.body));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let entry = Entry { seq: 7, body: r#"{"type":"message.posted"}"#.to_owned() };
        let error = decode(&SessionId::parse("s").unwrap(), &entry).unwrap_err();
        assert!(error.message.starts_with("event 7 of session `s` cannot be read: missing field"), "{error}");
        assert_eq!(error.cause, Some(Cause::Corrupt));
    }
}
