//! What agents of another house are shown.

use async_trait::async_trait;

use super::wire::{Amend, ForgetIn, Forgotten, MemoriesOf, Nothing};
use super::{Remote, SOON, WORKS};
use crate::domain::{MessageId, Principal, Result, SessionId};
use crate::engine::{Forget, Memories, MemoryPage};

#[async_trait]
impl Memories for Remote {
    async fn memories(
        &self,
        _: &Principal,
        agent: &str,
        session: Option<&SessionId>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<MemoryPage> {
        let (agent, before) = (agent.to_owned(), before.map(str::to_owned));
        self.line.call("memories", &MemoriesOf { agent, session: session.cloned(), before, limit }, SOON).await
    }

    async fn amend(&self, _: &Principal, agent: &str, session: &SessionId, message: &MessageId, text: &str) -> Result<()> {
        let (agent, text) = (agent.to_owned(), text.to_owned());
        let amend = Amend { agent, session: session.clone(), message: message.clone(), text };
        let Nothing {} = self.line.call("amend", &amend, WORKS).await?;
        Ok(())
    }

    async fn forget(&self, _: &Principal, agent: &str, what: Forget) -> Result<u64> {
        let forget = ForgetIn { agent: agent.to_owned(), what };
        let Forgotten { messages } = self.line.call("forget", &forget, WORKS).await?;
        Ok(messages)
    }
}
