//! `offline/rules`: a small rule-based model inside the program.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};

use super::{Model, ModelEvent, ModelPart, ModelRequest, ModelStream};
use crate::domain::{Clock, Finish, Usage};

/// The rule-based model.
pub struct Offline;

impl Offline {
    /// A model that takes the date and the time from this clock.
    pub fn new(_clock: Arc<dyn Clock>) -> Self {
        Self
    }
}

#[async_trait]
impl Model for Offline {
    async fn ask(&self, _request: ModelRequest) -> ModelStream {
        let events = [
            ModelEvent::PartOpened(ModelPart::Text),
            ModelEvent::PartGrew("I do not know.".to_owned()),
            ModelEvent::PartClosed { signature: None, sealed: None },
            ModelEvent::Finished { finish: Finish::Stop, usage: Usage::default() },
        ];
        stream::iter(events.map(Ok)).boxed()
    }
}
