//! `ombud sessions`: one file a verb.

mod cancel;
mod delete;
mod events;
mod list;
mod show;
mod tail;
mod update;

pub use list::Line;
pub use show::write_message;

use ombud::domain::{Cursor, Result};

use crate::cli::SessionsCommand;
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
        SessionsCommand::Delete(args) => delete::execute(program, args).await,
    }
}

/// Reads a cursor that was typed: as it was printed, or a bare number of an event.
fn cursor(text: &str, incarnation: u64) -> Result<Cursor> {
    match text.parse::<u64>() {
        Ok(seq) => Ok(Cursor::after(incarnation, seq)),
        Err(_) => text.parse(),
    }
}
