//! Where a password comes from: standard input, or whoever sits at the terminal.

use std::io::{Read as _, Write as _};

use ombud::domain::{Error, Result};
use ombud::engine::Word;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;

use crate::program::Program;

/// Most bytes of a password, and of the end of its line.
const BYTES: u64 = 1_024 + 2;
const HINT: &str = "pipe it in: `--password-stdin < FILE`";

/// The password; asked for twice where it does not come from standard input.
///
/// # Errors
/// `invalid_input` when there is none, or what comes is none.
pub async fn password(program: &Program, from_input: bool) -> Result<Word> {
    if from_input {
        return read(std::io::stdin().lock()).map(Word::given);
    }
    if !program.context.manner.may_ask {
        return Err(Error::invalid("there is no password, and nobody can be asked for it").hint(HINT));
    }
    let failed =
        |error: &dyn std::fmt::Display| Error::invalid(format!("the password cannot be asked for: {error}")).hint(HINT);
    // Before the question: what is typed at once must not be shown either. Shown again when this future is dropped, too.
    let hidden = Hidden::begin().map_err(|error| failed(&error))?;
    let asked = tokio::task::spawn_blocking(|| Ok((ask("Password: ")?, ask("Once more: ")?))).await;
    drop(hidden);
    let (password, again): (String, String) =
        asked.map_err(|error| failed(&error))?.map_err(|error: std::io::Error| failed(&error))?;
    if password != again {
        return Err(Error::invalid("the two passwords are not the same"));
    }
    Ok(Word::given(SecretString::from(password)))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> std::io::Result<Self> {
        let shown = tcgetattr(std::io::stdin())?;
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Now, &hidden)?;
        Ok(Self(shown))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // When the terminal is gone, there is nothing to restore.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Asks for one line.
fn ask(question: &str) -> std::io::Result<String> {
    let mut terminal = std::io::stderr();
    terminal.write_all(question.as_bytes())?;
    terminal.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    terminal.write_all(b"\n")?;
    Ok(without_end(&line).to_owned())
}

fn without_end(line: &str) -> &str {
    line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line))
}

/// The password that an input holds, without the end of its line.
fn read(input: impl std::io::Read) -> Result<SecretString> {
    let mut bytes = Vec::new();
    let read = input.take(BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::invalid(format!("standard input cannot be read: {error}")))?;
    if bytes.len() as u64 > BYTES {
        return Err(Error::invalid("a password has at most 1024 bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| Error::invalid("the password is no UTF-8 text"))?;
    let line = without_end(&text);
    if line.contains('\n') {
        return Err(Error::invalid("the password is more than one line"));
    }
    Ok(SecretString::from(line))
}
