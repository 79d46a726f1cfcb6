//! What is asked: the prompt of the command line, and what is piped in.

use std::io::{self, IsTerminal, Read};
use std::time::Duration;

use ombud::config::Limits;
use ombud::domain::{Error, ErrorCode, Result};
use tokio::sync::mpsc;

use crate::render::note;

/// Bytes of one read from standard input.
const PIECE: usize = 64 << 10;

/// Puts the prompt together. Standard input that was promised but stays silent is given up after `limits.stdin_wait`,
/// unless it is all there is to ask.
///
/// # Errors
/// `invalid_input` when there is nothing to ask, or standard input is not UTF-8; `too_large` beyond the limit.
pub async fn gather(prompt: Option<&str>, no_stdin: bool, quiet: bool, limits: &Limits) -> Result<String> {
    let piped = !no_stdin && !io::stdin().is_terminal();
    match prompt {
        Some("-") if no_stdin => Err(Error::invalid("`-` asks for standard input, and `--no-stdin` forbids it")),
        Some("-") => read_all(None, limits).await.map(Option::unwrap_or_default),
        None if piped => read_all(None, limits).await.map(Option::unwrap_or_default),
        None => Err(Error::invalid("there is no prompt")
            .hint("give one, such as `ombud oneshot \"What is in this folder?\"`, or pipe it in")),
        Some(prompt) if piped => Ok(match read_all(Some(limits.stdin_wait), limits).await? {
            None => {
                if !quiet {
                    note("note: standard input is open but silent; going on without it (`--no-stdin` says so at once)");
                }
                prompt.to_owned()
            }
            Some(text) if text.is_empty() => prompt.to_owned(),
            Some(text) => {
                let end = if text.ends_with('\n') { "" } else { "\n" };
                format!("{prompt}\n\n<stdin>\n{text}{end}</stdin>")
            }
        }),
        Some(prompt) => Ok(prompt.to_owned()),
    }
}

/// Reads standard input to its end. `None` when its first byte does not come in time.
async fn read_all(wait: Option<Duration>, limits: &Limits) -> Result<Option<String>> {
    // A thread of its own: a read that never ends must not keep the program from ending.
    let (sender, mut receiver) = mpsc::channel::<io::Result<Vec<u8>>>(4);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            let mut piece = vec![0; PIECE];
            let read = input.read(&mut piece).map(|length| {
                piece.truncate(length);
                piece
            });
            let ended = !matches!(&read, Ok(piece) if !piece.is_empty());
            if sender.blocking_send(read).is_err() || ended {
                return;
            }
        }
    });
    let mut text = Vec::new();
    let mut next = match wait {
        None => receiver.recv().await,
        Some(wait) => match tokio::time::timeout(wait, receiver.recv()).await {
            Ok(piece) => piece,
            Err(_) => return Ok(None),
        },
    };
    while let Some(piece) = next {
        let piece = piece.map_err(|error| Error::invalid(format!("standard input cannot be read: {error}")))?;
        text.extend_from_slice(&piece);
        if text.len() > limits.stdin_bytes {
            let message = format!("standard input is larger than {} bytes", limits.stdin_bytes);
            return Err(Error::new(ErrorCode::TooLarge, message)
                .hint("pipe less, put it into a file of the workspace, or raise `limits.stdin_bytes`"));
        }
        next = if piece.is_empty() { None } else { receiver.recv().await };
    }
    String::from_utf8(text).map(Some).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::invalid(format!("standard input is not UTF-8 text (byte {at})"))
            .hint("convert it first (`iconv -t utf-8`), or name the file in the prompt so that a tool can read it")
    })
}
