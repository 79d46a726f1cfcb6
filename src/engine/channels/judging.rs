//! Whether an agent answers at all: one short call of a model before its own, which decides by one word.

use futures_util::stream::StreamExt as _;

use crate::domain::{Cause, Error, Fact, Finish, Item, ModelChoice, Notice, Usage};
use crate::engine::drive::Driver;
use crate::engine::ledger::Refused;
use crate::engine::spans;
use crate::models::{ModelEvent, ModelPart, PromptMessage, PromptPart};

/// Longest word of a judge, in tokens: some think before.
const TOKENS: u64 = 512;
/// What is told of it, in characters.
const WORD: usize = 200;

/// How a run ended before its model was asked.
pub(in crate::engine) enum Judged {
    /// The agent has nothing to say.
    Silent,
    /// It was stopped.
    Stopped,
    /// The judge failed.
    Failed(Error),
}

impl Driver {
    /// Has it judged whether the agent answers, where its rule says so; `None` = it answers.
    pub(in crate::engine) async fn judged(&mut self) -> Result<Option<Judged>, Refused> {
        let is_judged = self.work.taking_part.as_ref().is_some_and(|taking_part| taking_part.judged);
        let run = &self.work.run;
        let has_said = |item: &Item| matches!(item, Item::Answered { run: Some(of), .. } if of == run);
        // A run that is taken up after its first word was judged before.
        if !is_judged || self.work.rounds > 0 || self.work.transcript.items.iter().any(has_said) {
            return Ok(None);
        }
        self.settle().await?;
        match self.judge().await {
            Ok(None) => Ok(Some(Judged::Stopped)),
            Ok(Some(word)) if is_no(&word) => Ok(Some(Judged::Silent)),
            Ok(Some(_)) => Ok(None),
            Err(error) => Ok(Some(Judged::Failed(error))),
        }
    }

    /// What the judge says; `None` = the run was stopped.
    async fn judge(&mut self) -> Result<Option<String>, Error> {
        let mut request = self.prepare().await?.request(&self.asking);
        let name = &self.work.agent.name;
        let (choice, model) = match &self.work.agent.judge {
            Some(choice) => (choice.clone(), self.core.models.get_of(choice, &self.own_providers)?.0),
            None => (self.asking.choice.clone(), self.asking.model.clone()),
        };
        request.model.clone_from(&choice.id);
        request.system = format!(
            "You decide whether {name} answers the last message of a conversation of several. {name} is told this about \
             itself:\n\n{}",
            request.system
        );
        request.messages.push(PromptMessage::User(vec![PromptPart::Text(format!(
            "Should {name} answer the last message? Answer with one word: RESPOND when it is meant for {name}, or {name} can \
             add what nobody else does; IGNORE when it is not; STOP when {name} was asked to be quiet."
        ))]));
        request.tools.clear();
        request.form = None;
        request.settings.max_tokens = Some(TOKENS);
        let span = spans::of_model(&choice);
        let asked_at = self.core.clock.now();
        let mut stream = model.ask(request).await;
        let (mut text, mut is_text) = (String::new(), false);
        loop {
            let event = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(None),
                event = stream.next() => event,
            };
            match event {
                None => return Err(Error::model(Cause::Cut, "the model's answer ended in its middle")),
                Some(event) => match event? {
                    ModelEvent::PartOpened(part) => is_text = part == ModelPart::Text,
                    ModelEvent::PartGrew(piece) if is_text => text.push_str(&piece),
                    ModelEvent::Finished { finish, mut usage } => {
                        spans::heard(&span, finish, &usage, None);
                        usage.cost_usd = self.core.models.card(&choice).cost(&usage);
                        let elapsed_ms = self.core.clock.now().millis_since(asked_at);
                        self.count(&choice, &text, usage, elapsed_ms);
                        return Ok(Some(text).filter(|_| finish != Finish::Cancelled));
                    }
                    ModelEvent::Retrying { .. } | ModelEvent::PartGrew(_) | ModelEvent::PartClosed { .. } => {}
                },
            }
        }
    }

    /// Counts what it used, and tells of it with the next append.
    fn count(&mut self, judge: &ModelChoice, word: &str, usage: Usage, elapsed_ms: u64) {
        self.work.usage.add(&usage);
        let answers = if is_no(word) { "does not answer" } else { "answers" };
        let message = format!("{judge} judged that {} {answers}", self.work.agent.name);
        let word: String = word.trim().chars().take(WORD).collect();
        let details = serde_json::json!({ "model": judge, "word": word, "elapsed_ms": elapsed_ms, "usage": usage });
        self.owe(vec![Fact::Notice(Notice { code: Notice::JUDGED.to_owned(), message, details })]);
    }
}

/// Whether a judge's word says that the agent does not answer. What is no clear no is a yes: to be silent by mistake is worse.
fn is_no(word: &str) -> bool {
    let mut words = word.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("ignore") || word.eq_ignore_ascii_case("stop"))
}

#[cfg(test)]
mod tests {
    use super::is_no;

    #[test]
    fn only_a_clear_no_is_a_no() {
        for no in ["IGNORE", "ignore.", "**STOP**", " Stop, it was asked to."] {
            assert!(is_no(no), "{no}");
        }
        for yes in ["", "RESPOND", "I would not ignore it", "unstoppable"] {
            assert!(!is_no(yes), "{yes}");
        }
    }
}
