//! Who may do what: every verb is checked here, from the principal's scopes.
//!
//! Who sees only a part of the sessions is told nowhere that there are others: what is not theirs is `not_found`, as if it
//! were not there, and lists leave it out.

use super::house::Core;
use super::keys;
use super::ledger::no_session;
use super::verbs::{Answering, Ask, Target};
use crate::domain::{
    Agent, Error, ErrorCode, OnOrphan, Participant, Permission, Pins, Principal, Result, Run, RunId, Scope, SessionId,
};

/// What lets somebody administer the house.
pub(crate) const HOW: &str = "start the server with `--allow-local-admin`, or call it with a token";

/// What a verb does to what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Shows it.
    Reads,
    /// Says something in it.
    Asks,
    /// Makes, changes or removes it.
    Changes,
}

/// What a verb is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On<'a> {
    /// A session that is there.
    Session(&'a SessionId),
    /// A new session of an agent.
    New(&'a str),
    /// Any session: who passes may have to be shown less, see [`Sight`].
    Sessions,
    /// The files of a session's workspace, or with `None` of the settings'.
    Files(Option<&'a SessionId>),
    /// The agents; lists leave out those that are not the caller's.
    Agents,
    /// What the house offers: models, and how it is.
    Offer,
    /// Minted tokens.
    Tokens,
    /// Keys.
    Keys,
    /// The caller's own account.
    Account,
    /// The accounts of people.
    Users,
    /// Tool servers.
    ToolServers,
    /// What doors keep for themselves.
    Shelf,
    /// Files of the house: of these, everybody sees their own.
    HouseFiles,
    /// The house as a whole.
    House,
}

/// Checks a verb: that what proved who calls still counts, and that the scopes allow it.
///
/// # Errors
/// `unauthorized` when the key or token counts no longer, `not_found` for a session that is not the caller's, `forbidden`.
pub(crate) async fn check(core: &Core, caller: &Principal, does: Does, on: On<'_>) -> Result<()> {
    keys::still_counts(core, caller).await?;
    if caller.scopes.iter().any(|scope| allows(scope, does, on)) {
        return Ok(());
    }
    let (On::Session(id), Some(sight)) = (on, Sight::of(caller).filter(|sight| !sight.is_blind())) else {
        return Err(forbidden(caller, on));
    };
    // Whose session it is counts as well.
    let ledger = core.existing(id).await?;
    ledger.follow().await?;
    let agent = ledger.fold().await?.session.agent;
    if sight.0.iter().any(|scope| is_own(scope, id, &agent) && allows_own(scope, does)) {
        return Ok(());
    }
    if sight.sees(id, &agent) { Err(forbidden(caller, on)) } else { Err(no_session(id)) }
}

/// Checks a question, whose agents are named by their names from then on.
///
/// # Errors
/// As [`check`]; `not_found` for an agent.
pub(crate) async fn ask_check(caller: &Principal, core: &Core, ask: &mut Ask) -> Result<()> {
    match &mut ask.target {
        Target::New(new) => {
            core.by_name(new.agent.as_mut()).await?;
            let agent = new.agent.as_deref().unwrap_or(&core.settings.agent);
            check(core, caller, Does::Asks, On::New(agent)).await?;
            may_choose_id(caller, new.id.as_ref())?;
        }
        Target::Existing(id) | Target::Back { session: id, .. } => {
            check(core, caller, Does::Asks, On::Session(&*id)).await?;
        }
    }
    may_speak_for(caller, ask.author.as_ref())?;
    if let Answering::One(agent) = &mut ask.answering {
        core.by_name(Some(agent)).await?;
        may_have_answer(caller, agent)?;
    }
    Ok(())
}

/// A run, when the verb is allowed on its session.
///
/// # Errors
/// As [`check`]; `not_found` also for a run of a session that is not the caller's.
pub(crate) async fn run_of(core: &Core, caller: &Principal, does: Does, run: &RunId) -> Result<Run> {
    let unknown = || Error::not_found("run", run);
    let row = core.store.run(run).await?.ok_or_else(unknown)?;
    match check(core, caller, does, On::Session(&row.session)).await {
        Err(error) if error.code == ErrorCode::NotFound => Err(unknown()),
        checked => checked.map(|()| row),
    }
}

/// Checks that somebody may choose a new session's id: who sees only a part of the sessions could find out by it which
/// others there are.
pub(crate) fn may_choose_id(caller: &Principal, id: Option<&SessionId>) -> Result<()> {
    if id.is_none() || Sight::of(caller).is_none() {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Forbidden, format!("`{}` may not choose the id of a session", caller.name))
        .hint("leave it out: the house gives one"))
}

/// Checks that somebody may have an agent answer that they name, instead of the session's.
pub(crate) fn may_have_answer(caller: &Principal, agent: &str) -> Result<()> {
    let is_bound = caller.scopes.iter().any(|scope| matches!(scope, Scope::Agent { .. }));
    if !is_bound || sees_agent(caller, agent) {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Forbidden, format!("`{}` may not ask another agent than its own", caller.name)))
}

/// Checks that somebody may say something for somebody else: who sees only a part of the sessions speaks for itself.
pub(crate) fn may_speak_for(caller: &Principal, author: Option<&Participant>) -> Result<()> {
    let Some(author) = author else { return Ok(()) };
    author.check()?;
    if Sight::of(caller).is_none() {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Forbidden, format!("`{}` may not speak for somebody else", caller.name))
        .hint("leave the author out"))
}

/// Whether somebody may know of an agent.
pub(crate) fn sees_agent(caller: &Principal, agent: &str) -> bool {
    caller.scopes.iter().any(|scope| match scope {
        Scope::All | Scope::Use | Scope::Read | Scope::Sessions | Scope::Agents => true,
        Scope::Agent { name, .. } => name == agent,
        Scope::Session(_) | Scope::Mint => false,
    })
}

/// Whether somebody may know of every agent.
pub(crate) fn sees_all_agents(caller: &Principal) -> bool {
    // Nobody's own agent has an empty name.
    sees_agent(caller, "")
}

/// Whether a scope allows a verb, without looking at what it is about.
fn allows(scope: &Scope, does: Does, on: On<'_>) -> bool {
    match (scope, on) {
        (Scope::All, _) => true,
        (_, On::Keys | On::Users) => false,
        (Scope::Sessions | Scope::Agents | Scope::Mint | Scope::Agent { .. } | Scope::Session(_), On::Shelf) => false,
        (_, On::Account) => true,
        (Scope::Use, On::ToolServers) => does != Does::Changes,
        (Scope::Read, On::ToolServers) => does == Does::Reads,
        (Scope::Use, _) => true,
        (Scope::Read, On::Tokens) => false,
        (Scope::Read, _) => does == Does::Reads,
        (Scope::Sessions, On::Session(_) | On::New(_) | On::Sessions) => true,
        (Scope::Sessions, On::Files(_) | On::Agents | On::Offer) => does == Does::Reads,
        (Scope::Sessions, On::House) => does != Does::Changes,
        (Scope::Sessions, On::Tokens | On::ToolServers | On::HouseFiles) => false,
        (Scope::Agents, On::Agents) => true,
        (Scope::Agents, On::Offer) => does == Does::Reads,
        (Scope::Agents, _) => false,
        (Scope::Mint, on) => on == On::Tokens,
        (Scope::Agent { name, session: None }, On::New(agent)) => name == agent,
        (Scope::Agent { .. }, On::Agents) => does == Does::Reads,
        (Scope::Agent { .. } | Scope::Session(_), On::Sessions) => allows_own(scope, does),
        (Scope::Agent { .. } | Scope::Session(_), _) => false,
    }
}

/// Whether a scope that is about a part of the sessions allows a verb on what is its own.
fn allows_own(scope: &Scope, does: Does) -> bool {
    match scope {
        Scope::Agent { session: None, .. } => true,
        Scope::Agent { session: Some(_), .. } | Scope::Session(_) => does != Does::Changes,
        _ => false,
    }
}

/// Whether a session belongs to the part that a scope is about.
fn is_own(scope: &Scope, id: &SessionId, agent: &str) -> bool {
    match scope {
        Scope::Agent { name, session } => name == agent && session.as_ref().is_none_or(|session| session == id.as_str()),
        Scope::Session(session) => session == id.as_str(),
        _ => false,
    }
}

/// Why somebody may not do something.
pub(crate) fn forbidden(caller: &Principal, on: On<'_>) -> Error {
    let what = match on {
        On::Session(session) => format!("this in session `{session}`"),
        On::New(_) => "make a session of this agent".to_owned(),
        On::Sessions => "this in sessions".to_owned(),
        On::Files(_) => "see files of a workspace".to_owned(),
        On::Agents => "this with agents".to_owned(),
        On::Tokens => "mint or revoke tokens".to_owned(),
        On::Keys => "make, list or remove keys".to_owned(),
        On::Users => "see or change the accounts of people".to_owned(),
        On::ToolServers => "this with tool servers".to_owned(),
        On::HouseFiles => "this with files".to_owned(),
        On::Shelf => "read or change what doors keep".to_owned(),
        On::Account | On::Offer | On::House => "this".to_owned(),
    };
    let error = Error::new(
        ErrorCode::Forbidden,
        format!("`{}` may not do {what}", caller.name).replace(" do make", " make").replace(" do read", " read"),
    );
    match on {
        _ if caller.user.is_some() => error.hint("who administers the house can give you another role"),
        On::Keys | On::Users | On::ToolServers => error.hint(HOW),
        _ if caller.credential.is_some() => error.hint("a key with another permission may: `ombud keys add`"),
        _ => error,
    }
}

/// The part of the sessions that somebody sees who does not see all of them.
pub(crate) struct Sight<'a>(Vec<&'a Scope>);

impl<'a> Sight<'a> {
    /// What a caller sees; `None` = everything.
    pub(crate) fn of(caller: &'a Principal) -> Option<Self> {
        let sees_all = |scope: &&Scope| matches!(scope, Scope::All | Scope::Use | Scope::Read | Scope::Sessions);
        if caller.scopes.iter().any(|scope| sees_all(&scope)) {
            return None;
        }
        let part = caller.scopes.iter().filter(|scope| matches!(scope, Scope::Agent { .. } | Scope::Session(_)));
        Some(Self(part.collect()))
    }

    fn is_blind(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a session is in it.
    pub(crate) fn sees(&self, id: &SessionId, agent: &str) -> bool {
        self.0.iter().any(|scope| is_own(scope, id, agent))
    }

    /// The only agent that is in it.
    pub(crate) fn only_agent(&self) -> Option<&'a str> {
        match self.0.as_slice() {
            [Scope::Agent { name, .. }] => Some(name),
            _ => None,
        }
    }

    /// The only session that is in it.
    pub(crate) fn only_session(&self) -> Option<&'a str> {
        match self.0.as_slice() {
            [Scope::Agent { session: Some(session), .. } | Scope::Session(session)] => Some(session),
            _ => None,
        }
    }
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
        // As with pins: fields that the house does not know go to the provider with the house's key.
        agent.settings_mut().for_each(|settings| settings.extra.clear());
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

/// Checks that somebody may bring whole logs, which say by themselves who did what, or take away a copy of the whole store,
/// which holds all secrets.
pub(crate) fn may_bring_logs(caller: &Principal) -> Result<()> {
    if caller.is_admin() {
        return Ok(());
    }
    let message = format!("`{}` may not bring or copy whole logs: only who administers the house may", caller.name);
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

    /// Every scope on everything, as `R`eads, `A`sks, `C`hanges.
    #[test]
    fn scopes_are_kept() {
        let id = SessionId::from_text("s");
        let agent = |session: Option<&str>| Scope::Agent { name: "a".to_owned(), session: session.map(str::to_owned) };
        let on: [(&str, On<'_>); 9] = [
            ("session", On::Session(&id)),
            ("new", On::New("a")),
            ("other new", On::New("b")),
            ("sessions", On::Sessions),
            ("files", On::Files(Some(&id))),
            ("agents", On::Agents),
            ("tokens", On::Tokens),
            ("keys", On::Keys),
            ("house", On::House),
        ];
        let told = |scope: &Scope| {
            let verbs = |on: On<'_>| {
                let does = [(Does::Reads, 'R'), (Does::Asks, 'A'), (Does::Changes, 'C')];
                does.into_iter().filter(|(does, _)| allows(scope, *does, on)).map(|(_, sign)| sign).collect::<String>()
            };
            let told = on.iter().map(|(name, on)| format!("{name}={}", verbs(*on))).collect::<Vec<_>>();
            told.into_iter().filter(|told| !told.ends_with('=')).collect::<Vec<_>>().join(" ")
        };
        let everything = "session=RAC new=RAC other new=RAC sessions=RAC files=RAC agents=RAC tokens=RAC";
        for (scope, expected) in [
            (Scope::All, format!("{everything} keys=RAC house=RAC")),
            (Scope::Use, format!("{everything} house=RAC")),
            (Scope::Read, "session=R new=R other new=R sessions=R files=R agents=R house=R".to_owned()),
            (Scope::Sessions, "session=RAC new=RAC other new=RAC sessions=RAC files=R agents=R house=RA".to_owned()),
            (Scope::Agents, "agents=RAC".to_owned()),
            (Scope::Mint, "tokens=RAC".to_owned()),
            // The session itself is judged by whose it is.
            (agent(None), "new=RAC sessions=RAC agents=R".to_owned()),
            (agent(Some("s")), "sessions=RA agents=R".to_owned()),
            (Scope::Session("s".to_owned()), "sessions=RA".to_owned()),
        ] {
            assert_eq!(told(&scope), expected, "{scope:?}");
        }
        let (one, two) = (SessionId::from_text("s"), SessionId::from_text("t"));
        for (scope, sees) in [
            (agent(None), [true, true, false, false]),
            (agent(Some("s")), [true, false, false, false]),
            (Scope::Session("s".to_owned()), [true, false, true, false]),
        ] {
            let seen = [(&one, "a"), (&two, "a"), (&one, "b"), (&two, "b")].map(|(id, agent)| is_own(&scope, id, agent));
            assert_eq!(seen, sees, "{scope:?}");
        }
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
