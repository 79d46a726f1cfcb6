//! The newest log lines of this process, kept for whoever asks for them over an API, and told to whoever follows.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::broadcast;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::clock::SystemClock;
use crate::domain::{Clock as _, Timestamp};

/// Lines that are kept.
const KEPT: usize = 1_000;
/// Lines that wait for one follower; of more, the oldest are lost to it.
const WAITING: usize = 256;
/// Most bytes of a line's text, and of each thing that it names.
const TEXT_BYTES: usize = 2_048;
/// Most things that one line names.
const NAMED: usize = 24;

/// A log line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its place among all lines of this process, from 1.
    pub number: u64,
    /// How much it matters.
    pub level: Level,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub message: String,
    /// The agent that it is about, by name: the field `agent`.
    pub agent: Option<String>,
    /// The same by id: the field `agent_id`.
    pub agent_id: Option<String>,
    /// What else it names, by name.
    pub fields: BTreeMap<&'static str, Value>,
}

/// The lines of a process.
struct Lines {
    kept: Mutex<(u64, VecDeque<Arc<Line>>)>,
    told: broadcast::Sender<Arc<Line>>,
}

static LINES: LazyLock<Lines> = LazyLock::new(Lines::new);

/// The newest lines, the oldest first: at most 1,000.
pub fn recent_lines() -> Vec<Arc<Line>> {
    LINES.recent()
}

/// Forgets all lines that are kept.
pub fn clear_lines() {
    LINES.clear();
}

/// Every line from now on. Who is more than 256 behind misses the oldest of them, and is told how many.
pub fn follow_lines() -> broadcast::Receiver<Arc<Line>> {
    LINES.told.subscribe()
}

impl Lines {
    fn new() -> Self {
        Self { kept: Mutex::default(), told: broadcast::Sender::new(WAITING) }
    }

    fn recent(&self) -> Vec<Arc<Line>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).1.iter().cloned().collect()
    }

    fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).1.clear();
    }

    fn push(&self, mut line: Line) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 += 1;
        line.number = kept.0;
        let line = Arc::new(line);
        if kept.1.len() >= KEPT {
            kept.1.pop_front();
        }
        kept.1.push_back(Arc::clone(&line));
        // Under the lock, so that followers hear the lines in their order. It does not wait; nobody there is no harm.
        let _ = self.told.send(line);
    }
}

/// Keeps the program's own lines: those of `info` and above, and of `debug` where those are wanted at all.
pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(debug: bool) -> impl Layer<S> + use<S> {
    let most = if debug { Level::DEBUG } else { Level::INFO };
    Keeping.with_filter(filter_fn(move |line| line.is_event() && super::is_own(line.target()) && *line.level() <= most))
}

struct Keeping;

impl<S: Subscriber> Layer<S> for Keeping {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        LINES.push(read(*event.metadata().level(), |reading| event.record(reading)));
    }
}

fn read(level: Level, record: impl FnOnce(&mut Reading)) -> Line {
    let mut reading = Reading::default();
    record(&mut reading);
    let Reading { message, agent, agent_id, fields } = reading;
    Line { number: 0, level, at: SystemClock.now(), message, agent, agent_id, fields }
}

/// What a line says, while it is read.
#[derive(Default)]
struct Reading {
    message: String,
    agent: Option<String>,
    agent_id: Option<String>,
    fields: BTreeMap<&'static str, Value>,
}

impl Reading {
    fn text(&mut self, field: &Field, text: &str) {
        let text = &text[..text.floor_char_boundary(TEXT_BYTES)];
        match field.name() {
            "message" => text.clone_into(&mut self.message),
            "agent" => self.agent = Some(text.to_owned()),
            "agent_id" => self.agent_id = Some(text.to_owned()),
            _ => self.value(field, text.into()),
        }
    }

    fn value(&mut self, field: &Field, value: Value) {
        if self.fields.len() < NAMED {
            self.fields.insert(field.name(), value);
        }
    }
}

impl Visit for Reading {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.value(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.value(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.value(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.value(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { message: text.to_owned(), ..read(Level::INFO, |_| ()) }
    }

    #[test]
    fn the_newest_are_kept_and_told_in_their_order() {
        let lines = Lines::new();
        let mut follower = lines.told.subscribe();
        for number in 0..KEPT + 5 {
            lines.push(line(&number.to_string()));
        }
        let kept = lines.recent();
        assert_eq!(kept.len(), KEPT);
        assert_eq!((kept[0].number, kept[0].message.as_str()), (6, "5"));
        assert_eq!(kept.last().unwrap().message, (KEPT + 4).to_string());
        // Who is behind is told how much it has missed, and goes on with what is left.
        let missed = u64::try_from(KEPT + 5 - WAITING).unwrap();
        assert_eq!(follower.try_recv(), Err(broadcast::error::TryRecvError::Lagged(missed)));
        assert_eq!(follower.try_recv().unwrap().number, missed + 1);
        lines.clear();
        assert!(lines.recent().is_empty());
        lines.push(line("after"));
        assert_eq!(lines.recent()[0].number, u64::try_from(KEPT + 6).unwrap(), "places go on");
    }

    #[test]
    fn a_line_is_read_with_what_it_names() {
        let subscriber = tracing_subscriber::layer::SubscriberExt::with(tracing_subscriber::registry(), layer(false));
        let mut follower = follow_lines();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info_span!("a span is no line").in_scope(|| {
                tracing::debug!("too fine");
                tracing::error!(target: "elsewhere", "not ours");
                let long = "é".repeat(TEXT_BYTES);
                tracing::warn!(agent = "Ann", agent_id = %7, long, count = 3, yes = true, "a line of this test");
            });
        });
        // Other tests of this process may write lines too.
        let line = std::iter::from_fn(|| follower.try_recv().ok()).find(|line| line.message == "a line of this test");
        let line = line.unwrap();
        assert_eq!((line.level, line.agent.as_deref(), line.agent_id.as_deref()), (Level::WARN, Some("Ann"), Some("7")));
        assert_eq!(line.fields.keys().copied().collect::<Vec<_>>(), ["count", "long", "yes"]);
        assert_eq!(line.fields["long"].as_str().unwrap().len(), TEXT_BYTES);
        assert!(recent_lines().iter().any(|kept| kept.number == line.number));
    }
}
