//! Facts about steps of procedures. The ordinary procedure has none: its single step begins and ends with its run.

use serde::{Deserialize, Serialize};

/// A step begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStarted {
    /// Which one, from 0.
    pub step: u32,
    /// What it does: `ask` or `say`.
    pub kind: String,
}

/// A step has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFinished {
    /// Which one, from 0.
    pub step: u32,
    /// What it does: `ask` or `say`.
    pub kind: String,
}
