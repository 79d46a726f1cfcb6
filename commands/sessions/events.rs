//! `ombud sessions events`: the log itself, a fact a line.

use ombud::domain::{Cursor, Result};
use ombud::engine::Engine;

use crate::cli::EventsArgs;
use crate::output::{Output, print_json};
use crate::program::Program;

/// Events of one page.
const PAGE: usize = 1_000;

pub async fn execute(program: &Program, args: &EventsArgs) -> Result<u8> {
    let house = program.open().await?;
    let caller = program.caller();
    let id = super::id(&args.id)?;
    let incarnation = house.session(&caller, &id).await?.summary.session.incarnation;
    let mut after = match &args.after {
        Some(text) => super::cursor(text, incarnation)?,
        None => Cursor::after(incarnation, 0),
    };
    let mut left = args.limit.unwrap_or(usize::MAX);
    let mut out = Output::stdout();
    while left > 0 && !out.is_closed() {
        let events = house.events(&caller, &id, Some(after), left.min(PAGE)).await?;
        let Some(last) = events.last() else { break };
        after = Cursor::after(incarnation, last.seq);
        left -= events.len();
        for event in &events {
            print_json(&mut out, event)?;
        }
    }
    Ok(0)
}
