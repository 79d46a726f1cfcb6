//! One answer of a model outside of any session: a title, a name. Nothing of it is kept.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::house::Core;
use crate::domain::{Error, ErrorCode, ModelChoice, Result};

/// What is wanted of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Completion {
    /// The model; absent = the settings' choice.
    pub model: Option<ModelChoice>,
    /// What the model is told about its task.
    pub instructions: String,
    /// What it is asked.
    pub prompt: String,
    /// Longest answer, in tokens.
    pub max_tokens: Option<u32>,
    /// Whether the answer must be one JSON object.
    pub json: bool,
}

/// What a model answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completed {
    /// Its text.
    pub text: String,
    /// The model that answered.
    pub model: ModelChoice,
}

pub(crate) async fn complete(_core: &Arc<Core>, _completion: Completion) -> Result<Completed> {
    Err(Error::new(ErrorCode::NotSupported, "not yet"))
}
