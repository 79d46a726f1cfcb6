//! A program of the settings, run once under the guard: something goes in, bytes come out. No agent calls it.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::guard::{self, quoted};
use super::once::{Bounds, Failure, Once, Ran};
use crate::config::ToolSettings;
use crate::domain::{Cause, Error, ErrorCode, Result};

/// Most bytes that are kept of what a program says beside its output.
const WORDS_BYTES: usize = 4 << 10;
/// Most characters of that which are shown.
const SHOWN: usize = 300;
/// What stands for the path of what goes in.
const FILE: &str = "{file}";

/// What is given to a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// On its standard input.
    Input(Bytes),
    /// As a file with this ending: its path stands for `{file}` in the command line, or after it.
    File {
        /// The ending of its name, such as `.wav`.
        ending: String,
        /// Its bytes.
        bytes: Bytes,
    },
}

/// Runs a command line with `/bin/sh`, in a folder of its own that it may write to, and answers its standard output. Who
/// drops the answer ends it, with all that it started.
///
/// # Errors
/// `not_supported` where no guard is set up, `timed_out`, `model_failed` when it fails or says too much.
pub async fn run_program(settings: &ToolSettings, line: &str, given: Given, bounds: Bounds) -> Result<Bytes> {
    let guard = settings
        .guard
        .as_ref()
        .ok_or_else(|| Error::new(ErrorCode::NotSupported, "programs cannot be run here: no guard is set up"))?;
    let temporary = guard::temporary(settings).to_owned();
    let (folder, input) = tokio::task::spawn_blocking(move || place(&temporary, given))
        .await
        .map_err(|error| Error::internal(format!("nothing can be prepared for a program: {error}")))?
        .map_err(|error| Error::new(ErrorCode::Unavailable, format!("nothing can be prepared for a program: {error}")))?;
    let line = whole_line(line, &input);
    let once = Once { line, folder: folder.path(), writable: folder.path(), bounds, words: WORDS_BYTES };
    let ran = once.run(settings, guard).await;
    // It is removed when nothing runs any more that could write to it.
    drop(folder);
    match ran {
        Ok(Ran { output, status, .. }) if status.success() => Ok(output.into()),
        Ok(Ran { words, status, .. }) => {
            let code = status.code().map_or_else(|| "was killed".to_owned(), |code| format!("ended with {code}"));
            let words = shown(&words);
            let colon = if words.is_empty() { "" } else { ": " };
            Err(Error::model(Cause::Server, format!("the program {code}{colon}{words}")))
        }
        Err(failure) => Err(match failure {
            Failure::NotStarted(error) => {
                Error::new(ErrorCode::Unavailable, format!("the guard of programs cannot be started: {error}"))
            }
            Failure::Late => Error::new(
                ErrorCode::TimedOut,
                format!("the program did not end within {:?} and was ended, with all that it started", bounds.time),
            ),
            Failure::Unreadable(error) => {
                Error::model(Cause::Cut, format!("the output of the program cannot be read: {error}"))
            }
            Failure::TooMuch => Error::model(Cause::Garbage, format!("the program wrote more than {} bytes", bounds.bytes)),
            Failure::Unseen(error) => Error::internal(format!("the end of a program cannot be seen: {error}")),
        }),
    }
}

/// Where what goes in stands.
enum Place {
    Input(PathBuf),
    File(PathBuf),
}

fn place(temporary: &Path, given: Given) -> io::Result<(tempfile::TempDir, Place)> {
    let folder = tempfile::Builder::new().prefix("ombud-").tempdir_in(temporary)?;
    let input = match given {
        Given::Input(bytes) => {
            let path = folder.path().join("input");
            std::fs::write(&path, bytes)?;
            Place::Input(path)
        }
        Given::File { ending, bytes } => {
            let plain: String = ending.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
            let path = folder.path().join(format!("input{plain}"));
            std::fs::write(&path, bytes)?;
            Place::File(path)
        }
    };
    Ok((folder, input))
}

/// The command line with what goes into it. It may be several commands.
fn whole_line(line: &str, input: &Place) -> String {
    match input {
        Place::Input(path) => format!("{{ {line}\n}} < {}", quoted(path)),
        Place::File(path) if line.contains(FILE) => line.replace(FILE, &quoted(path)),
        Place::File(path) => format!("{line} {}", quoted(path)),
    }
}

/// The words of a program in one short line.
fn shown(words: &[u8]) -> String {
    let text = String::from_utf8_lossy(words);
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_stands_where_the_line_says() {
        let path = || PathBuf::from("/tmp/it's/input.wav");
        let quoted = r"'/tmp/it'\''s/input.wav'";
        assert_eq!(whole_line("say -x", &Place::Input(path())), format!("{{ say -x\n}} < {quoted}"));
        assert_eq!(whole_line("hear {file} -t {file}", &Place::File(path())), format!("hear {quoted} -t {quoted}"));
        assert_eq!(whole_line("hear", &Place::File(path())), format!("hear {quoted}"));
    }

    #[test]
    fn an_ending_is_no_path() {
        let given = Given::File { ending: "/../../x.wav".to_owned(), bytes: Bytes::from_static(b"x") };
        let (folder, Place::File(path)) = place(&std::env::temp_dir(), given).unwrap() else { panic!("a file") };
        assert_eq!(path, folder.path().join("input....x.wav"));
    }
}
