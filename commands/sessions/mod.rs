//! `ombud sessions`: one file a verb.

mod backup;
mod cancel;
mod delete;
mod events;
mod export;
mod fork;
mod importing;
mod list;
mod markdown;
mod prune;
mod rewind;
mod search;
mod show;
mod stats;
mod tail;
mod update;

pub use list::Line;
pub use prune::retain;
pub use show::write_message;

use ombud::domain::{Clock, Cursor, Labels, Result, Timestamp};
use ombud::observe::SystemClock;

use crate::cli::{SessionsCommand, Since};
use crate::program::Program;

/// Runs the verb.
///
/// # Errors
/// What the engine answers.
pub async fn execute(program: &Program, command: &SessionsCommand) -> Result<u8> {
    match command {
        SessionsCommand::List(args) => list::execute(program, args).await,
        SessionsCommand::Show(args) => show::execute(program, args).await,
        SessionsCommand::Events(args) => events::execute(program, args).await,
        SessionsCommand::Tail(args) => tail::execute(program, args).await,
        SessionsCommand::Update(args) => update::execute(program, args).await,
        SessionsCommand::Cancel(args) => cancel::execute(program, args).await,
        SessionsCommand::Search(args) => search::execute(program, args).await,
        SessionsCommand::Fork(args) => fork::execute(program, args).await,
        SessionsCommand::Rewind(args) => rewind::execute(program, args).await,
        SessionsCommand::Export(args) => export::execute(program, args).await,
        SessionsCommand::Import(args) => importing::execute(program, args).await,
        SessionsCommand::Stats(args) => stats::execute(program, args).await,
        SessionsCommand::Delete(args) => delete::execute(program, args).await,
        SessionsCommand::Prune(args) => prune::execute(program, args).await,
        SessionsCommand::Backup(args) => backup::execute(program, args).await,
    }
}

/// Reads a cursor that was typed: as it was printed, or a bare number of an event.
fn cursor(text: &str, incarnation: u64) -> Result<Cursor> {
    match text.parse::<u64>() {
        Ok(seq) => Ok(Cursor::after(incarnation, seq)),
        Err(_) => text.parse(),
    }
}

/// The moment that was typed.
fn moment(since: Since) -> Timestamp {
    match since {
        Since::At(at) => at,
        Since::Ago(seconds) => {
            let ago = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
            Timestamp::from_millis(SystemClock.now().as_millis().saturating_sub(ago))
        }
    }
}

/// Tags as labels.
fn tags(tags: &[String]) -> Vec<(String, String)> {
    tags.iter().map(|tag| (Labels::TAG.to_owned(), tag.clone())).collect()
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let fits = units.into_iter().find(|(_, bits)| bytes >= 1 << bits);
    match fits {
        Some((unit, bits)) => {
            let tenths = (bytes * 10) >> bits;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told() {
        let told: Vec<String> = [0, 1_023, 1_024, 1_600, 5 << 20, 3 << 30].into_iter().map(size).collect();
        assert_eq!(told, ["0 bytes", "1023 bytes", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3.0 GiB"]);
    }
}
