//! A model inside the process that answers at once: what is left is the cost of the house.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use ombud::domain::{Finish, Usage};
use ombud::models::{Model, ModelEvent, ModelPart, ModelRequest, ModelStream};

/// Pieces of an answer.
pub const PIECES: usize = 16;
/// One piece.
pub const PIECE: &str = "some more of the words ";

/// Answers at once, or after a while.
#[derive(Default)]
pub struct AtOnce {
    /// Before the first piece.
    pub delay: Duration,
    /// When the newest first piece was given.
    pub first: Arc<Mutex<Option<Instant>>>,
}

#[async_trait]
impl Model for AtOnce {
    async fn ask(&self, _: ModelRequest) -> ModelStream {
        let usage = Usage { input_tokens: 10, output_tokens: PIECES as u64, ..Usage::default() };
        let mut events = vec![ModelEvent::PartOpened(ModelPart::Text)];
        events.extend((0..PIECES).map(|_| ModelEvent::PartGrew(PIECE.to_owned())));
        events.push(ModelEvent::PartClosed { signature: None, sealed: None });
        events.push(ModelEvent::Finished { finish: Finish::Stop, usage });
        let (delay, first) = (self.delay, Arc::clone(&self.first));
        let begun = async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            *first.lock().expect("no thread failed") = Some(Instant::now());
            stream::iter(events).map(Ok)
        };
        stream::once(begun).flatten().boxed()
    }
}
