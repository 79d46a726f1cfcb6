//! The keys that sign tokens: one signs, older ones still prove what they have signed.
//!
//! Which there are stands in one record, changed by compare and put; the keys themselves are secrets of the store, by their
//! number. The record knows a moment by which all has ended that a key has signed: so it is known when an old one may go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::try_join_all;
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use crate::domain::{Cause, Error, ErrorCode, Result, Timestamp};
use crate::engine::house::Core;
use crate::engine::recent::Recent;
use crate::storage::Record;

/// Kind and id of the record that tells which keys there are.
const RING: (&str, &str) = ("signing", "user_tokens");
/// Whose the keys are among the secrets of a store; before the number of each.
const OWNER: &str = "house";
const NAME: &str = "user_token_key:";
/// Most old keys that are kept at once.
const OLD: usize = 16;
/// How far ahead the end of what a key has signed is written down, in seconds: so that few tokens cost a change of the record.
const AHEAD: u64 = 86_400;
/// How often a change is tried again when other processes make one at the same time.
const ATTEMPTS: usize = 20;

/// Which keys there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ring {
    /// The one that signs.
    current: u64,
    /// When all has ended that it has signed.
    ends_at: Timestamp,
    /// Older ones.
    old: Vec<OldKey>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OldKey {
    number: u64,
    /// When all has ended that it has signed.
    ends_at: Timestamp,
}

impl Ring {
    fn proves(&self, number: u64, now: Timestamp) -> bool {
        number == self.current || self.old.iter().any(|old| old.number == number && now < old.ends_at)
    }

    /// The numbers that prove something, the newest first.
    fn numbers(&self, now: Timestamp) -> Vec<u64> {
        let old = self.old.iter().rev().filter(|old| now < old.ends_at).map(|old| old.number);
        std::iter::once(self.current).chain(old).collect()
    }
}

/// A key in both its uses.
pub(super) struct SigningKey {
    pub(super) number: u64,
    pub(super) signs: EncodingKey,
    pub(super) proves: DecodingKey,
}

/// The keys as this process knows them.
#[derive(Default)]
pub(super) struct SigningKeys {
    ring: Recent<Option<Ring>>,
    keys: Mutex<HashMap<u64, Arc<SigningKey>>>,
}

impl SigningKeys {
    /// The ring as it was a moment ago; nothing while nothing was signed.
    async fn ring(&self, core: &Core) -> Result<Option<Ring>> {
        self.ring.get(core, RING.1, async { Ok(read(core).await?.map(|(_, ring)| ring)) }).await
    }

    /// Whether what a key has signed still counts.
    pub(super) async fn has(&self, core: &Core, number: u64) -> Result<bool> {
        let now = core.clock.now();
        Ok(self.ring(core).await?.is_some_and(|ring| ring.proves(number, now)))
    }

    /// All that prove something, the newest first.
    pub(super) async fn proving(&self, core: &Core) -> Result<Vec<Arc<SigningKey>>> {
        let Some(ring) = self.ring(core).await? else { return Ok(Vec::new()) };
        let numbers = ring.numbers(core.clock.now());
        {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.retain(|number, _| numbers.contains(number));
        }
        let mut keys = Vec::new();
        for number in numbers {
            // One that is gone was dropped by another process a moment ago.
            keys.extend(self.key(core, number).await?);
        }
        Ok(keys)
    }

    async fn key(&self, core: &Core, number: u64) -> Result<Option<Arc<SigningKey>>> {
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(&number).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(secret) = core.store.secret(OWNER, &name(number)).await? else { return Ok(None) };
        let bytes = secret.expose_secret().as_bytes();
        let (signs, proves) = (EncodingKey::from_secret(bytes), DecodingKey::from_secret(bytes));
        let key = Arc::new(SigningKey { number, signs, proves });
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::clone(&key));
        Ok(Some(key))
    }

    /// The key that signs, for a token that ends then.
    ///
    /// # Errors
    /// `busy` when other processes change the keys all the time; `store_failed`.
    pub(super) async fn signing(&self, core: &Core, ends_at: Timestamp) -> Result<Arc<SigningKey>> {
        for _ in 0..ATTEMPTS {
            let known = read(core).await?;
            if let Some((_, ring)) = known.as_ref().filter(|(_, ring)| ends_at <= ring.ends_at) {
                let key = self.key(core, ring.current).await?;
                return key
                    .ok_or_else(|| Error::store(Some(Cause::Corrupt), "the key that signs tokens is not in the store"));
            }
            let later = ends_at.plus_seconds(AHEAD);
            let (before, ring) = match known {
                Some((before, ring)) => (Some(before), Ring { ends_at: later, ..ring }),
                None => (None, first(core, later).await?),
            };
            self.put(core, &ring, before.as_deref()).await?;
        }
        Err(busy())
    }

    /// Lets a new key sign. With `end_all` the older ones prove nothing any more.
    ///
    /// # Errors
    /// `conflict` when too many old keys are kept; as [`SigningKeys::signing`].
    pub(super) async fn rotate(&self, core: &Core, end_all: bool) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let now = core.clock.now();
            let (before, ring) = match read(core).await? {
                Some((before, ring)) => (Some(before), ring),
                None => (None, first(core, now).await?),
            };
            let mut old = ring.old.clone();
            old.push(OldKey { number: ring.current, ends_at: ring.ends_at });
            let (kept, gone): (Vec<_>, Vec<_>) = old.into_iter().partition(|old| !end_all && now < old.ends_at);
            if kept.len() > OLD {
                let message = format!("{OLD} old keys still have tokens that count, and no more are kept");
                return Err(Error::new(ErrorCode::Conflict, message)
                    .hint("wait until some have ended, or end all tokens: `ombud users rotate-key --end-all`"));
            }
            let current = ring.current + 1;
            core.store.settle_secret(OWNER, &name(current), &crate::observe::random_secret()).await?;
            let next = Ring { current, ends_at: now, old: kept };
            if self.put(core, &next, before.as_deref()).await? {
                let names: Vec<String> = gone.iter().map(|old| name(old.number)).collect();
                // Removals at the same time share one rewrite of the store.
                try_join_all(names.iter().map(|name| core.store.put_secret(OWNER, name, None))).await?;
                return Ok(());
            }
        }
        Err(busy())
    }

    async fn put(&self, core: &Core, ring: &Ring, before: Option<&str>) -> Result<bool> {
        let body = serde_json::to_string(ring)
            .map_err(|error| Error::internal(format!("the keys of tokens cannot be written: {error}")))?;
        let record = Record { kind: RING.0.to_owned(), id: RING.1.to_owned(), body };
        let put = core.store.put_record_if(record, before).await?;
        self.ring.changed(RING.1);
        Ok(put)
    }
}

fn name(number: u64) -> String {
    format!("{NAME}{number}")
}

/// The first ring of a store. Of several processes that make it at once, all are given the same key.
async fn first(core: &Core, ends_at: Timestamp) -> Result<Ring> {
    core.store.settle_secret(OWNER, &name(1), &crate::observe::random_secret()).await?;
    Ok(Ring { current: 1, ends_at, old: Vec::new() })
}

async fn read(core: &Core) -> Result<Option<(String, Ring)>> {
    let Some(record) = core.store.record(RING.0, RING.1).await? else { return Ok(None) };
    let ring = serde_json::from_str(&record.body).map_err(|error| {
        let message = format!("a record of kind `{}` cannot be read: {error}", RING.0);
        Error::store(Some(Cause::Corrupt), message)
    })?;
    Ok(Some((record.body, ring)))
}

fn busy() -> Error {
    Error::new(ErrorCode::Busy, "the keys of tokens are changed by others at the same time")
}
