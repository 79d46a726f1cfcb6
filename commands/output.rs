//! Standard output: the answer and nothing else. A reader that goes away is success.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ombud::domain::{Cause, Error, Result};
use serde::Serialize;

/// Where answers go.
pub struct Output {
    state: Mutex<State>,
}

struct State {
    writer: Box<dyn Write + Send>,
    /// What it is called where it cannot be written.
    name: String,
    closed: bool,
}

impl Output {
    /// Standard output.
    pub fn stdout() -> Self {
        Self::new(Box::new(io::stdout()))
    }

    /// Any other place.
    pub fn new(writer: Box<dyn Write + Send>) -> Self {
        Self::named("standard output".to_owned(), writer)
    }

    /// A file.
    pub fn to_file(path: &Path, file: File) -> Self {
        Self::named(format!("`{}`", path.display()), Box::new(file))
    }

    fn named(name: String, writer: Box<dyn Write + Send>) -> Self {
        Self { state: Mutex::new(State { writer, name, closed: false }) }
    }

    /// Writes a text as it is, and sends it off.
    ///
    /// # Errors
    /// `store_failed` when it cannot be written. A reader that went away is no error: nothing more is written then.
    pub fn write(&self, text: &str) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Ok(());
        }
        match state.writer.write_all(text.as_bytes()).and_then(|()| state.writer.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                state.closed = true;
                Ok(())
            }
            Err(error) => {
                let cause = (error.kind() == ErrorKind::StorageFull).then_some(Cause::Full);
                let message = format!("{} cannot be written: {error}", state.name);
                Err(Error::store(cause, message))
            }
        }
    }

    /// Writes one line.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn write_line(&self, line: &str) -> Result<()> {
        self.write(&format!("{line}\n"))
    }

    /// Writes one JSON document on a line. What could steer a terminal is escaped, also where JSON does not ask for it.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn write_json(&self, document: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(document).map_err(|error| Error::internal(error.to_string()))?;
        if !text.contains(steers) {
            return self.write_line(&text);
        }
        // These stand only inside texts: all that is around them is ASCII that can be printed.
        let escaped = text.chars().map(|c| if steers(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() });
        self.write_line(&escaped.collect::<String>())
    }

    /// Whether the reader went away: what follows others may end then.
    pub fn is_closed(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed
    }
}

/// Control characters that JSON lets through: DEL, and the second half of them.
fn steers(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}')
}

/// Lines of columns, each as wide as its widest cell, save the last.
pub fn table(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_goes_away_is_success() {
        let output = Output::new(Box::new(Failing(ErrorKind::BrokenPipe)));
        assert!(!output.is_closed());
        assert_eq!((output.write_line("a"), output.write_line("b")), (Ok(()), Ok(())));
        assert!(output.is_closed());
    }

    #[test]
    fn json_holds_nothing_that_steers_a_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let output = Output::new(Box::new(std::fs::File::create(&path).unwrap()));
        output.write_json(&["a\u{1b}b\u{7f}c\u{9b}d\u{a0}é"]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "[\"a\\u001bb\\u007fc\\u009bd\u{a0}é\"]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), ["a\u{1b}b\u{7f}c\u{9b}d\u{a0}é"]);
    }

    #[test]
    fn a_full_disk_is_told() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = Output::to_file(Path::new("answer.txt"), full).write("a").unwrap_err();
        assert!(error.message.starts_with("`answer.txt` cannot be written: "), "{}", error.message);
        let output = Output::new(Box::new(Failing(ErrorKind::StorageFull)));
        let error = output.write("a").unwrap_err();
        assert!(error.message.starts_with("standard output cannot be written: "), "{}", error.message);
        assert_eq!((error.code, error.cause), (ombud::domain::ErrorCode::StoreFailed, Some(Cause::Full)));
    }

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [vec!["a".to_owned(), "long".to_owned(), "x".to_owned()], vec!["ää".to_owned(), "b".to_owned()]];
        assert_eq!(table(&rows), "a   long  x\nää  b\n");
    }
}
