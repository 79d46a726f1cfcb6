//! Who may do what: every verb is checked here, from the principal's scopes.

use crate::domain::{Error, ErrorCode, Principal, Result, Scope, SessionId};

/// What a verb does to what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Shows it.
    Reads,
    /// Says something in it.
    Asks,
    /// Changes or removes it.
    Changes,
}

/// Checks a verb on one session, or with `None` on all of them.
pub(crate) fn check(caller: &Principal, does: Does, session: Option<&SessionId>) -> Result<()> {
    let allowed = caller.scopes.iter().any(|scope| match scope {
        Scope::All | Scope::Use => true,
        Scope::Read => does == Does::Reads,
        Scope::Session(id) => does != Does::Changes && session.is_some_and(|session| session.as_str() == id),
    });
    if allowed {
        return Ok(());
    }
    let what = session.map_or_else(|| "this".to_owned(), |session| format!("this in session `{session}`"));
    Err(Error::new(ErrorCode::Forbidden, format!("`{}` may not do {what}", caller.name)))
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
    }
}
