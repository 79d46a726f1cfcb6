//! What the model is asked in a run: the instructions, the conversation, the tools, and how it is set.

use super::compacting::Room;
use super::context::{self, Window};
use super::drive::{Asking, Driver};
use super::forms;
use crate::domain::{AnswerForm, Error, ModelSettings, ToolSpec, Transcript};
use crate::models::ModelRequest;

/// Tokens kept free for an answer, where neither the agent nor the catalogue says how long it may be.
const ANSWER_TOKENS: u64 = 8_192;

/// What the model is asked, before it is known how much of it fits.
pub(super) struct Prepared {
    pub(super) system: String,
    pub(super) tools: Vec<ToolSpec>,
    pub(super) settings: ModelSettings,
    pub(super) form: Option<AnswerForm>,
    pub(super) files: context::Files,
    /// What was said in the thread.
    pub(super) transcript: Transcript,
    pub(super) agent: String,
    /// Whether only the newest turn is shown.
    pub(super) newest_only: bool,
}

impl Prepared {
    /// What the model can be shown.
    pub(super) fn window<'a>(&'a self, asking: &'a Asking) -> Window<'a> {
        let answer_tokens = self.settings.max_tokens.or(asking.card.answer_tokens).unwrap_or(ANSWER_TOKENS);
        Window {
            agent: &self.agent,
            model: &asking.choice,
            context_tokens: asking.card.context_tokens,
            answer_tokens: answer_tokens.min(asking.card.context_tokens / 2),
            images: asking.card.images,
            newest_only: self.newest_only,
        }
    }

    /// Bytes that are shown whatever was said.
    pub(super) fn fixed(&self) -> usize {
        context::fixed_bytes(&self.system, &self.tools)
    }

    /// The request, with the newest turns that fit.
    pub(super) fn request(mut self, asking: &Asking) -> ModelRequest {
        let transcript = std::mem::take(&mut self.transcript);
        let messages = context::messages(transcript, &self.window(asking), &self.files, self.fixed());
        let Self { system, tools, settings, form, .. } = self;
        ModelRequest { model: asking.choice.id.clone(), system, messages, tools, settings, form }
    }
}

impl Driver {
    /// What the model is asked.
    pub(super) async fn prepare(&mut self) -> Result<Prepared, Error> {
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
        let mut files = context::Files::new();
        let transcript = self.work.transcript.thread(self.thread()).without(&self.ledger.gone());
        for blob in context::blobs(&transcript) {
            if let Some(bytes) = self.core.store.blob(&self.ledger.id, &blob).await? {
                files.insert(blob, bytes.into());
            }
        }
        let agent = self.work.agent.name.clone();
        // A form of a step is told to every provider; one of the caller's only to those that take any.
        let form = form.filter(|form| self.step_number().is_some() || forms::is_native(form));
        Ok(Prepared { system, tools, settings, form, files, transcript, agent, newest_only: self.room == Room::Left })
    }
}
