//! `ombud sessions delete`

use ombud::domain::{Error, Result, SessionId};
use serde::Serialize;

use crate::cli::{Format, SessionsDelete};
use crate::context::confirm;
use crate::naming;
use crate::program::Program;

#[derive(Serialize)]
struct Document {
    deleted: Vec<SessionId>,
}

pub async fn execute(program: &Program, args: &SessionsDelete) -> Result<u8> {
    if !args.yes && !program.context.manner.may_ask {
        return Err(Error::invalid("deleting is for good, and nobody can be asked here").hint("say `--yes`"));
    }
    let house = program.open().await?;
    let caller = program.caller();
    let mut ids = Vec::new();
    for named in &args.ids {
        let id = naming::session(&*house, &caller, named).await?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if !args.yes && !confirmed(&ids)? {
        return Ok(0);
    }
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

/// Asks whoever sits at the terminal.
fn confirmed(ids: &[SessionId]) -> Result<bool> {
    let what = if let [id] = ids { format!("session {id}") } else { format!("{} sessions", ids.len()) };
    confirm(format!("Delete {what}, for good?"))
}
