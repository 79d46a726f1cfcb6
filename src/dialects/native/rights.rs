//! What a request may ask for beyond its verb: a folder of the machine, and permission for tools, are given by those who
//! administer the house, and by nobody else. And what nobody may send: keys, where they would be kept for ever.

use crate::domain::{
    Agent, Budget, Error, ErrorCode, Labels, Permission, PermissionRule, Pins, Principal, Result, SessionId, SessionUpdated,
};
use crate::engine::{Ask, NewSession, Target, is_secret_name};
use serde_json::Value;

/// Checks a question; what its run may use up is lowered to what the house allows.
pub fn ask(caller: &Principal, ask: &mut Ask, budgets: &Budget) -> Result<()> {
    match &ask.target {
        Target::New(new) => session(caller, new)?,
        Target::Existing(id) | Target::Back { session: id, .. } => checked(id)?,
    }
    pins(caller, &ask.pins)?;
    if !caller.is_admin() {
        ask.pins.budget = ask.pins.budget.lowered(budgets);
    }
    Ok(())
}

/// Checks a new session.
pub fn session(caller: &Principal, new: &NewSession) -> Result<()> {
    if let Some(id) = &new.id {
        checked(id)?;
    }
    no_secret_labels(&new.labels)?;
    no_secrets("attributes", new.attributes.iter())?;
    folder(caller, new.workspace.is_some())
}

/// Checks a change.
pub fn change(caller: &Principal, change: &SessionUpdated) -> Result<()> {
    change.labels.as_ref().map_or(Ok(()), no_secret_labels)?;
    no_secrets("attributes", change.attributes.iter())?;
    folder(caller, change.workspace.is_some())
}

fn pins(caller: &Principal, pins: &Pins) -> Result<()> {
    no_secrets("pins.settings.extra", pins.settings.extra.iter())?;
    folder(caller, pins.workspace.is_some())?;
    widens(caller, &pins.permissions)
}

/// Checks the definition of an agent: what it may do is said by who administers the house.
pub fn definition(caller: &Principal, agent: &Agent) -> Result<()> {
    widens(caller, &agent.permissions)
}

fn widens(caller: &Principal, rules: &[PermissionRule]) -> Result<()> {
    let widens = rules.iter().find(|rule| rule.permission == Permission::Allow);
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

/// Refuses fields whose names tell of a secret, at any depth: what is kept here is told to whoever reads the session.
fn no_secrets<'a>(place: &str, fields: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Result<()> {
    fields.into_iter().try_for_each(|(name, value)| {
        let place = format!("{place}.{name}");
        if is_secret_name(name) && holds_something(value) { Err(secret(&place)) } else { no_secrets_in(&place, value) }
    })
}

fn no_secrets_in(place: &str, value: &Value) -> Result<()> {
    match value {
        Value::Object(fields) => no_secrets(place, fields),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, item)| no_secrets_in(&format!("{place}.{index}"), item))
        }
        _ => Ok(()),
    }
}

/// Whether what stands under such a name can be a secret: `{"token": {"count": 3}}` holds none.
fn holds_something(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Number(_) => true,
        Value::Array(items) => items.iter().any(holds_something),
        Value::Null | Value::Bool(_) | Value::Object(_) => false,
    }
}

fn no_secret_labels(labels: &Labels) -> Result<()> {
    labels.iter().find(|(name, _)| is_secret_name(name)).map_or(Ok(()), |(name, _)| Err(secret(&format!("labels.{name}"))))
}

fn secret(place: &str) -> Error {
    let place = crate::config::printable(place);
    Error::invalid(format!("`{place}` sounds like a secret, and none is kept there"))
        .hint("keys belong into the configuration of the house; name the field otherwise if it holds none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Answering;

    fn question(pins: Pins) -> Ask {
        Ask {
            procedure: None,
            target: Target::New(Box::default()),
            input: Vec::new(),
            blobs: Vec::new(),
            context: Vec::new(),
            answering: Answering::default(),
            on_busy: crate::engine::OnBusy::default(),
            pins,
            ..Ask::default()
        }
    }

    #[test]
    fn only_who_administers_may_choose_folders_and_allow_tools() {
        let (anybody, admin) = (Principal::unproven(), Principal::local("admin"));
        let house = Budget::default();
        let folder = || Some("/".to_owned());
        let rule = |permission| PermissionRule::parse("write_file", permission).unwrap();
        for (pins, allowed) in [
            (Pins::default(), true),
            (Pins { workspace: folder(), ..Pins::default() }, false),
            (Pins { permissions: vec![rule(Permission::Deny)], ..Pins::default() }, true),
            (Pins { permissions: vec![rule(Permission::Deny), rule(Permission::Allow)], ..Pins::default() }, false),
        ] {
            let mut asked = question(pins);
            assert_eq!(ask(&anybody, &mut asked, &house).map_err(|error| error.code).is_ok(), allowed, "{asked:?}");
            assert_eq!(ask(&admin, &mut asked, &house), Ok(()));
        }
        let new = NewSession { workspace: folder(), ..NewSession::default() };
        assert_eq!(session(&anybody, &new).unwrap_err().code, ErrorCode::Forbidden);
        assert_eq!(session(&admin, &new), Ok(()));
        let clears = SessionUpdated { workspace: Some(None), ..SessionUpdated::default() };
        assert_eq!(change(&anybody, &clears).unwrap_err().code, ErrorCode::Forbidden);
        let mut strange = question(Pins::default());
        strange.target = Target::Existing(SessionId::from_text("../x"));
        assert_eq!(ask(&admin, &mut strange, &house).unwrap_err().code, ErrorCode::InvalidInput);
    }

    #[test]
    fn budgets_of_the_house_are_not_raised() {
        let house = Budget { max_turns: Some(5), max_cost_usd: Some(0.5), ..Budget::default() };
        let wanted = Budget { max_turns: Some(9), max_cost_usd: Some(2.0), timeout_seconds: Some(60), max_tokens: None };
        let mut asked = question(Pins { budget: wanted.clone(), ..Pins::default() });
        ask(&Principal::unproven(), &mut asked, &house).unwrap();
        let lowered = Budget { max_turns: Some(5), max_cost_usd: Some(0.5), timeout_seconds: Some(60), max_tokens: None };
        assert_eq!(asked.pins.budget, lowered);
        let mut asked = question(Pins { budget: wanted.clone(), ..Pins::default() });
        ask(&Principal::local("admin"), &mut asked, &house).unwrap();
        assert_eq!(asked.pins.budget, wanted);
    }
}
