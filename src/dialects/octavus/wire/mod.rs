//! The words of this API as serde types, a file a subject. What is optional is left out where it is absent, and never
//! `null`: the SDK drops an event or an answer for that.

mod agents;
mod files;
mod refusal;
mod tokens;

pub use agents::{AgentAnswer, AgentChange, AgentChanged, AgentList, AgentRow, Finding, SettingsChange, Validation};
pub use files::{UploadFile, UploadTarget, UploadTargets, UploadUrls};
pub use refusal::Refusal;
pub use tokens::{Mint, Minted, Revoke, Revoked};
