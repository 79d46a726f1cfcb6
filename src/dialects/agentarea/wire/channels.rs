//! The messages of the socket: what is told, one JSON object a frame.

use serde::Serialize;

use super::{RefusalBody, TaskResult};

/// Who has proven who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SocketUser {
    /// The id.
    pub id: String,
    /// The name.
    pub username: String,
    /// The address, where there is one.
    pub email: Option<String>,
}

/// A message to a client.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type")]
pub enum Told<'a> {
    /// The token is good.
    #[serde(rename = "auth.success")]
    Known {
        /// Whose it is.
        user: SocketUser,
        /// When it ends; `null` = not by itself.
        expires_at: Option<String>,
    },
    /// What happens in a channel is told from now on.
    #[serde(rename = "subscribed")]
    Subscribed {
        /// Which.
        channel: &'a str,
    },
    /// It is not told any more.
    #[serde(rename = "unsubscribed")]
    Unsubscribed {
        /// Which.
        channel: &'a str,
    },
    /// A sign of life.
    #[serde(rename = "pong")]
    Pong,
    /// Something went wrong.
    #[serde(rename = "error")]
    Error {
        /// What.
        error: RefusalBody,
        /// The channel that it ends, where it is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<&'a str>,
    },
    /// A task has changed its status.
    #[serde(rename = "task.status")]
    TaskStatus {
        /// Which.
        task_id: String,
        /// `pending`, `running`, `completed`, `failed` or `cancelled`.
        status: &'static str,
        /// What came of it, once it is completed.
        result: Option<TaskResult>,
        /// Why it failed.
        error: Option<RefusalBody>,
        /// Where it is told.
        channel: &'a str,
        /// When it happened.
        timestamp: String,
    },
    /// An agent has said something.
    #[serde(rename = "agent.message")]
    AgentMessage {
        /// Which agent.
        agent_id: &'a str,
        /// Where.
        session_id: String,
        /// The id of the message.
        message_id: String,
        /// Its whole text.
        message: String,
        /// Where it is told.
        channel: &'a str,
        /// When it happened.
        timestamp: String,
    },
    /// Something happened to the service.
    #[serde(rename = "system.notification")]
    Notification {
        /// `info`, `warning` or `error`.
        level: &'static str,
        /// What.
        message: String,
        /// When.
        timestamp: String,
    },
}

impl Told<'_> {
    /// As text.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| {
            tracing::error!(%error, "a message cannot be written as JSON");
            r#"{"type":"error","error":{"code":"INTERNAL_ERROR","message":"a message cannot be written","details":{},"request_id":"req-"}}"#
                .to_owned()
        })
    }
}
