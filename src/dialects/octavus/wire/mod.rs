//! The words of this API as serde types, a file a subject. What is optional is left out where it is absent, and never
//! `null`: the SDK drops an event or an answer for that.

mod refusal;

pub use refusal::Refusal;
