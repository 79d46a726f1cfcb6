//! What a request may ask for beyond its verb: a folder of the machine, and permission for tools, are given by those who
//! administer the house, and by nobody else.

use crate::domain::{Error, ErrorCode, Permission, Pins, Principal, Result, SessionId, SessionUpdated};
use crate::engine::{Ask, NewSession, Target};

/// Checks a question.
pub fn ask(caller: &Principal, ask: &Ask) -> Result<()> {
    match &ask.target {
        Target::New(new) => session(caller, new)?,
        Target::Existing(id) => checked(id)?,
    }
    pins(caller, &ask.pins)
}

/// Checks a new session.
pub fn session(caller: &Principal, new: &NewSession) -> Result<()> {
    if let Some(id) = &new.id {
        checked(id)?;
    }
    folder(caller, new.workspace.is_some())
}

/// Checks a change.
pub fn change(caller: &Principal, change: &SessionUpdated) -> Result<()> {
    folder(caller, change.workspace.is_some())
}

fn pins(caller: &Principal, pins: &Pins) -> Result<()> {
    folder(caller, pins.workspace.is_some())?;
    let widens = pins.permissions.iter().find(|rule| rule.permission == Permission::Allow);
    match widens {
        Some(rule) if !caller.is_admin() => {
            Err(forbidden(format!("`{}` may not allow calls of tool `{}`", caller.name, rule.tool)))
        }
        _ => Ok(()),
    }
}

fn folder(caller: &Principal, chosen: bool) -> Result<()> {
    if chosen && !caller.is_admin() {
        return Err(forbidden(format!("`{}` may not choose a workspace", caller.name)));
    }
    Ok(())
}

fn forbidden(message: String) -> Error {
    Error::new(ErrorCode::Forbidden, message)
        .hint("call with the server's token, or start it with `--allow-local-admin` for programs of its machine")
}

fn checked(id: &SessionId) -> Result<()> {
    SessionId::parse(id.as_str()).map(drop)
}
