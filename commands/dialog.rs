//! Questions with choices, on the terminal. Escape or Ctrl-C leaves one, and leaves the terminal as it was.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};

use dialoguer::console::{Key, Term};
use ombud::domain::{Error, ErrorCode, Result};
use tokio::signal::unix::{SignalKind, signal};

/// What the program exits with when a question was left by Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// Whether a question was left by Ctrl-C.
static LEFT: AtomicBool = AtomicBool::new(false);

/// Whether a question was left by Ctrl-C: then nothing else is said, and the program exits with [`INTERRUPTED`].
pub fn was_interrupted() -> bool {
    LEFT.load(Ordering::Relaxed)
}

/// A command that asks: Ctrl-C ends it at any time, but not before a question has given the terminal back.
///
/// # Errors
/// Those of the command; `internal` when the system lets no signal be caught.
pub async fn interruptible(command: impl Future<Output = Result<u8>>) -> Result<u8> {
    let caught = signal(SignalKind::interrupt());
    let mut interrupts = caught.map_err(|error| Error::internal(format!("signals cannot be caught: {error}")))?;
    tokio::select! {
        biased;
        done = command => done,
        _ = interrupts.recv() => Ok(INTERRUPTED),
    }
}

/// Asks something; nothing when it was left without an answer.
///
/// # Errors
/// `unavailable` when the terminal cannot be used.
pub fn ask<T>(question: impl FnOnce(&Term) -> dialoguer::Result<Option<T>>) -> Result<Option<T>> {
    let terminal = Term::stderr();
    let asked = question(&terminal);
    // Whoever asks hides it, and does not show it again when it is interrupted.
    let _ = terminal.show_cursor();
    match asked {
        Ok(answer) => Ok(answer),
        Err(dialoguer::Error::IO(error)) if error.kind() == ErrorKind::Interrupted => {
            LEFT.store(true, Ordering::Relaxed);
            let _ = terminal.write_line("");
            Ok(None)
        }
        Err(error) => Err(Error::new(ErrorCode::Unavailable, format!("the question cannot be asked: {error}"))),
    }
}

/// Asks for something that is not shown while it is typed.
///
/// # Errors
/// As [`ask`].
pub fn secret(prompt: &str) -> Result<Option<String>> {
    ask(|terminal| {
        terminal.write_str(&format!("{prompt}: "))?;
        let mut typed = String::new();
        loop {
            match terminal.read_key()? {
                Key::Enter => break,
                Key::Escape => return Ok(None),
                Key::Backspace => {
                    typed.pop();
                }
                Key::Char(sign) if !sign.is_control() => typed.push(sign),
                _ => {}
            }
        }
        terminal.write_line("")?;
        Ok(Some(typed))
    })
}
