//! What doors keep for themselves: JSON documents under a namespace, a kind and an id. The engine never reads them, and
//! shows them nowhere else. They lie in the store as records of a kind of their own.

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::access::{Does, On};
use super::house::{Core, House};
use crate::domain::{Error, ErrorCode, Principal, Result};
use crate::storage::Record;

/// Most bytes of one document, as JSON.
const DOCUMENT_BYTES: usize = 1 << 20;
/// Most documents of one kind.
const DOCUMENTS: usize = 10_000;
/// Most bytes of a namespace, and of a kind.
const WORD_BYTES: usize = 64;
/// Most bytes of an id.
const ID_BYTES: usize = 256;
/// The name of the secret of a kind.
const SECRET: &str = "seal";
/// Most documents of one page.
const PAGE: usize = 1_000;

/// Where documents stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShelfPlace {
    /// Whose they are: the name of a door. Lower-case letters, digits, `_`, `-` and `.`, at most 64.
    pub namespace: String,
    /// What they are, in the same letters.
    pub kind: String,
}

impl ShelfPlace {
    /// A kind of documents of a door.
    pub fn new(namespace: &str, kind: &str) -> Self {
        Self { namespace: namespace.to_owned(), kind: kind.to_owned() }
    }

    fn record_kind(&self) -> Result<String> {
        let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
        for word in [&self.namespace, &self.kind] {
            if word.is_empty() || word.len() > WORD_BYTES || !word.bytes().all(is_sign) {
                return Err(Error::invalid("this is no place on a shelf")
                    .hint("use lower-case letters, digits, `_`, `-` and `.`, at most 64"));
            }
        }
        Ok(format!("shelf:{}:{}", self.namespace, self.kind))
    }
}

/// A document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShelfDocument {
    /// Its id.
    pub id: String,
    /// What it says.
    pub value: Value,
    /// Names this state of it: another one has another.
    pub revision: String,
}

/// What a document must be until it is put.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Whatever it is, or nothing.
    #[default]
    Anything,
    /// Not there.
    Nothing,
    /// This revision.
    Revision(String),
}

/// A page of documents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShelfPage {
    /// The documents, by id.
    pub documents: Vec<ShelfDocument>,
    /// The id after which the next page begins; absent = this was the last.
    pub next: Option<String>,
}

/// What doors keep for themselves.
#[async_trait]
pub trait Shelves: Send + Sync {
    /// Puts a document. Durable when it answers.
    ///
    /// # Errors
    /// `conflict` when it is not what was expected, `too_large` above 1 MiB or 10,000 documents of one kind,
    /// `invalid_input`; `not_supported` over a distance, as all of these.
    async fn shelf_put(
        &self,
        caller: &Principal,
        place: &ShelfPlace,
        id: &str,
        value: Value,
        expected: Expected,
    ) -> Result<ShelfDocument>;

    /// One document; `None` when it is not there.
    async fn shelf_get(&self, caller: &Principal, place: &ShelfPlace, id: &str) -> Result<Option<ShelfDocument>>;

    /// Documents by id, after one; at most 1,000.
    async fn shelf_list(
        &self,
        caller: &Principal,
        place: &ShelfPlace,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ShelfPage>;

    /// Takes a document away, for good; true when it was there.
    async fn shelf_remove(&self, caller: &Principal, place: &ShelfPlace, id: &str) -> Result<bool>;

    /// A secret of a door, which is drawn when it is first asked for and stays: what it seals with.
    async fn shelf_secret(&self, caller: &Principal, place: &ShelfPlace) -> Result<SecretString>;
}

#[async_trait]
impl Shelves for House {
    async fn shelf_put(
        &self,
        caller: &Principal,
        place: &ShelfPlace,
        id: &str,
        value: Value,
        expected: Expected,
    ) -> Result<ShelfDocument> {
        self.check(caller, Does::Changes, On::Shelf).await?;
        put(&self.core, place, id, value, expected).await
    }

    async fn shelf_get(&self, caller: &Principal, place: &ShelfPlace, id: &str) -> Result<Option<ShelfDocument>> {
        self.check(caller, Does::Reads, On::Shelf).await?;
        let found = self.core.store.record(&place.record_kind()?, id).await?;
        found.map(document).transpose()
    }

    async fn shelf_list(
        &self,
        caller: &Principal,
        place: &ShelfPlace,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ShelfPage> {
        self.check(caller, Does::Reads, On::Shelf).await?;
        let limit = limit.min(PAGE);
        let mut records = self.core.store.records(&place.record_kind()?).await?;
        records.retain(|record| after.is_none_or(|after| record.id.as_str() > after));
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(|last| last.id.clone());
        Ok(ShelfPage { documents: records.into_iter().map(document).collect::<Result<_>>()?, next })
    }

    async fn shelf_remove(&self, caller: &Principal, place: &ShelfPlace, id: &str) -> Result<bool> {
        self.check(caller, Does::Changes, On::Shelf).await?;
        self.core.store.remove_record(&place.record_kind()?, id).await
    }

    async fn shelf_secret(&self, caller: &Principal, place: &ShelfPlace) -> Result<SecretString> {
        self.check(caller, Does::Changes, On::Shelf).await?;
        let (owner, store) = (place.record_kind()?, &self.core.store);
        match store.secret(&owner, SECRET).await? {
            Some(secret) => Ok(secret),
            None => store.settle_secret(&owner, SECRET, &crate::observe::random_secret()).await,
        }
    }
}

fn revision(body: &str) -> String {
    Sha256::digest(body.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn document(record: Record) -> Result<ShelfDocument> {
    let Record { kind, id, body } = record;
    let value = serde_json::from_str(&body).map_err(|error| {
        let message = format!("document `{id}` of `{kind}` cannot be read: {error}");
        Error::store(Some(crate::domain::Cause::Corrupt), message)
    })?;
    Ok(ShelfDocument { id, value, revision: revision(&body) })
}

async fn put(core: &Core, place: &ShelfPlace, id: &str, value: Value, expected: Expected) -> Result<ShelfDocument> {
    let kind = place.record_kind()?;
    if id.is_empty() || id.len() > ID_BYTES || id.chars().any(char::is_control) {
        return Err(Error::invalid(format!("the id of a document must have 1 to {ID_BYTES} bytes")));
    }
    let body = value.to_string();
    if body.len() > DOCUMENT_BYTES {
        let message = format!("document `{id}` has {} bytes, at most {DOCUMENT_BYTES} are kept", body.len());
        return Err(Error::new(ErrorCode::TooLarge, message));
    }
    let there = core.store.record(&kind, id).await?;
    if there.is_none() && core.store.records(&kind).await?.len() >= DOCUMENTS {
        let message = format!("there is no room for document `{id}`: {DOCUMENTS} of its kind are kept");
        return Err(Error::new(ErrorCode::TooLarge, message));
    }
    let conflict = || {
        Error::new(ErrorCode::Conflict, format!("document `{id}` was changed by somebody else"))
            .hint("read it again, and decide on that")
    };
    let record = Record { kind, id: id.to_owned(), body: body.clone() };
    let is_put = match (&expected, &there) {
        (Expected::Anything, _) => {
            core.store.put_record(record).await?;
            true
        }
        (Expected::Nothing, None) => core.store.put_record_if(record, None).await?,
        (Expected::Revision(wanted), Some(there)) if revision(&there.body) == *wanted => {
            core.store.put_record_if(record, Some(&there.body)).await?
        }
        (Expected::Nothing | Expected::Revision(_), _) => false,
    };
    if is_put { Ok(ShelfDocument { id: id.to_owned(), value, revision: revision(&body) }) } else { Err(conflict()) }
}
