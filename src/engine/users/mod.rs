//! People with an account: who they are, how they prove it, and how long a proof counts.
//!
//! `accounts` keeps them, `passwords` checks what they know, `throttle` slows down who guesses, `signing` has the keys, and
//! `tokens` are what is signed. What a caller may do is decided by the role of the account as it is now, never by the token.

mod accounts;
mod passwords;
mod signing;
mod throttle;
mod tokens;

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use self::accounts::Accounts;
use self::passwords::Passwords;
use self::signing::SigningKeys;
use self::throttle::Throttle;
use self::tokens::EndedTokens;
pub(crate) use self::tokens::{Proven, is_signed, principal_of, still_counts};
use super::access::{Does, On};
use super::house::{Core, House};
use super::keys::Word;
use crate::config::LoginSettings;
use crate::domain::{Credential, Error, ErrorCode, Principal, Result, Role, Timestamp, User, UserId};

/// How long a token lives that is made for a program, when nobody says so, in seconds.
const ISSUED_LIFE: u64 = 3_600;
/// Longest life of one, in seconds: a year.
const LONGEST_LIFE: u64 = 365 * 86_400;

/// People with an account, as this process knows them.
pub(crate) struct People {
    accounts: Accounts,
    passwords: Passwords,
    throttle: Throttle,
    signing: SigningKeys,
    ended: EndedTokens,
    token_seconds: u64,
}

impl People {
    pub(crate) fn new(settings: &LoginSettings) -> Self {
        Self {
            accounts: Accounts::default(),
            passwords: Passwords::default(),
            throttle: Throttle::new(settings),
            signing: SigningKeys::default(),
            ended: EndedTokens::default(),
            token_seconds: settings.token_seconds,
        }
    }
}

/// Somebody who says who they are.
#[derive(Clone, Debug)]
pub struct LoginAttempt {
    /// The name of the account.
    pub name: String,
    /// Its password.
    pub password: Word,
    /// Where they call from: attempts that fail are counted by name and by address.
    pub address: Option<IpAddr>,
}

/// A proof of who somebody is. Its word is told here and never again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// A signed token.
    pub token: Word,
    /// When it opens nothing any more.
    pub expires_at: Timestamp,
    /// Who it is.
    pub user: User,
}

/// What an account is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name, see [`User::name`].
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Their address.
    #[serde(default)]
    pub email: Option<String>,
    /// The password: 8 to 1,024 bytes.
    pub password: Word,
}

/// What is to change about an account. Absent = as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserChange {
    /// What they may do.
    pub role: Option<Role>,
    /// Their address; empty = none.
    pub email: Option<String>,
    /// The password. With it all tokens of this user end.
    pub password: Option<Word>,
}

/// All about people with an account.
#[async_trait]
pub trait Users: Send + Sync {
    /// Proves who somebody is by name and password. Nobody is known before.
    ///
    /// # Errors
    /// `unauthorized`, the same words after the same time whether the name or the password is wrong; `rate_limited` after too
    /// many attempts that failed; `not_supported` over a distance.
    async fn login(&self, attempt: LoginAttempt) -> Result<Login>;

    /// A new token for who calls with one that counts. The old one counts until it ends by itself.
    ///
    /// # Errors
    /// `unauthorized` for who calls without an account.
    async fn refresh(&self, caller: &Principal) -> Result<Login>;

    /// Ends the token that the caller calls with, in every process of the store.
    ///
    /// # Errors
    /// As [`Users::refresh`].
    async fn logout(&self, caller: &Principal) -> Result<()>;

    /// Who calls.
    ///
    /// # Errors
    /// As [`Users::refresh`].
    async fn me(&self, caller: &Principal) -> Result<User>;

    /// All accounts, by name. For who administers the house.
    async fn users(&self, caller: &Principal) -> Result<Vec<User>>;

    /// Makes an account.
    ///
    /// # Errors
    /// `forbidden` for who does not administer the house, `invalid_input`, `conflict` when the name is taken.
    async fn create_user(&self, caller: &Principal, new: NewUser) -> Result<User>;

    /// Changes an account, by its name or its id.
    ///
    /// # Errors
    /// As [`Users::create_user`], and `not_found`.
    async fn update_user(&self, caller: &Principal, named: &str, change: UserChange) -> Result<User>;

    /// Removes an account, by its name or its id: its tokens open nothing any more.
    async fn remove_user(&self, caller: &Principal, named: &str) -> Result<User>;

    /// A token for an account, made by who administers the house: for programs. Absent = an hour, at most a year.
    async fn issue_token(&self, caller: &Principal, named: &str, ttl_seconds: Option<u64>) -> Result<Login>;

    /// Signs with a new key from now on. Tokens that the old one signed count until they end, or with `end_all` no more.
    async fn rotate_signing_key(&self, caller: &Principal, end_all: bool) -> Result<()>;
}

#[async_trait]
impl Users for House {
    async fn login(&self, attempt: LoginAttempt) -> Result<Login> {
        login(&self.core, attempt).await
    }

    async fn refresh(&self, caller: &Principal) -> Result<Login> {
        self.check(caller, Does::Reads, On::Account).await?;
        let (user, _) = proven(caller)?;
        let account = self.core.people.accounts.of(&self.core, user).await?.ok_or_else(nobody)?;
        tokens::issue(&self.core, &account, self.core.people.token_seconds).await
    }

    async fn logout(&self, caller: &Principal) -> Result<()> {
        self.check(caller, Does::Reads, On::Account).await?;
        let (_, credential) = proven(caller)?;
        tokens::end(&self.core, credential).await
    }

    async fn me(&self, caller: &Principal) -> Result<User> {
        self.check(caller, Does::Reads, On::Account).await?;
        let (user, _) = proven(caller)?;
        let account = self.core.people.accounts.of(&self.core, user).await?.ok_or_else(nobody)?;
        Ok(account.user.clone())
    }

    async fn users(&self, caller: &Principal) -> Result<Vec<User>> {
        self.check(caller, Does::Reads, On::Users).await?;
        accounts::list(&self.core).await
    }

    async fn create_user(&self, caller: &Principal, new: NewUser) -> Result<User> {
        self.check(caller, Does::Changes, On::Users).await?;
        accounts::check_new(&self.core, &new).await?;
        let kept = passwords::hash(self.core.people.passwords.place().await?, new.password.clone()).await?;
        accounts::create(&self.core, new, kept).await
    }

    async fn update_user(&self, caller: &Principal, named: &str, change: UserChange) -> Result<User> {
        self.check(caller, Does::Changes, On::Users).await?;
        let key = accounts::find(&self.core, named).await?;
        accounts::check_change(&change)?;
        let kept = match change.password.clone() {
            Some(password) => Some(passwords::hash(self.core.people.passwords.place().await?, password).await?),
            None => None,
        };
        accounts::update(&self.core, &key, &change, kept).await
    }

    async fn remove_user(&self, caller: &Principal, named: &str) -> Result<User> {
        self.check(caller, Does::Changes, On::Users).await?;
        accounts::remove(&self.core, &accounts::find(&self.core, named).await?).await
    }

    async fn issue_token(&self, caller: &Principal, named: &str, ttl_seconds: Option<u64>) -> Result<Login> {
        self.check(caller, Does::Changes, On::Users).await?;
        let seconds = ttl_seconds.unwrap_or(ISSUED_LIFE);
        if !(1..=LONGEST_LIFE).contains(&seconds) {
            return Err(Error::invalid("a token lives for at least a second and at most a year"));
        }
        let key = accounts::find(&self.core, named).await?;
        let account = accounts::named(&self.core, &key).await?.ok_or_else(|| Error::not_found("user", &key))?;
        tokens::issue(&self.core, &account, seconds).await
    }

    async fn rotate_signing_key(&self, caller: &Principal, end_all: bool) -> Result<()> {
        self.check(caller, Does::Changes, On::Users).await?;
        self.core.people.signing.rotate(&self.core, end_all).await
    }
}

/// The account and the token of a caller.
fn proven(caller: &Principal) -> Result<(&UserId, &Credential)> {
    caller.user.as_ref().zip(caller.credential.as_ref()).ok_or_else(nobody)
}

/// Who calls has no account.
fn nobody() -> Error {
    Error::new(ErrorCode::Unauthorized, "who calls has not logged in")
        .hint("log in with the name and password of an account")
}

async fn login(core: &Arc<Core>, attempt: LoginAttempt) -> Result<Login> {
    let LoginAttempt { name, password, address } = attempt;
    let People { throttle, passwords, token_seconds, .. } = &core.people;
    // What cannot be a name is nobody's, and counts as one.
    let name = accounts::key(&name).unwrap_or_default();
    // Who must wait takes no place.
    throttle.check(core.clock.now(), &name, address)?;
    let place = passwords.place().await?;
    // Counted before it is known: many attempts at once are no way around.
    throttle.take(core.clock.now(), &name, address)?;
    let account = accounts::named(core, &name).await?;
    let fits = passwords::fits(place, password, account.as_ref().map(|account| account.password.clone())).await?;
    let Some(account) = account.filter(|_| fits) else {
        return Err(Error::new(ErrorCode::Unauthorized, "the name or the password is wrong"));
    };
    throttle.give_back(&name, address);
    tokens::issue(core, &account, *token_seconds).await
}
