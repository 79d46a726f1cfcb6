//! Accounts of people of another house.

use async_trait::async_trait;

use super::wire::{self, IssueToken, Nothing, OfUser, RotateSigningKey, UpdateUser};
use super::{Remote, SOON, not_over_a_distance};
use crate::domain::{Error, Principal, Result, User};
use crate::engine::{Login, LoginAttempt, NewUser, UserChange, Users};

/// Who calls is known by what the line carries, which is no account's token.
fn where_it_is() -> Error {
    not_over_a_distance("logging in and out cannot be done").hint("log in by the API for people of that server")
}

#[async_trait]
impl Users for Remote {
    async fn login(&self, _attempt: LoginAttempt) -> Result<Login> {
        Err(where_it_is())
    }

    async fn refresh(&self, _: &Principal) -> Result<Login> {
        Err(where_it_is())
    }

    async fn logout(&self, _: &Principal) -> Result<()> {
        Err(where_it_is())
    }

    async fn me(&self, _: &Principal) -> Result<User> {
        Err(where_it_is())
    }

    async fn users(&self, _: &Principal) -> Result<Vec<User>> {
        let wire::Users { users } = self.line.call("users", &Nothing {}, SOON).await?;
        Ok(users)
    }

    async fn create_user(&self, _: &Principal, new: NewUser) -> Result<User> {
        self.line.call("create-user", &new, SOON).await
    }

    async fn update_user(&self, _: &Principal, named: &str, change: UserChange) -> Result<User> {
        self.line.call("update-user", &UpdateUser { name: named.to_owned(), change }, SOON).await
    }

    async fn remove_user(&self, _: &Principal, named: &str) -> Result<User> {
        self.line.call("remove-user", &OfUser { name: named.to_owned() }, SOON).await
    }

    async fn issue_token(&self, _: &Principal, named: &str, ttl_seconds: Option<u64>) -> Result<Login> {
        self.line.call("issue-token", &IssueToken { name: named.to_owned(), ttl_seconds }, SOON).await
    }

    async fn rotate_signing_key(&self, _: &Principal, end_all: bool) -> Result<()> {
        let Nothing {} = self.line.call("rotate-signing-key", &RotateSigningKey { end_all }, SOON).await?;
        Ok(())
    }
}
