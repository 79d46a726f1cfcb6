//! `ombud sessions events`: the log itself, a fact a line.

use std::sync::Arc;

use ombud::dialects::tarko::encode;
use ombud::domain::{Cursor, Frame, Result};

use crate::cli::{Format, SessionsEvents};
use crate::naming;
use crate::program::Program;

/// Events of one page.
const PAGE: usize = 1_000;

pub async fn execute(program: &Program, args: &SessionsEvents) -> Result<u8> {
    let house = program.open().await?;
    let caller = program.caller();
    let id = naming::session(&*house, &caller, &args.id).await?;
    let incarnation = house.session(&caller, &id).await?.summary.session.incarnation;
    let mut after = match &args.after {
        Some(text) => super::cursor(text, incarnation)?,
        None => Cursor::after(incarnation, 0),
    };
    let mut left = args.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let out = &program.context.out;
    while left > 0 && !out.is_closed() {
        let events = house.events(&caller, &id, Some(after), left.min(PAGE)).await?;
        let Some(last) = events.last() else { break };
        after = Cursor::after(incarnation, last.seq);
        left -= events.len();
        for event in events {
            if program.format() == Format::Tarko {
                for told in encode(&Frame::Fact(Arc::new(event)), incarnation) {
                    out.write_json(&told)?;
                }
            } else {
                out.write_json(&event)?;
            }
        }
    }
    Ok(0)
}
