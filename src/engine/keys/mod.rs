//! Keys and minted tokens: made, told once, kept by their hash, and known again.
//!
//! A word has 256 random bits, so its SHA-256 can be kept and looked up as it is: nobody finds a word by its hash. What is
//! kept is read again after two seconds at the latest (`recent`), so that a key that another process removed opens nothing
//! then; what this process removes or revokes opens nothing at once.

mod keyring;
mod word;

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

use super::access;
use super::house::Core;
use super::ledger::no_session;
use super::notices::NoticeStream;
use super::users::{self, Proven};
use crate::domain::{
    Credential, Error, ErrorCode, Key, KeyId, KeyPermission, Minter, Principal, Result, SessionId, Timestamp, Token,
};
use crate::storage::Record;

pub(crate) use self::keyring::Keyring;
use self::keyring::{KEY, Kept, TOKEN};
pub use self::word::Word;

/// Longest word that is looked at, in bytes.
const WORD_BYTES: usize = 512;
/// Most keys.
const KEYS: usize = 1_000;
/// Most doors of one key.
const DOORS: usize = 16;
/// Longest name of a key, and of a door.
const NAME: usize = 64;
/// Longest life of a key, in seconds: a hundred years.
const KEY_LIFE: u64 = 100 * 365 * 86_400;
/// How long a token lives when nobody says so, in seconds.
const TOKEN_LIFE: u64 = 3_600;
/// Longest life of a token, in seconds.
const LONGEST_TOKEN_LIFE: u64 = 86_400;

/// What a key is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewKey {
    /// Its name: letters, digits, `.`, `_` and `-`, at most 64, the first a letter or digit.
    pub name: String,
    /// What it lets its holder do; must hold something unless it is an administrator's.
    pub permissions: Vec<KeyPermission>,
    /// Whether its holder administers the house.
    pub admin: bool,
    /// The doors that it opens, by name, at most 16; absent = all.
    pub doors: Option<Vec<String>>,
    /// Seconds until it opens nothing any more, at most a hundred years; absent = when it is removed.
    pub ttl_seconds: Option<u64>,
    /// What its word begins with: small letters and digits, ending in `_`.
    pub prefix: String,
}

/// A key that was made. Its word is told here and never again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedKey {
    /// The key.
    pub key: Key,
    /// Its word.
    pub word: Word,
}

/// What a token is to open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewToken {
    /// The agent.
    pub agent: String,
    /// Only this session of it.
    pub session: Option<SessionId>,
    /// Seconds until it opens nothing any more: absent = an hour, more than a day = a day.
    pub ttl_seconds: Option<u64>,
    /// Only these doors of those that its minter may enter; absent = all of them.
    pub doors: Option<Vec<String>>,
    /// What its word begins with: small letters and digits, ending in `_`.
    pub prefix: String,
}

/// A token that was minted. Its word is told here and never again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedToken {
    /// Its word.
    pub word: Word,
    /// Its id.
    pub id: KeyId,
    /// When it opens nothing any more.
    pub expires_at: Timestamp,
}

/// Nobody learns whether a word was never known, is too old or was revoked.
fn unknown() -> Error {
    Error::new(ErrorCode::Unauthorized, "the key or token is not known here, or it counts no longer")
        .hint("`ombud keys list` shows the keys that there are")
}

/// Who calls with a word: that of a key, of a minted token, or a signed token of somebody with an account.
pub(crate) async fn verify(core: &Core, word: &str) -> Result<Principal> {
    if word.is_empty() || word.len() > WORD_BYTES {
        return Err(unknown());
    }
    let hash = word::hash(word);
    match users::principal_of(core, word).await? {
        Some((user, Proven { id, expires_at })) => {
            let doors = Some(core.settings.server.user_doors.clone());
            Ok(user.principal(Credential { id, hash, doors, expires_at: Some(expires_at) }))
        }
        None if users::is_signed(word) => Err(unknown()),
        None => standing(core, &hash).await,
    }
}

/// Whether what proved who calls still counts. Who needed no proof is not asked for one.
pub(crate) async fn still_counts(core: &Core, caller: &Principal) -> Result<()> {
    match (&caller.credential, &caller.user) {
        (None, _) => Ok(()),
        (Some(credential), None) => standing(core, &credential.hash).await.map(drop),
        (Some(credential), Some(user)) => {
            if users::still_counts(core, user, credential, &caller.scopes).await? {
                Ok(())
            } else {
                Err(unknown())
            }
        }
    }
}

/// Who calls with the word of a hash, as of now.
async fn standing(core: &Core, hash: &str) -> Result<Principal> {
    let now = core.clock.now();
    match core.keys.find(core, hash).await? {
        Some(Kept::Key(key)) if !is_over(key.expires_at, now) => Ok(key.principal(hash)),
        Some(Kept::Token(token)) if !is_over(Some(token.expires_at), now) && token.revoked_at.is_none() => {
            let minter_stands = match &token.minter {
                Minter::Key(parent) => match core.keys.find(core, parent).await? {
                    Some(Kept::Key(key)) => !is_over(key.expires_at, now),
                    Some(Kept::Token(_)) | None => false,
                },
                Minter::Admin => true,
                Minter::Unproven => core.settings.server.token.is_none() && !core.keys.any(core).await?,
            };
            if minter_stands { Ok(token.principal(hash)) } else { Err(unknown()) }
        }
        Some(Kept::Key(_) | Kept::Token(_)) | None => Err(unknown()),
    }
}

fn is_over(end: Option<Timestamp>, now: Timestamp) -> bool {
    end.is_some_and(|end| now >= end)
}

fn after(now: Timestamp, seconds: u64) -> Timestamp {
    let millis = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_add(millis))
}

/// Makes a key.
pub(crate) async fn create(core: &Core, new: NewKey) -> Result<IssuedKey> {
    let prefix = checked_prefix(&new.prefix)?;
    check_name(&new.name)?;
    let mut permissions = new.permissions;
    permissions.sort_unstable();
    permissions.dedup();
    if permissions.is_empty() && !new.admin {
        return Err(Error::invalid(format!("key `{}` would open nothing", new.name))
            .hint("give it a permission: sessions, agents or mint"));
    }
    if new.ttl_seconds.is_some_and(|seconds| !(1..=KEY_LIFE).contains(&seconds)) {
        return Err(Error::invalid("a key lives for at least a second and at most a hundred years"));
    }
    let doors = new.doors.map(checked_doors).transpose()?;
    let _turn = core.keys.turn().await;
    let known = all(core).await?;
    if known.len() >= KEYS {
        let error = Error::new(ErrorCode::Conflict, format!("there are {KEYS} keys, and no more are kept"));
        return Err(error.hint("take one away: `ombud keys remove NAME`"));
    }
    if known.iter().any(|(_, key)| key.name == new.name) {
        return Err(Error::new(ErrorCode::Conflict, format!("key `{}` exists", new.name))
            .hint("give it another name, or take the other away: `ombud keys remove NAME`"));
    }
    let word = Word::drawn(prefix);
    let now = core.clock.now();
    let key = Key {
        id: KeyId::new(&*core.clock),
        name: new.name,
        permissions,
        admin: new.admin,
        doors,
        ending: word.ending(),
        created_at: now,
        expires_at: new.ttl_seconds.map(|seconds| after(now, seconds)),
    };
    put(core, KEY, &word.hash(), &key).await?;
    Ok(IssuedKey { key, word })
}

/// All keys, the oldest first.
pub(crate) async fn list(core: &Core) -> Result<Vec<Key>> {
    let mut keys: Vec<Key> = all(core).await?.into_iter().map(|(_, key)| key).collect();
    keys.sort_by(|left, right| (left.created_at, &left.name).cmp(&(right.created_at, &right.name)));
    Ok(keys)
}

/// Takes a key away, by its name or its id, and with it all tokens that it minted.
pub(crate) async fn remove(core: &Core, name: &str) -> Result<Key> {
    let _turn = core.keys.turn().await;
    let mut removed = None;
    // Two processes may have made one of the same name at the same moment: none of them may stay.
    for (hash, key) in all(core).await?.into_iter().filter(|(_, key)| key.name == name || key.id.as_str() == name) {
        core.store.remove_record(KEY, &hash).await?;
        core.keys.changed(&hash);
        removed = Some(key);
    }
    removed.ok_or_else(|| {
        // Who gives the word of a key instead of its name does not find it in a log.
        let unknown = match check_name(name) {
            Ok(()) => Error::not_found("key", name),
            Err(_) => Error::new(ErrorCode::NotFound, "no key has this name"),
        };
        unknown.hint("`ombud keys list` shows the keys that there are")
    })
}

/// Mints a token.
pub(crate) async fn mint(core: &Arc<Core>, caller: &Principal, new: NewToken) -> Result<IssuedToken> {
    let prefix = checked_prefix(&new.prefix)?;
    if caller.user.is_some() {
        // It would have to end with the account, which only signed tokens do.
        return Err(Error::new(ErrorCode::Forbidden, format!("`{}` mints no tokens: that is for keys", caller.name))
            .hint("make a key that may: `ombud keys add NAME --permission mint`"));
    }
    if new.ttl_seconds == Some(0) {
        return Err(Error::invalid("a token lives for at least a second"));
    }
    let agent = match core.agent(&new.agent).await {
        Ok(working) => working.agent.name,
        // Which agents there are is not for everybody.
        Err(error) if error.code == ErrorCode::NotFound && !access::sees_all_agents(caller) => {
            return Err(Error::not_found("agent", crate::config::printable(&new.agent)));
        }
        Err(error) => return Err(error),
    };
    if let Some(session) = &new.session {
        let of = core.existing(session).await?.fold().await?.session.agent;
        // A session of another agent is none of this one.
        if of != agent {
            return Err(no_session(session));
        }
    }
    let own = caller.credential.as_ref();
    let doors = match (own.and_then(|own| own.doors.clone()), new.doors.map(checked_doors).transpose()?) {
        (None, wanted) => wanted,
        (own, None) => own,
        (Some(own), Some(wanted)) => Some(wanted.into_iter().filter(|door| own.contains(door)).collect()),
    };
    keyring::make_room(core).await?;
    let now = core.clock.now();
    let wanted = after(now, new.ttl_seconds.unwrap_or(TOKEN_LIFE).min(LONGEST_TOKEN_LIFE));
    let expires_at = own.and_then(|own| own.expires_at).map_or(wanted, |end| end.min(wanted));
    let word = Word::drawn(prefix);
    let token = Token {
        id: KeyId::new(&*core.clock),
        agent,
        session: new.session,
        doors,
        ending: word.ending(),
        minter: match own {
            Some(own) => Minter::Key(own.hash.clone()),
            None if caller.is_admin() => Minter::Admin,
            None => Minter::Unproven,
        },
        created_at: now,
        expires_at,
        revoked_at: None,
    };
    put(core, TOKEN, &word.hash(), &token).await?;
    Ok(IssuedToken { word, id: token.id, expires_at })
}

/// Revokes a token; its id, when it still counted.
pub(crate) async fn revoke(core: &Core, word: &str) -> Result<Option<KeyId>> {
    if word.len() > WORD_BYTES {
        return Ok(None);
    }
    let hash = word::hash(word);
    let now = core.clock.now();
    let Some(token) = keyring::read::<Token>(core, TOKEN, &hash).await? else { return Ok(None) };
    if token.revoked_at.is_some() || is_over(Some(token.expires_at), now) {
        return Ok(None);
    }
    // It stays until it would have ended: to take a record out for good may cost a rewrite of the whole store.
    let revoked = Token { revoked_at: Some(now), ..token };
    put(core, TOKEN, &hash, &revoked).await?;
    Ok(Some(revoked.id))
}

async fn put<T: Serialize>(core: &Core, kind: &str, hash: &str, kept: &T) -> Result<()> {
    let body = serde_json::to_string(kept).map_err(|error| Error::internal(format!("a key cannot be written: {error}")))?;
    core.store.put_record(Record { kind: kind.to_owned(), id: hash.to_owned(), body }).await?;
    core.keys.changed(hash);
    Ok(())
}

/// All keys with their hashes.
async fn all(core: &Core) -> Result<Vec<(String, Key)>> {
    let records = core.store.records(KEY).await?;
    records.into_iter().map(|record| Ok((record.id.clone(), keyring::parsed(&record)?))).collect()
}

/// Frames, or facts, for as long as what proved who listens still counts; then an error, and nothing more.
pub(crate) fn while_it_counts<T: Send + 'static>(
    core: &Arc<Core>,
    caller: &Principal,
    frames: BoxStream<'static, Result<T>>,
) -> BoxStream<'static, Result<T>> {
    if caller.credential.is_none() {
        return frames;
    }
    let (core, caller) = (Arc::clone(core), caller.clone());
    let told = futures_util::stream::unfold(Some(frames), move |frames| {
        let (core, caller) = (Arc::clone(&core), caller.clone());
        async move {
            let mut frames = frames?;
            let frame = frames.next().await?;
            match still_counts(&core, &caller).await {
                Ok(()) => Some((frame, Some(frames))),
                Err(error) => Some((Err(error), None)),
            }
        }
    });
    told.boxed()
}

/// Notices for as long as what proved who listens still counts.
pub(crate) fn notices_while_it_counts(core: &Arc<Core>, caller: &Principal, notices: NoticeStream) -> NoticeStream {
    if caller.credential.is_none() {
        return notices;
    }
    let (core, caller) = (Arc::clone(core), caller.clone());
    let told = notices.take_while(move |_| {
        let (core, caller) = (Arc::clone(&core), caller.clone());
        async move { still_counts(&core, &caller).await.is_ok() }
    });
    told.boxed()
}

fn check_name(name: &str) -> Result<()> {
    let first = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if first && rest && name.len() <= NAME {
        return Ok(());
    }
    // One that is too long is not told: it may be the word of a key.
    let shown = if name.len() <= NAME { format!(" {name:?}") } else { String::new() };
    Err(Error::invalid(format!("key name{shown} is not allowed"))
        .hint("use letters, digits, `.`, `_` and `-`, at most 64, and begin with a letter or digit"))
}

fn checked_prefix(prefix: &str) -> Result<&str> {
    let signs = prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if signs && prefix.ends_with('_') && prefix.len() <= NAME {
        return Ok(prefix);
    }
    Err(Error::invalid("the prefix of a key is small letters and digits, and ends in `_`"))
}

fn checked_doors(mut doors: Vec<String>) -> Result<Vec<String>> {
    doors.sort_unstable();
    doors.dedup();
    let good = |door: &String| {
        (1..=NAME).contains(&door.len())
            && door.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if (1..=DOORS).contains(&doors.len()) && doors.iter().all(good) {
        return Ok(doors);
    }
    Err(Error::invalid(format!("the doors of a key are 1 to {DOORS} names of APIs")))
}
