//! What changes in the house, told live to whoever shows lists. Nothing of it is kept: who comes late asks for the list.

use futures_util::stream::{BoxStream, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::desk::OpenQuestion;
use crate::domain::{CallId, SessionId};

/// Notices that wait for one listener; one that is slower gets [`HouseNotice::Missed`].
const WAITING: usize = 256;

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
    /// Another process changed something: lists are to be read again.
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
    /// The listener was too slow and has missed some.
    #[serde(rename = "missed")]
    Missed,
}

/// Notices for one listener.
pub type NoticeStream = BoxStream<'static, HouseNotice>;

/// Where notices are given out.
#[derive(Clone, Debug)]
pub struct Notices(broadcast::Sender<HouseNotice>);

impl Default for Notices {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

impl Notices {
    /// Tells everybody who listens.
    pub fn tell(&self, notice: HouseNotice) {
        // Nobody listening is no failure.
        let _ = self.0.send(notice);
    }

    /// Listens from now on.
    pub fn listen(&self) -> NoticeStream {
        let receiver = self.0.subscribe();
        futures_util::stream::unfold(receiver, |mut receiver| async move {
            match receiver.recv().await {
                Ok(notice) => Some((notice, receiver)),
                Err(RecvError::Lagged(_)) => Some((HouseNotice::Missed, receiver)),
                Err(RecvError::Closed) => None,
            }
        })
        .boxed()
    }
}
