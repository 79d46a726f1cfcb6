//! The steps of a procedure, as a run carries them out: each begins and ends with a fact of its own.

use super::drive::Driver;
use super::ledger::Refused;
use crate::domain::{
    Attributes, Author, AuthorKind, Fact, Message, MessageId, MessagePosted, Part, StepFinished, StepStarted, Visibility,
};

impl Driver {
    /// Begins a step.
    pub(super) async fn begin_step(&mut self, step: usize) -> Result<(), Refused> {
        let facts = vec![self.step_started(step)];
        self.step(facts).await
    }

    /// Ends a step.
    pub(super) async fn end_step(&mut self, step: usize) -> Result<(), Refused> {
        let facts = vec![self.step_finished(step)];
        self.step(facts).await
    }

    /// Says something to the model that no person said: a whole step in one append.
    pub(super) async fn say(&mut self, step: usize, text: String) -> Result<(), Refused> {
        let message = Message {
            id: MessageId::new(&*self.core.clock),
            author: Author { kind: AuthorKind::Environment, name: self.work.agent.name.clone() },
            parts: vec![Part::text(text)],
            at: self.core.clock.now(),
            thread: None,
            visibility: Visibility::All,
            attributes: Attributes::new(),
        };
        let posted = Fact::MessagePosted(MessagePosted { message });
        let facts = vec![self.step_started(step), posted, self.step_finished(step)];
        self.step(facts).await
    }

    async fn step(&mut self, facts: Vec<Fact>) -> Result<(), Refused> {
        self.settle().await?;
        for fact in &facts {
            self.work.transcript.add(Some(&self.work.run), fact, true);
        }
        self.append(facts).await
    }

    fn step_started(&self, step: usize) -> Fact {
        Fact::StepStarted(StepStarted { step: number(step), kind: self.kind(step) })
    }

    fn step_finished(&self, step: usize) -> Fact {
        Fact::StepFinished(StepFinished { step: number(step), kind: self.kind(step) })
    }

    fn kind(&self, step: usize) -> String {
        self.work.agent.procedure.steps().get(step).map_or("", |step| step.kind()).to_owned()
    }
}

fn number(step: usize) -> u32 {
    u32::try_from(step).unwrap_or(u32::MAX)
}
