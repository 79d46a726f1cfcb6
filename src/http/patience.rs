//! How long the reader of a stream may take for one piece of it. The connection asks for more as soon as it has room: the
//! time since is what the last write took.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::ServerLimits;
use crate::domain::{Error, ErrorCode};

/// The patience with one reader.
pub struct Patience {
    longest: Duration,
    /// When the last piece was handed over.
    given: Option<Instant>,
}

impl Patience {
    /// As long as the settings say.
    pub fn new(limits: &ServerLimits) -> Self {
        Self::of(limits.slow_reader)
    }

    pub(super) fn of(longest: Duration) -> Self {
        Self { longest, given: None }
    }

    /// A piece is handed over now.
    pub fn hand_over(&mut self) {
        self.given = Some(Instant::now());
    }

    /// Why the reader is left, if the last piece took it too long; `what` such a piece is.
    pub fn lost(&self, what: &str) -> Option<Error> {
        let took = self.given.map(|given| given.elapsed()).filter(|took| *took > self.longest)?;
        Some(Error::new(ErrorCode::TimedOut, format!("the reader took {} ms to take one {what}", took.as_millis())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_takes_too_long_is_left() {
        for (longest, is_lost) in [(Duration::from_secs(60), false), (Duration::ZERO, true)] {
            let mut patience = Patience::of(longest);
            assert_eq!(patience.lost("event"), None, "nothing was given yet");
            patience.hand_over();
            // A clock may stand still for a moment.
            while is_lost && patience.lost("event").is_none() {
                std::hint::spin_loop();
            }
            assert_eq!(patience.lost("event").map(|error| error.code), is_lost.then_some(ErrorCode::TimedOut));
        }
    }
}
