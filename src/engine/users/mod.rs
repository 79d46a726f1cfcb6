//! People with an account: who they are, how they prove it, and how long a proof counts.

use std::net::IpAddr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::access::{Does, On};
use super::house::House;
use super::keys::Word;
use crate::domain::{Error, ErrorCode, Principal, Result, Role, Timestamp, User};

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
    async fn login(&self, _attempt: LoginAttempt) -> Result<Login> {
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn refresh(&self, caller: &Principal) -> Result<Login> {
        self.check(caller, Does::Reads, On::Account).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn logout(&self, caller: &Principal) -> Result<()> {
        self.check(caller, Does::Reads, On::Account).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn me(&self, caller: &Principal) -> Result<User> {
        self.check(caller, Does::Reads, On::Account).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn users(&self, caller: &Principal) -> Result<Vec<User>> {
        self.check(caller, Does::Reads, On::Users).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn create_user(&self, caller: &Principal, _new: NewUser) -> Result<User> {
        self.check(caller, Does::Changes, On::Users).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn update_user(&self, caller: &Principal, _named: &str, _change: UserChange) -> Result<User> {
        self.check(caller, Does::Changes, On::Users).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn remove_user(&self, caller: &Principal, _named: &str) -> Result<User> {
        self.check(caller, Does::Changes, On::Users).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn issue_token(&self, caller: &Principal, _named: &str, _ttl_seconds: Option<u64>) -> Result<Login> {
        self.check(caller, Does::Changes, On::Users).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn rotate_signing_key(&self, caller: &Principal, _end_all: bool) -> Result<()> {
        self.check(caller, Does::Changes, On::Users).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }
}
