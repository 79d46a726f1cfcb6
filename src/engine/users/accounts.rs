//! Accounts, as they are kept: one record each, under its name in small letters, changed by compare and put.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{NewUser, UserChange};
use crate::domain::{Cause, Error, ErrorCode, Result, User, UserId};
use crate::engine::house::Core;
use crate::engine::recent::Recent;
use crate::storage::Record;

/// Kind of the records that keep accounts.
const USER: &str = "user";
/// Most accounts.
const USERS: usize = 10_000;
/// Longest name, and longest address.
const NAME: usize = 64;
const EMAIL: usize = 254;
/// How often a change is tried again when others change the same account at the same time.
const ATTEMPTS: usize = 20;

/// An account, with what proves its user.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// Who it is.
    #[serde(flatten)]
    pub(super) user: User,
    /// What is kept of the password: see `passwords`.
    pub(super) password: String,
    /// Rises when all tokens of the user end.
    pub(super) generation: u64,
}

/// Accounts as this process knows them.
#[derive(Default)]
pub(super) struct Accounts {
    seen: Recent<Option<Arc<Account>>>,
    /// The names of ids, which never change.
    names: Recent<Option<String>>,
}

/// What a name is kept under: no two users have names that differ in the size of letters only. Absent = nobody can have
/// this name.
pub(super) fn key(name: &str) -> Option<String> {
    let first = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte));
    (first && rest && name.len() <= NAME).then(|| name.to_ascii_lowercase())
}

fn parsed(record: &Record) -> Result<Account> {
    serde_json::from_str(&record.body).map_err(|error| {
        let message = format!("a record of kind `{USER}` cannot be read: {error}");
        Error::store(Some(Cause::Corrupt), message)
    })
}

fn record(key: &str, account: &Account) -> Result<Record> {
    let body =
        serde_json::to_string(account).map_err(|error| Error::internal(format!("an account cannot be written: {error}")))?;
    Ok(Record { kind: USER.to_owned(), id: key.to_owned(), body })
}

impl Accounts {
    /// The account of an id, as it was a moment ago.
    pub(super) async fn of(&self, core: &Core, id: &UserId) -> Result<Option<Arc<Account>>> {
        let named =
            async { Ok(all(core).await?.into_iter().find(|(_, account)| account.user.id == *id).map(|(key, _)| key)) };
        let Some(key) = self.names.get(core, id.as_str(), named).await? else { return Ok(None) };
        let read = async { Ok(at(core, &key).await?.map(|(_, account)| Arc::new(account))) };
        // Somebody else may have been given the name of one who was removed.
        Ok(self.seen.get(core, &key, read).await?.filter(|account| account.user.id == *id))
    }
}

/// The account under a key, and how it is written.
async fn at(core: &Core, key: &str) -> Result<Option<(String, Account)>> {
    let Some(record) = core.store.record(USER, key).await? else { return Ok(None) };
    let account = parsed(&record)?;
    Ok(Some((record.body, account)))
}

/// The account of a name, as it is now.
pub(super) async fn named(core: &Core, name: &str) -> Result<Option<Account>> {
    let Some(key) = key(name) else { return Ok(None) };
    Ok(at(core, &key).await?.map(|(_, account)| account))
}

/// All accounts with their keys, by key.
async fn all(core: &Core) -> Result<Vec<(String, Account)>> {
    let records = core.store.records(USER).await?;
    records.iter().map(|record| Ok((record.id.clone(), parsed(record)?))).collect()
}

/// All users, by name.
pub(super) async fn list(core: &Core) -> Result<Vec<User>> {
    Ok(all(core).await?.into_iter().map(|(_, account)| account.user).collect())
}

/// The key of the account that somebody names, by its name or its id.
///
/// # Errors
/// `not_found`.
pub(super) async fn find(core: &Core, named: &str) -> Result<String> {
    let key = key(named);
    if let Some(key) = &key
        && at(core, key).await?.is_some()
    {
        return Ok(key.clone());
    }
    let by_id = all(core).await?.into_iter().find(|(_, account)| account.user.id.as_str() == named);
    by_id.map(|(key, _)| key).ok_or_else(|| {
        // What cannot be a name may be a password that slipped.
        let unknown = match key {
            Some(_) => Error::not_found("user", named),
            None => Error::new(ErrorCode::NotFound, "no user has this name"),
        };
        unknown.hint("`ombud users list` shows the accounts that there are")
    })
}

/// Checks what a new account is to be, before its password is worked on.
///
/// # Errors
/// `invalid_input`, `conflict` when the name is taken or there are too many.
pub(super) async fn check_new(core: &Core, new: &NewUser) -> Result<()> {
    let Some(key) = key(&new.name) else {
        // It is not said back: it may be a password that slipped.
        return Err(Error::invalid("a user cannot have this name")
            .hint("use letters, digits, `.`, `_`, `@` and `-`, at most 64, and begin with a letter or digit"));
    };
    check_email(new.email.as_deref())?;
    super::passwords::check(&new.password)?;
    let known = core.store.records(USER).await?;
    if known.iter().any(|record| record.id == key) {
        return Err(taken(&new.name));
    }
    if known.len() >= USERS {
        return Err(Error::new(ErrorCode::Conflict, format!("there are {USERS} users, and no more are kept"))
            .hint("take one away: `ombud users remove NAME`"));
    }
    Ok(())
}

fn taken(name: &str) -> Error {
    Error::new(ErrorCode::Conflict, format!("user `{name}` exists"))
        .hint("give another name, or change the one that is there: `ombud users passwd NAME`")
}

fn check_email(email: Option<&str>) -> Result<()> {
    let good = |email: &str| {
        let (name, host) = email.rsplit_once('@').unwrap_or_default();
        let plain = email.chars().all(|c| !c.is_control() && !c.is_whitespace());
        !name.is_empty() && !host.is_empty() && plain && email.len() <= EMAIL
    };
    if email.is_none_or(|email| email.is_empty() || good(email)) {
        return Ok(());
    }
    Err(Error::invalid(format!("an email address has the form NAME@HOST, at most {EMAIL} bytes")))
}

/// Makes an account that was checked; `password` is what is kept of its password.
///
/// # Errors
/// `conflict` when somebody was quicker.
pub(super) async fn create(core: &Core, new: NewUser, password: String) -> Result<User> {
    let key = key(&new.name).ok_or_else(|| taken(&new.name))?;
    let now = core.clock.now();
    let user = User {
        id: UserId::new(&*core.clock),
        name: new.name,
        email: new.email.filter(|email| !email.is_empty()),
        role: new.role,
        created_at: now,
        updated_at: now,
    };
    let account = Account { user, password, generation: 1 };
    if !core.store.put_record_if(record(&key, &account)?, None).await? {
        return Err(taken(&account.user.name));
    }
    changed(core, &key, &account);
    Ok(account.user)
}

fn changed(core: &Core, key: &str, account: &Account) {
    let accounts = &core.people.accounts;
    accounts.seen.changed(key);
    accounts.names.changed(account.user.id.as_str());
}

/// Checks a change, before its password is worked on.
///
/// # Errors
/// `invalid_input`.
pub(super) fn check_change(change: &UserChange) -> Result<()> {
    check_email(change.email.as_deref())?;
    change.password.as_ref().map_or(Ok(()), super::passwords::check)
}

/// Changes an account; `password` is what is kept of its new password.
///
/// # Errors
/// `not_found`; `busy` when others change it all the time.
pub(super) async fn update(core: &Core, key: &str, change: &UserChange, password: Option<String>) -> Result<User> {
    for _ in 0..ATTEMPTS {
        let Some((before, mut account)) = at(core, key).await? else { return Err(Error::not_found("user", key)) };
        account.user.role = change.role.unwrap_or(account.user.role);
        if let Some(email) = &change.email {
            account.user.email = Some(email.clone()).filter(|email| !email.is_empty());
        }
        if let Some(password) = &password {
            account.password.clone_from(password);
            account.generation += 1;
        }
        account.user.updated_at = core.clock.now();
        if core.store.put_record_if(record(key, &account)?, Some(&before)).await? {
            changed(core, key, &account);
            return Ok(account.user);
        }
    }
    Err(Error::new(ErrorCode::Busy, format!("user `{key}` is changed by others at the same time")))
}

/// Takes an account away.
///
/// # Errors
/// `not_found`.
pub(super) async fn remove(core: &Core, key: &str) -> Result<User> {
    let Some((_, account)) = at(core, key).await? else { return Err(Error::not_found("user", key)) };
    let removed = core.store.remove_record(USER, key).await?;
    changed(core, key, &account);
    if removed { Ok(account.user) } else { Err(Error::not_found("user", key)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        for (name, expected) in [
            ("ana", Some("ana")),
            ("Ana.B_c-1@host", Some("ana.b_c-1@host")),
            ("9", Some("9")),
            ("", None),
            ("-a", None),
            ("@a", None),
            ("a b", None),
            ("ä", None),
            ("a\n", None),
            ("a/b", None),
        ] {
            assert_eq!(key(name).as_deref(), expected, "{name:?}");
        }
        assert!(key(&"x".repeat(64)).is_some() && key(&"x".repeat(65)).is_none());
    }

    #[test]
    fn addresses_are_looked_at() {
        for (email, good) in [
            (None, true),
            (Some(""), true),
            (Some("ana@example.org"), true),
            (Some("ana"), false),
            (Some("@example.org"), false),
            (Some("ana@"), false),
            (Some("a na@example.org"), false),
            (Some("ana@example.org\r\nBcc: x"), false),
        ] {
            assert_eq!(check_email(email).is_ok(), good, "{email:?}");
        }
        assert!(check_email(Some(&format!("{}@x", "a".repeat(253)))).is_err());
    }
}
