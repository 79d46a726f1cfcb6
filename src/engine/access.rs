//! Who may do what: every verb is checked here, from the principal's scopes.

use super::house::Core;
use crate::domain::{Agent, Error, ErrorCode, OnOrphan, Permission, Pins, Principal, Result, Scope, SessionId};

/// What lets somebody administer the house.
const HOW: &str = "start the server with `--allow-local-admin`, or call it with a token";

/// What a verb does to what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Shows it.
    Reads,
    /// Says something in it.
    Asks,
    /// Changes or removes it.
    Changes,
    /// Makes, changes or removes agents.
    ChangesAgents,
}

/// Checks a verb on one session, or with `None` on all of them.
pub(crate) fn check(caller: &Principal, does: Does, session: Option<&SessionId>) -> Result<()> {
    let allowed = caller.scopes.iter().any(|scope| match scope {
        Scope::All | Scope::Use => true,
        Scope::Read => does == Does::Reads,
        Scope::Session(id) => {
            matches!(does, Does::Reads | Does::Asks) && session.is_some_and(|session| session.as_str() == id)
        }
    });
    if allowed {
        return Ok(());
    }
    let what = session.map_or_else(|| "this".to_owned(), |session| format!("this in session `{session}`"));
    Err(Error::new(ErrorCode::Forbidden, format!("`{}` may not do {what}", caller.name)))
}

/// Checks that somebody may have work done in a folder: who may not administer the house only below the settings'
/// workspace, since tools read and write there.
pub(crate) fn may_work_in(core: &Core, caller: &Principal, folder: Option<&str>) -> Result<()> {
    let Some(folder) = folder.filter(|_| !caller.is_admin()) else { return Ok(()) };
    let own = core.workspace(&core.settings.workspace.to_string_lossy())?;
    // By where it really is: a link inside may lead out.
    if core.workspace(folder).is_ok_and(|wanted| wanted.root().starts_with(own.root())) {
        return Ok(());
    }
    let message = format!(
        "`{}` may not work in `{}`: it is not inside of the workspace",
        caller.name,
        crate::workspace::shown(folder)
    );
    Err(Error::new(ErrorCode::Forbidden, message).hint(HOW))
}

/// What of a caller's pins counts: who may not administer the house can narrow what its runs may do, and no commands are
/// run for it. Where they work is checked apart, when their folder is known.
pub(crate) fn within(caller: &Principal, mut pins: Pins) -> Pins {
    if caller.is_admin() {
        return pins;
    }
    pins.permissions.retain(|rule| rule.permission == Permission::Deny);
    // Fields that the house does not know go to the provider with the house's key: not for everybody.
    pins.settings.extra.clear();
    pins.no_commands = true;
    pins
}

/// What of a definition counts that somebody wrote: who may not administer the house can narrow what its runs may do.
pub(crate) fn definition_within(caller: &Principal, mut agent: Agent) -> Agent {
    if !caller.is_admin() {
        agent.permissions.retain(|rule| rule.permission == Permission::Deny);
        agent.settings.extra.clear();
    }
    agent
}

/// What of a run's pins counts under an agent: whoever wrote it has no more rights through it than by itself. So no
/// commands are run for an agent of somebody who may not administer the house, also when somebody asks it who may.
pub(crate) fn under(trusted: bool, mut pins: Pins) -> Pins {
    pins.no_commands |= !trusted;
    pins
}

/// Checks that somebody may change or remove an agent: who may not administer the house none that was written by
/// somebody who may. What it denies, and what it is told, is relied on.
pub(crate) fn may_change_agent(caller: &Principal, name: &str, trusted: bool) -> Result<()> {
    if caller.is_admin() || !trusted {
        return Ok(());
    }
    let message = format!("`{}` may not change agent `{name}`: who administers the house wrote it", caller.name);
    Err(Error::new(ErrorCode::Forbidden, message).hint(HOW))
}

/// Checks that somebody may have a run gone on with: who may not administer the house only one that the house would go on
/// with by itself, or for which no commands are run.
pub(crate) fn may_resume(caller: &Principal, pins: &Pins) -> Result<()> {
    if caller.is_admin() || pins.no_commands || pins.on_orphan == OnOrphan::Resume {
        return Ok(());
    }
    let message = format!("`{}` may not go on with a run that somebody else began, which may run commands", caller.name);
    Err(Error::new(ErrorCode::Forbidden, message).hint(HOW))
}

/// Why no command is run, for the model and for people.
pub(crate) fn no_commands() -> String {
    format!("no commands are run for callers, or under agents of callers, who have not proven who they are; {HOW}")
}

/// Checks that somebody may say yes to a call of a tool that runs commands.
pub(crate) fn may_allow_commands(caller: &Principal, tool: &str) -> Result<()> {
    if caller.is_admin() {
        return Ok(());
    }
    let message = format!("`{}` may not allow a call of `{tool}`: it runs commands", caller.name);
    Err(Error::new(ErrorCode::Forbidden, message).hint(HOW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_kept() {
        let (one, other) = (SessionId::from_text("one"), SessionId::from_text("other"));
        let may = |scope: Scope, does, session: Option<&SessionId>| {
            let caller = Principal { scopes: vec![scope], ..Principal::local("p") };
            check(&caller, does, session).is_ok()
        };
        assert!(may(Scope::All, Does::Changes, None));
        assert!(may(Scope::Read, Does::Reads, None));
        assert!(!may(Scope::Read, Does::Asks, Some(&one)));
        assert!(may(Scope::Session("one".into()), Does::Asks, Some(&one)));
        assert!(!may(Scope::Session("one".into()), Does::Reads, Some(&other)));
        assert!(!may(Scope::Session("one".into()), Does::Reads, None));
        assert!(!may(Scope::Session("one".into()), Does::Changes, Some(&one)));
        assert!(!may(Scope::Session("one".into()), Does::ChangesAgents, None));
        assert!(!may(Scope::Read, Does::ChangesAgents, None));
        assert!(may(Scope::Use, Does::ChangesAgents, None));
    }

    #[test]
    fn a_run_of_somebody_else_is_not_gone_on_with_by_everybody() {
        let pins = |no_commands, on_orphan| Pins { no_commands, on_orphan, ..Pins::default() };
        let may = |pins: &Pins| may_resume(&Principal::unproven(), pins).is_ok();
        assert!(!may(&pins(false, OnOrphan::Cancel)));
        assert!(may(&pins(true, OnOrphan::Cancel)));
        // The house goes on with it anyway.
        assert!(may(&pins(false, OnOrphan::Resume)));
        assert!(may_resume(&Principal::local("p"), &pins(false, OnOrphan::Cancel)).is_ok());
    }
}
