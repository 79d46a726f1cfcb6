//! FLOOR 1: time, and what the program tells about itself.

use std::io;

use tracing_subscriber::EnvFilter;
use uuid::Uuid;

use crate::domain::{Clock, Timestamp};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the home of the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the home of new ids")]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Writes log lines to standard error, from now on. `filter` is in the syntax of `RUST_LOG`; one that cannot be read
/// counts as `warn`.
pub fn log_to_stderr(filter: &str, colour: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("warn"));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colour).without_time();
    // A second call, as in tests, changes nothing.
    let _ = subscriber.try_init();
}
