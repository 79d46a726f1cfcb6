//! `ombud sessions delete`

use ombud::domain::{Error, Result, SessionId};
use serde::Serialize;

use crate::cli::{Format, SessionsDelete};
use crate::context::confirm;
use crate::program::Program;

#[derive(Serialize)]
struct Document {
    deleted: Vec<SessionId>,
}

pub async fn execute(program: &Program, args: &SessionsDelete) -> Result<u8> {
    let ids = args.ids.clone();
    if !args.yes && !confirmed(program, &ids)? {
        return Ok(0);
    }
    let house = program.open().await?;
    let caller = program.caller();
    let mut deleted = Vec::new();
    for id in ids {
        house.delete(&caller, &id).await?;
        if program.format() == Format::Text {
            program.context.out.write_line(&format!("deleted {id}"))?;
        }
        deleted.push(id);
    }
    if program.format() != Format::Text {
        program.context.out.write_json(&Document { deleted })?;
    }
    Ok(0)
}

/// Asks, where somebody can be asked.
fn confirmed(program: &Program, ids: &[SessionId]) -> Result<bool> {
    if !program.context.manner.may_ask {
        return Err(Error::invalid("deleting is for good, and nobody can be asked here").hint("say `--yes`"));
    }
    let what = if let [id] = ids { format!("session {id}") } else { format!("{} sessions", ids.len()) };
    confirm(format!("Delete {what}, for good?"))
}
