//! The words of this API as serde types, a file a subject.

mod auth;
mod refusal;
mod service;

pub use auth::{Login, LoginAnswer, Success, UserAnswer};
pub use refusal::{Refusal, RefusalBody};
pub use service::{Greeting, HealthAnswer};
