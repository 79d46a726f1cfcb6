//! The line that moves while something is awaited. It is shared with whoever asks questions: it must be away then.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{harmless, note};

/// How often the line moves.
const TICK: Duration = Duration::from_millis(100);
/// Most lines that wait while somebody is asked; further ones are written at once.
const WAITING: usize = 200;

/// The line, or nothing where nobody watches.
pub struct Progress {
    watched: bool,
    state: Mutex<State>,
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
        Self { watched, state: Mutex::default() }
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
    }
}

impl State {
    fn away(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self) {
        let Some(message) = self.message.as_ref().filter(|_| !self.held) else { return };
        match &self.bar {
            Some(bar) => bar.set_message(message.clone()),
            None => {
                let style = ProgressStyle::with_template("{spinner} {wide_msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner());
                let bar = ProgressBar::new_spinner().with_style(style).with_message(message.clone());
                bar.enable_steady_tick(TICK);
                self.bar = Some(bar);
            }
        }
    }
}
