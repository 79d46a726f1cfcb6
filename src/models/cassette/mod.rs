//! A tape of what models were asked and said: recorded once, and played instead of any model later.
//!
//! It stands between the house and every wire, so what is on it is no wire's: no address, no header, no key. A tape is a
//! file of JSON lines (`docs/models.md`): one that says what it is, then one for each call of a model, written when the
//! call has ended. What a line has in common with the one before it is left out of it.
//!
//! *Invariant:* a line is on the disk before the end of its answer is passed on.

mod difference;
mod form;
mod player;
mod recorder;

use std::path::Path;
use std::sync::Arc;

use super::catalogue::Card;
use super::{Model, ModelError};
use crate::domain::{Cause, ModelChoice, Result};

use self::player::Player;
use self::recorder::Recorder;

/// The version of the form of tapes.
const VERSION: u64 = 1;

/// A tape that is recorded or played.
#[derive(Clone)]
pub struct Tape(Side);

#[derive(Clone)]
enum Side {
    Records(Arc<Recorder>),
    Plays(Arc<Player>),
}

impl Tape {
    /// A new tape in a file.
    ///
    /// # Errors
    /// `conflict` when there is such a file, unless it is empty; `invalid_input` when it cannot be made.
    pub fn record(path: &Path) -> Result<Self> {
        Ok(Self(Side::Records(Arc::new(Recorder::create(path)?))))
    }

    /// The tape in a file.
    ///
    /// # Errors
    /// `not_found` when there is no such file, `invalid_input` when it is no tape or cannot be read, `not_supported` when
    /// it is of a newer form, `too_large` above 256 MiB.
    pub fn replay(path: &Path) -> Result<Self> {
        Ok(Self(Side::Plays(Arc::new(Player::open(path)?))))
    }

    /// Whether it is played: then no model is asked, and no provider needed.
    pub fn is_played(&self) -> bool {
        matches!(self.0, Side::Plays(_))
    }

    /// The model of the first call on a tape that is played.
    pub(super) fn first_model(&self) -> Option<ModelChoice> {
        match &self.0 {
            Side::Plays(player) => player.first_model(),
            Side::Records(_) => None,
        }
    }

    /// What was known of a model when the tape that is played was recorded.
    pub(super) fn card(&self, choice: &ModelChoice) -> Option<Card> {
        match &self.0 {
            Side::Plays(player) => player.card(choice),
            Side::Records(_) => None,
        }
    }

    /// A model whose calls are recorded; a tape that is played leaves it as it is.
    pub(super) fn recorded(&self, model: Arc<dyn Model>, card: &Card) -> Arc<dyn Model> {
        match &self.0 {
            Side::Records(recorder) => Recorder::around(recorder, model, card.clone()),
            Side::Plays(_) => model,
        }
    }

    /// A model that says what is on the tape, where it is played.
    pub(super) fn played(&self, choice: &ModelChoice) -> Option<Arc<dyn Model>> {
        match &self.0 {
            Side::Plays(player) => Some(Player::model(player, choice)),
            Side::Records(_) => None,
        }
    }
}

/// What is wrong with a tape, as the failure of a call: asking again does not help, nor does another model.
fn failure(message: String) -> ModelError {
    ModelError { cause: Cause::Tape, message, retryable: false, status: None, retry_after_ms: None }
}

#[cfg(test)]
mod tests;
