//! Sessions of several of another house.

use async_trait::async_trait;

use super::wire::{Nothing, Redact, Seats};
use super::{Remote, SOON, WORKS};
use crate::domain::{MessageId, Participant, Principal, Result, Session, SessionId};
use crate::engine::Channels;

#[async_trait]
impl Channels for Remote {
    async fn join(&self, _: &Principal, session: &SessionId, who: Vec<Participant>) -> Result<Session> {
        self.line.call("join", &Seats { session: session.clone(), participants: who }, SOON).await
    }

    async fn leave(&self, _: &Principal, session: &SessionId, who: Vec<Participant>) -> Result<Session> {
        self.line.call("leave", &Seats { session: session.clone(), participants: who }, SOON).await
    }

    async fn seat(&self, _: &Principal, session: &SessionId, all: Vec<Participant>) -> Result<Session> {
        self.line.call("seat", &Seats { session: session.clone(), participants: all }, SOON).await
    }

    async fn redact(&self, _: &Principal, session: &SessionId, message: &MessageId) -> Result<()> {
        let redact = Redact { session: session.clone(), message: message.clone() };
        let Nothing {} = self.line.call("redact", &redact, WORKS).await?;
        Ok(())
    }
}
