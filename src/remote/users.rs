//! Accounts of people of another house.

use async_trait::async_trait;

use super::{Remote, not_over_a_distance};
use crate::domain::{Principal, Result, User};
use crate::engine::{Login, LoginAttempt, NewUser, UserChange, Users};

#[async_trait]
impl Users for Remote {
    async fn login(&self, _attempt: LoginAttempt) -> Result<Login> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn refresh(&self, _: &Principal) -> Result<Login> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn logout(&self, _: &Principal) -> Result<()> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn me(&self, _: &Principal) -> Result<User> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn users(&self, _: &Principal) -> Result<Vec<User>> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn create_user(&self, _: &Principal, _new: NewUser) -> Result<User> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn update_user(&self, _: &Principal, _named: &str, _change: UserChange) -> Result<User> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn remove_user(&self, _: &Principal, _named: &str) -> Result<User> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn issue_token(&self, _: &Principal, _named: &str, _ttl_seconds: Option<u64>) -> Result<Login> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn rotate_signing_key(&self, _: &Principal, _end_all: bool) -> Result<()> {
        Err(not_over_a_distance("this cannot be done"))
    }
}
