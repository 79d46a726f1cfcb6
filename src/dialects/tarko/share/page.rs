//! The page of a shared session: the web interface's, told to replay.

use serde_json::{Map, Value, json};

use crate::dialects::tarko::encoder::encode;
use crate::dialects::tarko::page;
use crate::dialects::tarko::wire::{Body, Content, ContentPart, EnvironmentInput, TarkoEvent, UserMessage};
use crate::domain::{AuthorKind, Event, Fact, Frame, Part};
use crate::engine::SharedSession;

/// A page that shows nothing was seen by some browsers until its size changed.
const AWAKE: &str = "<script>\nsetTimeout(function () {\n  var root = document.getElementById('root');\n  \
                     if (!root || !root.children.length) window.dispatchEvent(new Event('resize'));\n}, 1000);\n</script>\n";

/// The web interface's page, with everything that it replays.
pub fn web_page(index: &str, config: &Value, shared: &SharedSession) -> String {
    let values = [
        ("AGENT_REPLAY_MODE", Value::Bool(true)),
        ("AGENT_SESSION_DATA", session(shared)),
        ("AGENT_EVENT_STREAM", events(shared)),
        ("AGENT_VERSION_INFO", json!({ "version": env!("CARGO_PKG_VERSION") })),
        ("AGENT_WEB_UI_CONFIG", page::config(config)),
    ];
    page::before_head_ends(&page::told(index, &values), AWAKE)
}

/// What somebody said first.
pub fn first_question(shared: &SharedSession) -> Option<String> {
    facts(shared).find_map(|event| match &event.fact {
        Fact::MessagePosted(posted) if posted.message.author.kind == AuthorKind::Person => Some(posted.message.text()),
        Fact::MessageImported(imported) if imported.message.author.kind == AuthorKind::Person => {
            Some(imported.message.text())
        }
        _ => None,
    })
}

/// The session in the words of the API, with nothing that stays at home.
fn session(shared: &SharedSession) -> Value {
    let head = &shared.session;
    let mut metadata = Map::new();
    let info = json!({ "name": head.agent, "configuredAt": head.created_at.as_millis() });
    metadata.insert("agentInfo".into(), info);
    if let Some(model) = &head.model {
        let config = json!({ "provider": model.provider, "id": model.id, "displayName": model.id });
        metadata.insert("modelConfig".into(), config);
    }
    if let Some(title) = &head.title {
        metadata.insert("name".into(), title.clone().into());
    }
    let tags: Vec<&str> = head.labels.tags().collect();
    if !tags.is_empty() {
        metadata.insert("tags".into(), json!(tags));
    }
    json!({
        "id": head.id, "createdAt": head.created_at.as_millis(), "updatedAt": head.updated_at.as_millis(),
        "workspace": "", "metadata": metadata,
    })
}

/// The events in the words of the API; without cursors, which lead nowhere on a page.
fn events(shared: &SharedSession) -> Value {
    let mut told = Vec::new();
    let mut input: Option<Vec<Part>> = None;
    for event in facts(shared) {
        if let Fact::MessagePosted(posted) = &event.fact
            && posted.message.author.kind == AuthorKind::Person
        {
            input = Some(posted.message.parts.clone());
        }
        for event in encode(&Frame::Fact(std::sync::Arc::new(event)), 1) {
            let Ok(mut event) = serde_json::to_value(without_files(event)) else { continue };
            if let Some(fields) = event.as_object_mut() {
                fields.shift_remove("cursor");
            }
            if event["type"] == "agent_run_start"
                && let Some(parts) = input.take()
            {
                event["runOptions"]["input"] = Part::texts(&parts).into();
            }
            told.push(event);
        }
    }
    Value::Array(told)
}

/// Files stay at home: nobody can look for a secret in them. A page that named them would look for them in vain.
fn without_files(mut event: TarkoEvent) -> TarkoEvent {
    if let Body::UserMessage(UserMessage { content: Content::Parts(parts) })
    | Body::EnvironmentInput(EnvironmentInput { content: Content::Parts(parts), .. }) = &mut event.body
    {
        for part in parts {
            let left_out = match part {
                ContentPart::Text { .. } => continue,
                ContentPart::ImageUrl { .. } => "[a picture, which is not on this page]".to_owned(),
                ContentPart::File { file } => {
                    format!("[the file {}, which is not on this page]", file.filename.as_deref().unwrap_or("without a name"))
                }
            };
            *part = ContentPart::Text { text: left_out };
        }
    }
    event
}

/// The facts of a shared session. A shared fact may lack what is nobody's business; the encoder does not need it.
fn facts(shared: &SharedSession) -> impl Iterator<Item = Event> {
    shared.events.iter().filter_map(|event| {
        let mut whole = json!({
            "v": 1, "seq": 0, "id": "", "session": shared.session.id, "at": shared.session.created_at,
            "actor": { "kind": "house", "name": "" },
        });
        let fields = whole.as_object_mut()?;
        match event["type"].as_str()? {
            "run.started" => fields.extend([("process".to_owned(), "".into()), ("base_seq".to_owned(), 0.into())]),
            "tool.called" => fields.extend([("place".to_owned(), "here".into()), ("effect".to_owned(), "none".into())]),
            _ => {}
        }
        fields.extend(event.as_object()?.clone());
        let read: Event = serde_json::from_value(whole).ok()?;
        (!matches!(read.fact, Fact::Unknown(_))).then_some(read)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::tarko::wire::{FileBytes, ImageUrl, NamedFile};
    use crate::domain::BlobId;

    #[test]
    fn files_are_told_and_not_shown() {
        let blob = || FileBytes::Blob(BlobId::of(b"bytes"), "image/png".to_owned());
        let parts = vec![
            ContentPart::Text { text: "Look:".to_owned() },
            ContentPart::ImageUrl { image_url: ImageUrl { url: blob() } },
            ContentPart::File { file: NamedFile { filename: Some("a.pdf".to_owned()), file_data: blob() } },
        ];
        let body = Body::UserMessage(UserMessage { content: Content::Parts(parts) });
        let event = TarkoEvent { id: None, kind: "user_message", timestamp: 1, body, cursor: None };
        let told = serde_json::to_value(without_files(event)).unwrap();
        assert_eq!(
            told["content"],
            json!([
                { "type": "text", "text": "Look:" },
                { "type": "text", "text": "[a picture, which is not on this page]" },
                { "type": "text", "text": "[the file a.pdf, which is not on this page]" },
            ])
        );
    }
}
