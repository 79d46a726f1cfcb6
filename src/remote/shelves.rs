//! What doors keep for themselves stays in the house in which they are.

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;

use super::{Remote, not_over_a_distance};
use crate::domain::{Principal, Result};
use crate::engine::{Expected, ShelfDocument, ShelfPage, ShelfPlace, Shelves};

/// What cannot be done.
const WHAT: &str = "what doors keep cannot be read or changed";

#[async_trait]
impl Shelves for Remote {
    async fn shelf_put(
        &self,
        _: &Principal,
        _place: &ShelfPlace,
        _id: &str,
        _value: Value,
        _expected: Expected,
    ) -> Result<ShelfDocument> {
        Err(not_over_a_distance(WHAT))
    }

    async fn shelf_get(&self, _: &Principal, _place: &ShelfPlace, _id: &str) -> Result<Option<ShelfDocument>> {
        Err(not_over_a_distance(WHAT))
    }

    async fn shelf_list(&self, _: &Principal, _: &ShelfPlace, _after: Option<&str>, _limit: usize) -> Result<ShelfPage> {
        Err(not_over_a_distance(WHAT))
    }

    async fn shelf_remove(&self, _: &Principal, _place: &ShelfPlace, _id: &str) -> Result<bool> {
        Err(not_over_a_distance(WHAT))
    }

    async fn shelf_secret(&self, _: &Principal, _place: &ShelfPlace) -> Result<SecretString> {
        Err(not_over_a_distance(WHAT))
    }
}
