//! From our words to Tarko's: what a session, a model and an agent are told as.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::request::Asked;
use super::wire::{Body, Content, ContentPart, FileBytes, ModelInfo, SessionInfo, TarkoEvent};
use crate::domain::{Attributes, ErrorCode, ModelChoice, Principal, Result, RunStatus, Session, SessionId, SessionStatus};
use crate::engine::{AgentItem, Engine, RunFilter, SessionItem};

/// What this door keeps about a session stands under this name.
const NAMESPACE: &str = "tarko";
/// In it, what clients said about the session.
const METADATA: &str = "metadata";

/// What clients said about a session and we have no place of our own for.
pub fn kept(session: &Session) -> Map<String, Value> {
    let kept = session.attributes.get(NAMESPACE).and_then(|kept| kept.get(METADATA)).and_then(Value::as_object);
    kept.cloned().unwrap_or_default()
}

/// The attributes that keep it.
pub fn keep(metadata: Map<String, Value>) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert(NAMESPACE.to_owned(), json!({ METADATA: metadata }));
    attributes
}

/// What sessions are told with: the model that each agent would ask.
pub struct Telling(BTreeMap<String, AgentItem>);

impl Telling {
    /// As it is now.
    pub async fn now(asked: &Asked) -> Result<Self> {
        Ok(Self(asked.engine().agents(&asked.caller).await?))
    }

    /// A session.
    pub fn info(&self, session: &Session) -> SessionInfo {
        let mut kept = kept(session);
        let mut metadata = Map::new();
        let created = session.created_at.as_millis();
        let agent = kept.shift_remove("agentInfo");
        metadata.insert(
            "agentInfo".to_owned(),
            agent.unwrap_or_else(|| json!({ "name": session.agent, "configuredAt": created })),
        );
        let said = kept.shift_remove("modelConfig");
        if let Some(model) = self.model(session) {
            let said = said.filter(|said| super::from_wire::model(said).as_ref() == Some(&model));
            metadata.insert("modelConfig".to_owned(), said.unwrap_or_else(|| json!(model_info(&model))));
        }
        metadata.extend(kept);
        if let Some(title) = &session.title {
            metadata.insert("name".to_owned(), json!(title));
        }
        let tags: Vec<_> = session.labels.tags().collect();
        if !tags.is_empty() {
            metadata.insert("tags".to_owned(), json!(tags));
        }
        SessionInfo {
            id: session.id.to_string(),
            created_at: created,
            updated_at: session.updated_at.as_millis(),
            workspace: session.workspace.clone().unwrap_or_default(),
            metadata,
            active: None,
        }
    }

    fn model(&self, session: &Session) -> Option<ModelChoice> {
        session.model.clone().or_else(|| Some(self.0.get(&session.agent)?.model.clone()))
    }
}

/// A model. Its id is also its name: nobody gave it another.
pub fn model_info(model: &ModelChoice) -> ModelInfo {
    ModelInfo { id: model.id.clone(), provider: model.provider.clone(), display_name: model.id.clone() }
}

/// Whether pieces of a call's arguments are told: as clients said of the session, or else its agent says.
pub async fn tells_calls(engine: &dyn Engine, caller: &Principal, kept: &Map<String, Value>, agent: &str) -> bool {
    // An agent that is not there any more says nothing.
    let of_agent = engine.agent(caller, agent).await.ok();
    let of_agent = of_agent.as_ref().and_then(|item| item.agent.attributes.get(NAMESPACE));
    let all = [kept.get("agentOptions"), kept.get("runtimeSettings"), of_agent];
    let said = all.into_iter().flatten().find_map(|all| all.get("enableStreamingToolCallEvents")?.as_bool());
    said.unwrap_or(false)
}

/// Whether a session can be gone on with as it is; else `restore` makes it so.
pub fn is_active(item: &SessionItem) -> bool {
    !matches!(item.status, SessionStatus::Interrupted | SessionStatus::Expired)
}

/// What a session does, in a word: `executing`, or how its last run ended.
pub async fn state(engine: &dyn Engine, caller: &Principal, item: &SessionItem) -> Result<&'static str> {
    Ok(match item.status {
        SessionStatus::Running | SessionStatus::Waiting => "executing",
        SessionStatus::Interrupted | SessionStatus::Expired => "error",
        SessionStatus::Idle => {
            let runs = engine.runs(caller, &RunFilter::newest(Some(&item.summary.session.id), &[], 1)).await?.runs;
            match runs.first().map(|run| run.status) {
                Some(RunStatus::Cancelled) => "aborted",
                Some(RunStatus::Failed) => "error",
                _ => "idle",
            }
        }
    })
}

/// Puts the bytes of files into events that only name them; those that are not there any more stay named.
///
/// # Errors
/// As [`Engine::blob`].
pub async fn with_bytes(engine: &dyn Engine, caller: &Principal, session: &SessionId, event: &mut TarkoEvent) -> Result<()> {
    let (Body::UserMessage(super::wire::UserMessage { content: Content::Parts(parts) })
    | Body::EnvironmentInput(super::wire::EnvironmentInput { content: Content::Parts(parts), .. })) = &mut event.body
    else {
        return Ok(());
    };
    for part in parts {
        let bytes = match part {
            ContentPart::Text { .. } => continue,
            ContentPart::ImageUrl { image_url } => &mut image_url.url,
            ContentPart::File { file } => &mut file.file_data,
        };
        if let FileBytes::Blob(blob, media_type) = bytes {
            let content = match engine.blob(caller, session, blob).await {
                Err(error) if error.code == ErrorCode::NotFound => continue,
                content => content?,
            };
            *bytes = FileBytes::Url(format!("data:{media_type};base64,{}", STANDARD.encode(content)));
        }
    }
    Ok(())
}
