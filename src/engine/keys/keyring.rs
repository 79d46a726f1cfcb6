//! What is known of keys and tokens for a moment, and room for new tokens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::super::house::Core;
use super::super::recent::Recent;
use super::word::same_hash;
use crate::domain::{Cause, Error, ErrorCode, Key, Result, Timestamp, Token};
use crate::storage::Record;

/// Kind of the records that keep keys, by the hash of their word.
pub(super) const KEY: &str = "key";
/// Kind of the records that keep tokens, by the hash of their word.
pub(super) const TOKEN: &str = "token";

/// Most tokens that are kept.
const TOKENS: usize = 100_000;
/// So many tokens that are over are taken away together: to take away for good may cost a rewrite of the whole store.
const SWEPT: usize = 1_000;
/// Between two looks for tokens that are over, in milliseconds; and when there is no room left.
const LOOKS: (u64, u64) = (3_600_000, 60_000);
/// Tokens that are taken away at once: removals at the same time share one rewrite.
const AT_ONCE: usize = 64;

/// A key or a token.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    Key(Arc<Key>),
    Token(Arc<Token>),
}

/// How many tokens the store keeps, and when that was counted.
#[derive(Clone, Copy)]
struct Counted {
    at: Timestamp,
    tokens: usize,
}

/// Keys and tokens as this process knows them.
#[derive(Default)]
pub(crate) struct Keyring {
    seen: Recent<Option<Kept>>,
    any: Recent<bool>,
    counted: Mutex<Option<Counted>>,
    making: tokio::sync::Mutex<()>,
}

/// The one name of what there is one of.
const ONE: &str = "";

impl Keyring {
    fn counted(&self) -> MutexGuard<'_, Option<Counted>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for whoever makes or removes a key here.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.making.lock().await
    }

    /// Forgets what was known of a word, and whether there are keys.
    pub(super) fn changed(&self, hash: &str) {
        self.seen.changed(hash);
        self.any.changed(ONE);
    }

    /// What is kept under a hash.
    pub(super) async fn find(&self, core: &Core, hash: &str) -> Result<Option<Kept>> {
        let read = async {
            Ok(match read::<Key>(core, KEY, hash).await? {
                Some(key) => Some(Kept::Key(Arc::new(key))),
                None => read::<Token>(core, TOKEN, hash).await?.map(|token| Kept::Token(Arc::new(token))),
            })
        };
        self.seen.get(core, hash, read).await
    }

    /// Whether there are keys at all, also such that are over.
    pub(crate) async fn any(&self, core: &Core) -> Result<bool> {
        self.any.get(core, ONE, async { Ok(!core.store.records(KEY).await?.is_empty()) }).await
    }
}

/// A record of one kind under a hash.
pub(super) async fn read<T: DeserializeOwned>(core: &Core, kind: &str, hash: &str) -> Result<Option<T>> {
    let record = core.store.record(kind, hash).await?;
    record.filter(|record| same_hash(&record.id, hash)).map(|record| parsed(&record)).transpose()
}

/// What a record holds.
pub(super) fn parsed<T: DeserializeOwned>(record: &Record) -> Result<T> {
    serde_json::from_str(&record.body).map_err(|error| {
        let message = format!("a record of kind `{}` cannot be read: {error}", record.kind);
        Error::store(Some(Cause::Corrupt), message)
    })
}

/// Makes sure that there is room for one more token, and takes away those that are over, now and then.
pub(super) async fn make_room(core: &Arc<Core>) -> Result<()> {
    let now = core.clock.now();
    let counted = *core.keys.counted();
    let due = |counted: Counted| {
        let since = now.millis_since(counted.at);
        since >= LOOKS.0 || counted.tokens >= TOKENS && since >= LOOKS.1
    };
    if counted.is_none_or(due) {
        let records = core.store.records(TOKEN).await?;
        let mut tokens = records.len();
        let is_over = |record: &Record| parsed::<Token>(record).is_ok_and(|token| now >= token.expires_at);
        let over: Vec<String> = records.into_iter().filter(is_over).map(|record| record.id).collect();
        if over.len() >= SWEPT {
            tokens -= over.len();
            let sweeping = Arc::clone(core);
            core.tasks.spawn(async move { sweep(&sweeping, over).await });
        }
        *core.keys.counted() = Some(Counted { at: now, tokens });
    }
    let mut known = core.keys.counted();
    let Some(counted) = &mut *known else { return Ok(()) };
    if counted.tokens >= TOKENS {
        return Err(Error::new(ErrorCode::RateLimited, format!("{TOKENS} tokens are kept, and no more"))
            .hint("mint for a shorter time, or wait until some are over"));
    }
    counted.tokens += 1;
    Ok(())
}

async fn sweep(core: &Core, over: Vec<String>) {
    let remove = |hash: String| async move {
        if let Err(error) = core.store.remove_record(TOKEN, &hash).await {
            tracing::warn!(%error, "a token that is over cannot be taken away");
        }
    };
    futures_util::stream::iter(over).for_each_concurrent(AT_ONCE, remove).await;
}
