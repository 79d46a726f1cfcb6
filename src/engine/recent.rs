//! What was read from the store a moment ago, so that not every request reads it: who may do what is asked at each.
//!
//! *Invariant:* what this process changes counts at once, what another changed after [`FRESH`] at the latest.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::house::Core;
use crate::domain::{Result, Timestamp};

/// How long what was read counts, in milliseconds: what another process removed opens nothing after that.
const FRESH: u64 = 2_000;
/// Things that are remembered; when there are more, old ones are forgotten first.
const REMEMBERED: usize = 4_096;

/// What was read under some names.
pub(super) struct Recent<T>(Mutex<Known<T>>);

struct Known<T> {
    seen: HashMap<String, (Timestamp, T)>,
    /// Rises with every change that this process makes: what was read before it is not remembered.
    changes: u64,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::new(Known { seen: HashMap::new(), changes: 0 }))
    }
}

fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    // A clock that was set back makes nothing last longer.
    now >= at && now.millis_since(at) < FRESH
}

impl<T: Clone> Recent<T> {
    fn known(&self) -> MutexGuard<'_, Known<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands under a name: what was read a moment ago, or else what is read now.
    pub(super) async fn get(&self, core: &Core, name: &str, read: impl Future<Output = Result<T>>) -> Result<T> {
        let now = core.clock.now();
        let changes = {
            let known = self.known();
            if let Some((_, value)) = known.seen.get(name).filter(|(at, _)| is_fresh(*at, now)) {
                return Ok(value.clone());
            }
            known.changes
        };
        let value = read.await?;
        let mut known = self.known();
        if known.changes == changes {
            if known.seen.len() >= REMEMBERED {
                known.seen.retain(|_, (at, _)| is_fresh(*at, now));
            }
            if known.seen.len() >= REMEMBERED {
                known.seen.clear();
            }
            known.seen.insert(name.to_owned(), (now, value.clone()));
        }
        Ok(value)
    }

    /// Forgets what was known under a name: it was changed here.
    pub(super) fn changed(&self, name: &str) {
        let mut known = self.known();
        known.changes += 1;
        known.seen.remove(name);
    }
}
