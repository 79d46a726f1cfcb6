//! The line that moves while something is awaited. It is shared with whoever asks questions: it must be away then.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dialoguer::console::{Term, truncate_str};
use indicatif::{ProgressBar, ProgressStyle};

use super::{harmless, note};

/// How often the line moves.
const TICK: Duration = Duration::from_millis(100);
/// Longest wait of the last line for whoever is asked: a question that Ctrl-C has ended is over at once, one that nobody
/// answers is not.
const ANSWERING: Duration = Duration::from_secs(1);
/// Most lines that wait while somebody is asked; further ones are written at once.
const WAITING: usize = 200;
/// Columns at the end of the line that stay free: for the wheel, and for a `^C` that the terminal shows.
const FREE: u16 = 8;

/// The line that is drawn now: a process has one terminal, and whatever writes there must make way.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn drawn() -> MutexGuard<'static, Option<ProgressBar>> {
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes to the terminal while the line is away.
pub fn aside<T>(write: impl FnOnce() -> T) -> T {
    let bar = drawn().clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// The line, or nothing where nobody watches.
pub struct Progress {
    watched: bool,
    state: Mutex<State>,
    /// Told when nobody is asked any more.
    released: Condvar,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    /// What it says, also while it is away.
    message: Option<String>,
    /// Whether somebody is asked.
    held: bool,
    /// Lines that wait until nobody is asked.
    waiting: Vec<String>,
}

impl Progress {
    /// A line that is not there yet, and never will be unless somebody watches.
    pub fn new(watched: bool) -> Self {
        Self { watched, state: Mutex::default(), released: Condvar::new() }
    }

    /// Whether somebody watches.
    pub fn is_watched(&self) -> bool {
        self.watched
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what is awaited.
    pub fn message(&self, text: &str) {
        if self.watched {
            let mut state = self.state();
            // Names and arguments come from a model.
            state.message = Some(harmless(text).replace(['\n', '\t'], " "));
            state.draw();
        }
    }

    /// Writes a line above it; while somebody is asked, after the answer.
    pub fn say(&self, text: &str) {
        let mut state = self.state();
        if state.held && state.waiting.len() < WAITING {
            state.waiting.push(text.to_owned());
            return;
        }
        state.away();
        note(text);
        state.draw();
    }

    /// Writes the last line, after which the program may end: whoever is asked is waited for a little.
    pub fn say_last(&self, text: &str) {
        let waited = self.released.wait_timeout_while(self.state(), ANSWERING, |state| state.held);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.away();
        note(text);
    }

    /// Takes it away until something is awaited again.
    pub fn end(&self) {
        let mut state = self.state();
        state.message = None;
        state.away();
    }

    /// Takes it away while somebody is asked.
    pub fn hold(&self) {
        let mut state = self.state();
        state.held = true;
        state.away();
    }

    /// Ends [`Progress::hold`].
    pub fn release(&self) {
        let mut state = self.state();
        state.held = false;
        std::mem::take(&mut state.waiting).iter().for_each(|line| note(line));
        state.draw();
        self.released.notify_all();
    }
}

impl State {
    fn away(&mut self) {
        if let Some(bar) = self.bar.take() {
            *drawn() = None;
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self) {
        let Some(message) = self.message.as_ref().filter(|_| !self.held) else { return };
        let message = fitting(message, Term::stderr().size().1);
        match &self.bar {
            Some(bar) => bar.set_message(message),
            None => {
                let style =
                    ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
                let bar = ProgressBar::new_spinner().with_style(style).with_message(message);
                bar.enable_steady_tick(TICK);
                *drawn() = Some(bar.clone());
                self.bar = Some(bar);
            }
        }
    }
}

/// As much of a text as stands on a line of so many columns: a line that wraps cannot be taken away again.
fn fitting(text: &str, columns: u16) -> String {
    truncate_str(text, usize::from(columns.saturating_sub(FREE)), "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_leaves_room_at_its_end() {
        assert_eq!(fitting("run_command sleep 3", 80), "run_command sleep 3");
        assert_eq!(fitting("run_command sleep 3", 20), "run_command…");
        assert_eq!(fitting("世界世界世界", 16), "世界世…");
    }
}
