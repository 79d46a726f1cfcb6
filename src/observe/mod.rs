//! FLOOR 1: time, and what the program tells about itself: log lines, the newest of them kept for whoever asks, counts, and
//! traces where somebody collects them.

mod clock;
mod counts;
mod random;
mod recent;
mod traces;

use std::io;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Filter, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

pub use clock::SystemClock;
pub use counts::{COUNTS, Count, Counts};
pub use random::random_secret;
pub use recent::{Line, clear_lines, follow_lines, recent_lines};
pub use traces::{Traces, rename};

use crate::domain::Result;

/// Writes log lines to standard error, from now on. `filter` is in the syntax of `RUST_LOG`; one that cannot be read
/// counts as `warn`.
pub fn log_to_stderr(filter: &str, colour: bool) {
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(colour).without_time();
    // A second call, as in tests, changes nothing.
    let _ = tracing_subscriber::registry().with(lines.with_filter(read_filter(filter))).try_init();
}

/// What a server tells, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Which log lines, in the syntax of `RUST_LOG`.
    pub filter: String,
    /// Whether they are JSON, one object a line.
    pub json: bool,
    /// Whether they have colours.
    pub colour: bool,
    /// Where traces are sent; absent = nowhere.
    pub traces: Option<String>,
}

/// Writes a server's log lines to standard error, keeps the newest, and sends its traces, from now on until what is given
/// ends. Must be called outside of an async runtime where there are traces.
///
/// # Errors
/// `invalid_input` when traces cannot be sent there.
pub fn watch(watched: &Watched) -> Result<Option<Traces>> {
    let traces = watched.traces.as_deref().map(Traces::to).transpose()?;
    let debug = EnvFilter::try_new(&watched.filter).is_ok_and(|filter| filter.max_level_hint() >= Some(LevelFilter::DEBUG));
    let lines = tracing_subscriber::registry().with(recent::layer(debug)).with(lines(watched));
    // A second call, as in tests, changes nothing.
    let _ = match &traces {
        Some(traces) => lines.with(traces.layer()).try_init(),
        None => lines.try_init(),
    };
    Ok(traces)
}

fn lines<S: Subscriber + for<'a> LookupSpan<'a>>(watched: &Watched) -> Box<dyn Layer<S> + Send + Sync> {
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let filter = read_filter(&watched.filter);
    if watched.json {
        layer.json().flatten_event(true).with_current_span(false).with_span_list(true).with_filter(filter).boxed()
    } else {
        layer.with_ansi(watched.colour).with_filter(filter).boxed()
    }
}

/// What libraries say below `info` is never written: there they show the bytes that they carry, tokens among them.
fn read_filter<S>(filter: &str) -> impl Filter<S> + use<S> {
    let wanted = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("warn"));
    wanted.and(filter_fn(|line| is_own(line.target()) || *line.level() <= Level::INFO))
}

fn is_own(target: &str) -> bool {
    target.strip_prefix("ombud").is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_lines_are_own() {
        assert!(is_own("ombud") && is_own("ombud::http::sse"));
        assert!(!is_own("ombudsman") && !is_own("socketioxide::client") && !is_own(""));
    }
}
