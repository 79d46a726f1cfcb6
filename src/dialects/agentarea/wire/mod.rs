//! The words of this API as serde types, a file a subject. Bodies of requests are read key by key, so that faults are told
//! by their places; their types describe them.

mod agents;
mod auth;
mod channels;
mod chat;
mod files;
mod greeting;
mod refusal;
mod servers;
mod tasks;

pub use agents::{AgentAnswer, AgentChange, AgentList, NewAgent};
pub use auth::{Login, LoginAnswer, Success, UserAnswer};
pub use channels::{SocketUser, Told};
pub use chat::{ChatAnswer, ChatEvent, ChatMessage, History, Metadata, NewMessage};
pub use files::{FileAnswer, FileList, NewFile};
pub use greeting::{Greeting, HealthAnswer};
pub use refusal::{Refusal, RefusalBody};
pub use servers::{LogLine, Logs, NewServer, ServerAnswer, ServerChange, ServerDone, ServerList};
pub use tasks::{CancelledTask, NewTask, Progress, TaskAnswer, TaskError, TaskList, TaskResult};
