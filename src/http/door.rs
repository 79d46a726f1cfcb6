//! What every handler works with.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Pace;
use crate::config::Settings;
use crate::domain::Clock;
use crate::engine::Engine;

/// The engine behind a door, and what the door itself needs. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    /// The one door of the house.
    pub engine: Arc<dyn Engine>,
    /// What the user wants.
    pub settings: Arc<Settings>,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// The server leaves: streams end.
    pub leaving: CancellationToken,
    /// All runs have ended: streams that wait for more end.
    pub left: CancellationToken,
    /// What serves connections that are no longer HTTP.
    pub upgraded: TaskTracker,
    /// How often each caller may ask.
    pub pace: Arc<Pace>,
}
