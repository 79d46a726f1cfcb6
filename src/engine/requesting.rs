//! What the model is asked in a run: the instructions, the conversation, the tools, and how it is set.

use super::context::{self, Window};
use super::drive::Driver;
use crate::domain::Error;
use crate::models::ModelRequest;

/// Tokens kept free for an answer, where neither the agent nor the catalogue says how long it may be.
const ANSWER_TOKENS: u64 = 8_192;

impl Driver {
    /// What the model is asked.
    pub(super) async fn request(&mut self) -> Result<ModelRequest, Error> {
        let mut system = vec![self.work.agent.instructions.trim().to_owned()];
        system.extend(self.work.pins.instructions.iter().map(|text| text.trim().to_owned()));
        system.retain(|text| !text.is_empty());
        let system = system.join("\n\n");
        let mut tools = self.calls.specs.clone();
        tools.retain(|spec| !self.caller_tools.contains(&spec.name));
        tools.extend(self.work.pins.caller_tools.iter().cloned());
        if !self.card.tools {
            tools.clear();
        }
        let settings = self.work.pins.settings.over(&self.work.agent.settings);
        let answer_tokens = settings.max_tokens.or(self.card.answer_tokens).unwrap_or(ANSWER_TOKENS);
        let window = Window {
            agent: &self.work.agent.name,
            model: &self.work.model,
            context_tokens: self.card.context_tokens,
            answer_tokens: answer_tokens.min(self.card.context_tokens / 2),
            images: self.card.images,
        };
        let mut files = context::Files::new();
        for blob in context::blobs(&self.work.transcript) {
            if let Some(bytes) = self.core.store.blob(&self.ledger.id, &blob).await? {
                files.insert(blob, bytes.into());
            }
        }
        let fixed = context::fixed_bytes(&system, &tools);
        let messages = context::messages(self.work.transcript.clone(), &window, &files, fixed);
        Ok(ModelRequest { model: self.work.model.id.clone(), system, messages, tools, settings })
    }
}
