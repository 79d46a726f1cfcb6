//! The words of this API as serde types, a file a subject.

mod auth;
mod channels;
mod files;
mod refusal;
mod service;

pub use auth::{Login, LoginAnswer, Success, UserAnswer};
pub use channels::{SocketUser, Told};
pub use files::{FileAnswer, FileList, NewFile};
pub use refusal::{Refusal, RefusalBody};
pub use service::{Greeting, HealthAnswer};
