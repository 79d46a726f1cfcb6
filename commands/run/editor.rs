//! The line editor: on a thread of its own, since it blocks while somebody types.

use std::path::{Path, PathBuf};

use ombud::domain::{Error, Result};
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use rustyline::DefaultEditor;
use rustyline::config::Config;
use rustyline::error::ReadlineError;

/// Lines of history that are kept.
const HISTORY: usize = 1_000;

/// What was typed.
pub enum Typed {
    /// A line.
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the terminal is gone.
    End,
}

/// How the terminal is set before lines are edited.
pub fn terminal() -> Option<Termios> {
    tcgetattr(std::io::stdin()).ok()
}

/// Sets the terminal as it was: for when the program ends while somebody types.
pub fn restore_terminal(terminal: &Option<Termios>) {
    if let Some(terminal) = terminal {
        // When it is gone, there is nothing to restore.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, terminal);
    }
}

/// A while in which the terminal does not show what is typed; it comes to the next line that is edited.
pub struct Unseen(Option<Termios>);

impl Unseen {
    /// From now on, until this is dropped.
    pub fn begin() -> Self {
        let before = terminal().filter(|_| in_foreground());
        if let Some(mut now) = before.clone() {
            now.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &now);
        }
        Self(before)
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        if in_foreground() {
            restore_terminal(&self.0);
        }
    }
}

/// Whether the terminal is this program's: one in the background would be stopped for setting it.
fn in_foreground() -> bool {
    tcgetpgrp(std::io::stdin()).is_ok_and(|group| group == getpgrp())
}

/// The line editor, with a history that outlives the program.
pub struct Editor {
    /// Away while a line is typed.
    inner: Option<DefaultEditor>,
    history: PathBuf,
}

impl Editor {
    /// Opens it; the history is in the state folder.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn open(state: &Path) -> Result<Self> {
        let failed = |error: ReadlineError| Error::internal(format!("the terminal cannot be used for typing: {error}"));
        let config = Config::builder().max_history_size(HISTORY).map_err(failed)?.auto_add_history(false).build();
        let mut inner = DefaultEditor::with_config(config).map_err(failed)?;
        let history = state.join("history");
        // There is none the first time.
        let _ = inner.load_history(&history);
        Ok(Self { inner: Some(inner), history })
    }

    /// Waits for a line.
    ///
    /// # Errors
    /// When the terminal cannot be used any more.
    pub async fn read(&mut self) -> Result<Typed> {
        let Some(mut inner) = self.inner.take() else { return Ok(Typed::End) };
        let history = self.history.clone();
        let typed = tokio::task::spawn_blocking(move || {
            let read = inner.readline("> ");
            if let Ok(line) = &read
                && !line.trim().is_empty()
            {
                let _ = inner.add_history_entry(line.as_str());
                if let Some(folder) = history.parent() {
                    let _ = std::fs::create_dir_all(folder);
                }
                // A history that cannot be written is no reason to stop a conversation.
                let _ = inner.append_history(&history);
            }
            (inner, read)
        });
        let (inner, read) = typed.await.map_err(|error| Error::internal(format!("the line editor failed: {error}")))?;
        self.inner = Some(inner);
        match read {
            Ok(line) => Ok(Typed::Line(line)),
            Err(ReadlineError::Interrupted) => Ok(Typed::Interrupted),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(error) => Err(Error::internal(format!("the terminal cannot be used for typing: {error}"))),
        }
    }
}
