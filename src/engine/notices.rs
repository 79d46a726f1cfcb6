//! What changes in the house, told live to whoever shows lists. Nothing of it is kept: who comes late asks for the list.
//!
//! Changes of sessions are gathered for a moment, so that a busy session is told of once, and only while somebody
//! listens.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::desk::OpenQuestion;
use super::watching::Watchers;
use crate::domain::{AgentId, CallId, SessionId, ToolServerState};

/// Notices that wait for one listener; one that is slower gets [`HouseNotice::Missed`].
const WAITING: usize = 256;
/// How long changes of sessions are gathered.
const GATHER: Duration = Duration::from_millis(50);
/// Sessions that are told of one by one; when more have changed, lists are to be read again.
const GATHERED: usize = 64;

/// Sessions whose last fact is remembered; when there are more, one may be told of twice.
const KNOWN: usize = 4_096;

/// What was done with an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentChange {
    /// It was made.
    Created,
    /// Its definition was changed.
    Changed,
    /// It was removed.
    Removed,
}

/// Something changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum HouseNotice {
    /// A session was made, changed, asked, has ended a run, or was deleted.
    #[serde(rename = "session.changed")]
    SessionChanged {
        /// Which.
        session: SessionId,
    },
    /// An agent of the store was made, changed or removed.
    #[serde(rename = "agent.changed")]
    AgentChanged {
        /// Its name.
        agent: String,
        /// Its id.
        id: AgentId,
        /// What was done.
        change: AgentChange,
    },
    /// Another process changed something, or very much has changed: lists are to be read again.
    #[serde(rename = "store.changed")]
    StoreChanged,
    /// Somebody must say whether a tool may be called.
    #[serde(rename = "question.asked")]
    QuestionAsked {
        /// The question.
        question: Box<OpenQuestion>,
    },
    /// A question was answered, or its time is over.
    #[serde(rename = "question.settled")]
    QuestionSettled {
        /// The call that it was about.
        call: CallId,
        /// Its session.
        session: SessionId,
        /// Whether the tool is called.
        allowed: bool,
    },
    /// A tool server of this process runs, runs again, failed or was stopped.
    #[serde(rename = "tool_server.changed")]
    ToolServerChanged {
        /// Its slug.
        slug: String,
        /// Where it stands now.
        state: ToolServerState,
        /// Why, in a few words.
        why: String,
    },
    /// The listener was too slow and has missed some.
    #[serde(rename = "missed")]
    Missed,
}

/// Notices for one listener.
pub type NoticeStream = BoxStream<'static, HouseNotice>;

/// Where notices are given out.
#[derive(Clone, Debug)]
pub struct Notices(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sender: broadcast::Sender<HouseNotice>,
    changes: Mutex<Changes>,
    watchers: Watchers,
}

#[derive(Debug, Default)]
struct Changes {
    /// Sessions that have changed and were not told of yet.
    gathered: HashSet<SessionId>,
    /// The last fact of each session that was told of, so that it is not taken for a change by another process.
    known: HashMap<SessionId, u64>,
}

impl Default for Notices {
    fn default() -> Self {
        Self(Arc::new(Shared {
            sender: broadcast::Sender::new(WAITING),
            changes: Mutex::default(),
            watchers: Watchers::default(),
        }))
    }
}

impl Notices {
    /// Tells everybody who listens.
    pub fn tell(&self, notice: HouseNotice) {
        // Nobody listening is no failure.
        let _ = self.0.sender.send(notice);
    }

    /// Listens from now on.
    pub fn listen(&self) -> NoticeStream {
        let receiver = self.0.sender.subscribe();
        futures_util::stream::unfold(receiver, |mut receiver| async move {
            match receiver.recv().await {
                Ok(notice) => Some((notice, receiver)),
                Err(RecvError::Lagged(_)) => Some((HouseNotice::Missed, receiver)),
                Err(RecvError::Closed) => None,
            }
        })
        .boxed()
    }

    /// Who watches what runs do.
    pub(crate) fn watchers(&self) -> &Watchers {
        &self.0.watchers
    }

    /// Whether somebody listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.0.sender.receiver_count() > 0
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.0.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session's log has gone on up to `seq`: told in a moment, if somebody listens.
    pub(crate) fn changed(&self, session: &SessionId, seq: u64) {
        if !self.is_heard() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let begins = {
            let mut changes = self.changes();
            if changes.known.len() >= KNOWN {
                changes.known.clear();
            }
            changes.known.insert(session.clone(), seq);
            let begins = changes.gathered.is_empty();
            // One more than are told one by one is enough to know that there are too many.
            if changes.gathered.len() <= GATHERED {
                changes.gathered.insert(session.clone());
            }
            begins
        };
        if begins {
            let notices = self.clone();
            runtime.spawn(async move {
                tokio::time::sleep(GATHER).await;
                notices.tell_changes();
            });
        }
    }

    fn tell_changes(&self) {
        let gathered = std::mem::take(&mut self.changes().gathered);
        if gathered.len() > GATHERED {
            return self.tell(HouseNotice::StoreChanged);
        }
        for session in gathered {
            self.tell(HouseNotice::SessionChanged { session });
        }
    }

    /// The sessions that were told of since the last time, with their last facts.
    pub(crate) fn take_known(&self) -> HashMap<SessionId, u64> {
        std::mem::take(&mut self.changes().known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(number: usize) -> SessionId {
        SessionId::from_text(&number.to_string())
    }

    #[tokio::test]
    async fn changes_of_one_session_are_told_once() {
        let notices = Notices::default();
        notices.changed(&session(0), 1);
        let mut told = notices.listen();
        for seq in 2..9 {
            notices.changed(&session(1), seq);
        }
        assert_eq!(told.next().await, Some(HouseNotice::SessionChanged { session: session(1) }));
        assert_eq!(notices.take_known(), HashMap::from([(session(1), 8)]));
        notices.changed(&session(1), 9);
        notices.tell(HouseNotice::Missed);
        assert_eq!(told.next().await, Some(HouseNotice::Missed));
        assert_eq!(told.next().await, Some(HouseNotice::SessionChanged { session: session(1) }));
    }

    #[tokio::test]
    async fn when_very_much_changes_lists_are_read_again() {
        let notices = Notices::default();
        let mut told = notices.listen();
        for number in 0..1_000 {
            notices.changed(&session(number), 1);
        }
        assert_eq!(told.next().await, Some(HouseNotice::StoreChanged));
    }
}
