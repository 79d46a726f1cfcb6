//! What the model is asked in a run: the instructions, the conversation, the tools, and how it is set.

use super::context::{self, Window};
use super::drive::Driver;
use super::forms;
use crate::domain::Error;
use crate::models::ModelRequest;

/// Tokens kept free for an answer, where neither the agent nor the catalogue says how long it may be.
const ANSWER_TOKENS: u64 = 8_192;

impl Driver {
    /// What the model is asked.
    pub(super) async fn request(&mut self) -> Result<ModelRequest, Error> {
        let opened = self.thread().and_then(|thread| self.work.course.threads.get(thread));
        let instructions = match opened {
            Some(opened) => opened.instructions.clone(),
            None => self.work.course.fill(&self.work.agent.instructions),
        };
        let mut system = vec![instructions.trim().to_owned()];
        system.extend(self.work.pins.instructions.iter().map(|text| text.trim().to_owned()));
        system.retain(|text| !text.is_empty());
        let mut system = system.join("\n\n");
        let mut tools = self.told_tools();
        if !self.asking.card.tools {
            tools.clear();
        }
        let settings = match opened {
            Some(opened) => opened.settings.clone(),
            None => self.work.course.settings(&self.work.agent.from_state, &self.work.agent.settings)?,
        };
        let settings = self.work.pins.settings.over(&settings);
        let form = self.form().cloned();
        if let Some(form) = &form {
            // Not every wire knows forms, and not every model keeps to one that it is not told of.
            let words = "Answer with one JSON value that fits this JSON Schema, and with nothing else:";
            system = format!("{system}\n\n{words}\n{}", form.schema).trim_start().to_owned();
        }
        let answer_tokens = settings.max_tokens.or(self.asking.card.answer_tokens).unwrap_or(ANSWER_TOKENS);
        let window = Window {
            agent: &self.work.agent.name,
            model: &self.asking.choice,
            context_tokens: self.asking.card.context_tokens,
            answer_tokens: answer_tokens.min(self.asking.card.context_tokens / 2),
            images: self.asking.card.images,
        };
        let mut files = context::Files::new();
        let transcript = self.work.transcript.thread(self.thread()).without(&self.ledger.gone());
        for blob in context::blobs(&transcript) {
            if let Some(bytes) = self.core.store.blob(&self.ledger.id, &blob).await? {
                files.insert(blob, bytes.into());
            }
        }
        let fixed = context::fixed_bytes(&system, &tools);
        let messages = context::messages(transcript, &window, &files, fixed);
        let form = form.filter(|form| self.step_number().is_some() || forms::is_native(form));
        Ok(ModelRequest { model: self.asking.choice.id.clone(), system, messages, tools, settings, form })
    }
}
