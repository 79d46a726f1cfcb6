//! Requests and events as they stand on a tape.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::super::{Card, ModelError, ModelEvent, ModelPart, ModelRequest, PromptMessage, PromptPart};
use crate::domain::{Cause, Error, Finish, ModelChoice, Usage};

/// What a model was asked: an object of `model`, `system`, `tools`, `settings`, `form` and `messages`. Ids of calls differ
/// from run to run, so calls are numbered in the order in which they were made; an image is told by its hash.
pub(super) fn request(choice: &ModelChoice, request: &ModelRequest) -> Map<String, Value> {
    let mut calls = Calls::default();
    let messages: Vec<Value> = request.messages.iter().map(|message| said(message, &mut calls)).collect();
    let tools = request
        .tools
        .iter()
        .map(|tool| json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters}));
    let form = request.form.as_ref().map(|form| json!({"name": form.name, "schema": form.schema}));
    let fields = [
        ("model", json!(choice)),
        ("system", json!(request.system)),
        ("tools", tools.collect()),
        ("settings", json!(request.settings)),
        ("form", json!(form)),
        ("messages", json!(messages)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The numbers of calls.
#[derive(Default)]
struct Calls(HashMap<String, usize>);

impl Calls {
    fn name(&mut self, id: &str) -> String {
        let next = self.0.len() + 1;
        format!("call-{}", self.0.entry(id.to_owned()).or_insert(next))
    }
}

fn said(message: &PromptMessage, calls: &mut Calls) -> Value {
    let mut parts = |parts: &[PromptPart]| parts.iter().map(|part| told(part, calls)).collect::<Vec<_>>();
    match message {
        PromptMessage::User(said) => json!({"user": parts(said)}),
        PromptMessage::Assistant(said) => json!({"assistant": parts(said)}),
        PromptMessage::ToolReturns(returns) => {
            let returns = returns.iter().map(|returned| {
                json!({"id": calls.name(&returned.id), "name": returned.name, "text": returned.text, "failed": returned.failed})
            });
            json!({"returns": returns.collect::<Vec<_>>()})
        }
    }
}

fn told(part: &PromptPart, calls: &mut Calls) -> Value {
    match part {
        PromptPart::Text(text) => json!({ "text": text }),
        PromptPart::Image { media_type, bytes } => {
            let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            json!({"image": {"media_type": media_type, "bytes": bytes.len(), "sha256": digest}})
        }
        PromptPart::Reasoning(reasoning) => json!({ "reasoning": reasoning }),
        PromptPart::ToolCall { id, name, arguments } => {
            json!({"call": {"id": calls.name(id), "name": name, "arguments": arguments}})
        }
    }
}

/// One event of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told {
    /// It failed, and will be asked again.
    Retrying { attempt: u32, error: Box<Error>, delay_ms: u64 },
    /// A part begins.
    Text,
    /// A part begins.
    Reasoning,
    /// A part begins.
    Call(String),
    /// The part grows.
    Grew(String),
    /// The part ends.
    Closed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sealed: Option<String>,
    },
    /// All is said.
    Finished { finish: Finish, usage: Usage },
    /// It failed.
    Failed {
        cause: Cause,
        message: String,
        #[serde(default)]
        retryable: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
}

impl Told {
    /// What came, as it stands on a tape.
    pub(super) fn of(event: &Result<ModelEvent, ModelError>) -> Self {
        match event {
            Ok(ModelEvent::Retrying { attempt, error, delay_ms }) => {
                Self::Retrying { attempt: *attempt, error: Box::new(error.clone()), delay_ms: *delay_ms }
            }
            Ok(ModelEvent::PartOpened(ModelPart::Text)) => Self::Text,
            Ok(ModelEvent::PartOpened(ModelPart::Reasoning)) => Self::Reasoning,
            Ok(ModelEvent::PartOpened(ModelPart::ToolCall { name })) => Self::Call(name.clone()),
            Ok(ModelEvent::PartGrew(text)) => Self::Grew(text.clone()),
            Ok(ModelEvent::PartClosed { signature, sealed }) => {
                Self::Closed { signature: signature.clone(), sealed: sealed.clone() }
            }
            Ok(ModelEvent::Finished { finish, usage }) => Self::Finished { finish: *finish, usage: usage.clone() },
            Err(error) => Self::Failed {
                cause: error.cause,
                message: error.message.clone(),
                retryable: error.retryable,
                status: error.status,
                retry_after_ms: error.retry_after_ms,
            },
        }
    }

    /// What is told again.
    pub(super) fn again(self) -> Result<ModelEvent, ModelError> {
        Ok(match self {
            Self::Retrying { attempt, error, delay_ms } => ModelEvent::Retrying { attempt, error: *error, delay_ms },
            Self::Text => ModelEvent::PartOpened(ModelPart::Text),
            Self::Reasoning => ModelEvent::PartOpened(ModelPart::Reasoning),
            Self::Call(name) => ModelEvent::PartOpened(ModelPart::ToolCall { name }),
            Self::Grew(text) => ModelEvent::PartGrew(text),
            Self::Closed { signature, sealed } => ModelEvent::PartClosed { signature, sealed },
            Self::Finished { finish, usage } => ModelEvent::Finished { finish, usage },
            Self::Failed { cause, message, retryable, status, retry_after_ms } => {
                return Err(ModelError { cause, message, retryable, status, retry_after_ms });
            }
        })
    }

    /// Whether nothing comes after it.
    pub(super) fn is_last(&self) -> bool {
        matches!(self, Self::Finished { .. } | Self::Failed { .. })
    }
}

/// A line of a tape after the first: one call of a model.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// 1, 2, 3, …
    pub exchange: u64,
    /// What was known of the model; absent = as in the line before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
    /// Fields of the request that are as in the line before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same: Vec<String>,
    /// So many messages at its beginning are as in the line before.
    #[serde(default)]
    pub same_messages: usize,
    /// The other fields of the request, and the messages after those.
    pub request: Map<String, Value>,
    /// What came.
    pub events: Vec<Told>,
    /// Whether the answer came to its end.
    pub ended: bool,
}

/// A call of a model, whole.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub card: Card,
    pub request: Map<String, Value>,
    pub events: Vec<Told>,
    pub ended: bool,
}

fn messages(request: &Map<String, Value>) -> &[Value] {
    request.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

impl Line {
    /// A line without what the one before it says too.
    pub(super) fn of(exchange: u64, whole: Exchange, before: Option<&Exchange>) -> Self {
        let Exchange { card, mut request, events, ended } = whole;
        let card = (before.map(|before| &before.card) != Some(&card)).then_some(card);
        let (mut same, mut same_messages) = (Vec::new(), 0);
        if let Some(before) = before {
            let own = messages(&request).iter();
            same_messages = own.zip(messages(&before.request)).take_while(|(one, other)| one == other).count();
            same = request
                .iter()
                .filter(|(name, value)| *name != "messages" && before.request.get(*name) == Some(value))
                .map(|(name, _)| name.clone())
                .collect();
            request.retain(|name, _| !same.contains(name));
            if let Some(Value::Array(messages)) = request.get_mut("messages") {
                drop(messages.drain(..same_messages));
            }
        }
        Self { exchange, card, same, same_messages, request, events, ended }
    }

    /// The call with what the line before says. `None` where that does not say it.
    pub(super) fn whole(self, before: Option<&Exchange>) -> Option<Exchange> {
        let Self { card, same, same_messages, mut request, events, ended, .. } = self;
        let card = card.or_else(|| before.map(|before| before.card.clone()))?;
        for name in same {
            request.insert(name.clone(), before?.request.get(&name)?.clone());
        }
        if same_messages > 0 {
            let mut all = messages(&before?.request).get(..same_messages)?.to_vec();
            all.extend(messages(&request).iter().cloned());
            request.insert("messages".to_owned(), all.into());
        }
        Some(Exchange { card, request, events, ended })
    }
}
