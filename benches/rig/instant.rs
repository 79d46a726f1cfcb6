//! A model inside the process that answers at once: what is left is the cost of the house.

use std::sync::Mutex;
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
    pub first: Mutex<Option<Instant>>,
}

#[async_trait]
impl Model for AtOnce {
    async fn ask(&self, _: ModelRequest) -> ModelStream {
        if !self.delay.is_zero() {
            // A timer of the runtime is exact to a millisecond only, which is what is measured.
            let until = Instant::now() + self.delay;
            let _ = tokio::task::spawn_blocking(move || std::thread::sleep(until - Instant::now())).await;
        }
        *self.first.lock().expect("no thread failed") = Some(Instant::now());
        let usage = Usage { input_tokens: 10, output_tokens: PIECES as u64, ..Usage::default() };
        let mut events = vec![ModelEvent::PartOpened(ModelPart::Text)];
        events.extend((0..PIECES).map(|_| ModelEvent::PartGrew(PIECE.to_owned())));
        events.push(ModelEvent::PartClosed { signature: None, sealed: None });
        events.push(ModelEvent::Finished { finish: Finish::Stop, usage });
        stream::iter(events).map(Ok).boxed()
    }
}
