//! Signed tokens: JWTs that prove who somebody is for a while. What they say is signed, and only who it is counts of it: the
//! role, and whether the token still counts, is read from the store.
//!
//! The id of a token (`jti`) is `GENERATION-KEY-UUID`: the generation of the account (a new password begins one), the number
//! of the key that signed it, and what tells it from others. So a caller who was let in long ago can still be asked
//! whether all three count.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use futures_util::StreamExt as _;
use jsonwebtoken::{Algorithm, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::accounts::Account;
use super::{Login, People};
use crate::domain::{Credential, Error, ErrorCode, KeyId, Result, Scope, Timestamp, User, UserId};
use crate::engine::house::Core;
use crate::engine::keys::Word;
use crate::engine::recent::Recent;
use crate::storage::Record;

/// The header of every token: `{"typ":"JWT","alg":"HS256"}` in base64. Others are not looked at.
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.";
/// Who says it, and for whom.
const HOUSE: &str = "ombud";
/// What it is for.
const ACCESS: &str = "access";

/// Kind of the records that keep the ids of tokens that were ended, until they would have ended by themselves.
const ENDED: &str = "ended_token";
/// Most of them.
const KEPT: usize = 100_000;
/// So many that are over are taken away together: to take away for good may cost a rewrite of the whole store.
const SWEPT: usize = 1_000;
/// Between two looks for those that are over, in milliseconds; and when there is no room left.
const LOOKS: (u64, u64) = (3_600_000, 60_000);
/// Records that are taken away at once: removals at the same time share one rewrite.
const AT_ONCE: usize = 64;

/// What is signed. Moments are whole seconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: KeyId,
    iss: String,
    aud: String,
    typ: String,
}

#[derive(Serialize, Deserialize)]
struct Ended {
    expires_at: Timestamp,
}

/// What a token proves beside who it is.
pub(crate) struct Proven {
    /// Its id.
    pub(crate) id: KeyId,
    /// When it ends.
    pub(crate) expires_at: Timestamp,
}

/// Tokens that were ended, as this process knows them.
#[derive(Default)]
pub(super) struct EndedTokens {
    seen: Recent<bool>,
    counted: Mutex<Option<(Timestamp, usize)>>,
}

/// What the id of a token says.
fn told(id: &KeyId) -> Option<(u64, u64)> {
    let mut parts = id.as_str().splitn(3, '-');
    let mut number = || parts.next()?.parse::<u64>().ok();
    Some((number()?, number()?))
}

/// Whether a word has the form of a signed token: no key and no minted token holds a dot.
pub(crate) fn is_signed(word: &str) -> bool {
    word.contains('.')
}

/// Signs a token for an account, for so many seconds.
pub(super) async fn issue(core: &Core, account: &Account, seconds: u64) -> Result<Login> {
    let now = core.clock.now().as_millis().div_euclid(1_000);
    let end = now.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX));
    let expires_at = Timestamp::from_millis(end.saturating_mul(1_000));
    let key = core.people.signing.signing(core, expires_at).await?;
    let claims = Claims {
        sub: account.user.id.clone(),
        iat: now,
        nbf: now,
        exp: end,
        jti: KeyId::from_text(&format!("{}-{}-{}", account.generation, key.number, core.clock.new_id())),
        iss: HOUSE.to_owned(),
        aud: HOUSE.to_owned(),
        typ: ACCESS.to_owned(),
    };
    let token = encode(&Header::new(Algorithm::HS256), &claims, &key.signs);
    let token = token.map_err(|error| Error::internal(format!("a token cannot be signed: {error}")))?;
    Ok(Login { token: Word::given(token.into()), expires_at, user: account.user.clone() })
}

/// How a token is looked at. Its moments are compared with the house's own clock.
static VALIDATION: LazyLock<Validation> = LazyLock::new(|| {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_required_spec_claims(&["sub", "nbf", "exp", "iss", "aud"]);
    validation.set_issuer(&[HOUSE]);
    validation.set_audience(&[HOUSE]);
    (validation.validate_exp, validation.validate_nbf, validation.leeway) = (false, false, 0);
    validation
});

/// Who it is that a word proves, if it is a token that was signed here and still counts.
pub(crate) async fn principal_of(core: &Core, word: &str) -> Result<Option<(User, Proven)>> {
    if !word.starts_with(HEADER) {
        return Ok(None);
    }
    for key in core.people.signing.proving(core).await? {
        let Ok(token) = decode::<Claims>(word, &key.proves, &VALIDATION) else { continue };
        let Claims { sub, nbf, exp, jti, typ, .. } = token.claims;
        let now = core.clock.now().as_millis();
        let starts = |seconds: i64| seconds.saturating_mul(1_000) <= now;
        let signed_by = told(&jti).map(|(_, number)| number);
        if typ != ACCESS || !starts(nbf) || starts(exp) || signed_by != Some(key.number) {
            return Ok(None);
        }
        let Some(account) = standing(core, &sub, &jti).await? else { return Ok(None) };
        let expires_at = Timestamp::from_millis(exp.saturating_mul(1_000));
        return Ok(Some((account.user.clone(), Proven { id: jti, expires_at })));
    }
    Ok(None)
}

/// The account of a token, if neither was ended.
async fn standing(core: &Core, user: &UserId, id: &KeyId) -> Result<Option<Arc<Account>>> {
    let People { accounts, ended, .. } = &core.people;
    let Some((generation, _)) = told(id) else { return Ok(None) };
    let account = accounts.of(core, user).await?.filter(|account| account.generation == generation);
    if account.is_some() && ended.has(core, id).await? {
        return Ok(None);
    }
    Ok(account)
}

/// Whether somebody who was let in with a token is still let in, and may do what they might then.
pub(crate) async fn still_counts(core: &Core, user: &UserId, credential: &Credential, scopes: &[Scope]) -> Result<bool> {
    let now = core.clock.now();
    let Some((_, key)) = told(&credential.id) else { return Ok(false) };
    if credential.expires_at.is_none_or(|end| now >= end) || !core.people.signing.has(core, key).await? {
        return Ok(false);
    }
    let account = standing(core, user, &credential.id).await?;
    Ok(account.is_some_and(|account| scopes.iter().all(|scope| account.user.role.covers(scope))))
}

/// Ends one token, everywhere.
///
/// # Errors
/// `rate_limited` when too many are ended that would still count.
pub(super) async fn end(core: &Arc<Core>, credential: &Credential) -> Result<()> {
    make_room(core).await?;
    let ended = Ended { expires_at: credential.expires_at.unwrap_or_else(|| core.clock.now()) };
    let body = serde_json::to_string(&ended)
        .map_err(|error| Error::internal(format!("the end of a token cannot be written: {error}")))?;
    let id = credential.id.as_str();
    core.store.put_record(Record { kind: ENDED.to_owned(), id: id.to_owned(), body }).await?;
    core.people.ended.seen.changed(id);
    Ok(())
}

impl EndedTokens {
    async fn has(&self, core: &Core, id: &KeyId) -> Result<bool> {
        let read = async { Ok(core.store.record(ENDED, id.as_str()).await?.is_some()) };
        self.seen.get(core, id.as_str(), read).await
    }
}

/// Makes sure that there is room for one more, and takes away those that are over, now and then.
async fn make_room(core: &Arc<Core>) -> Result<()> {
    let now = core.clock.now();
    let counted = || core.people.ended.counted.lock().unwrap_or_else(PoisonError::into_inner);
    let due = |(at, number): (Timestamp, usize)| {
        let since = now.millis_since(at);
        since >= LOOKS.0 || number >= KEPT && since >= LOOKS.1
    };
    let last = *counted();
    if last.is_none_or(due) {
        let records = core.store.records(ENDED).await?;
        let mut number = records.len();
        let is_over =
            |record: &Record| serde_json::from_str::<Ended>(&record.body).is_ok_and(|ended| now >= ended.expires_at);
        let over: Vec<String> = records.into_iter().filter(is_over).map(|record| record.id).collect();
        if over.len() >= SWEPT {
            number -= over.len();
            let sweeping = Arc::clone(core);
            core.tasks.spawn(async move { sweep(&sweeping, over).await });
        }
        *counted() = Some((now, number));
    }
    let mut known = counted();
    let Some((_, number)) = &mut *known else { return Ok(()) };
    if *number >= KEPT {
        let message = format!("{KEPT} tokens were ended that would still count, and no more are kept");
        return Err(Error::new(ErrorCode::RateLimited, message).retry_after(LOOKS.1 / 1_000));
    }
    *number += 1;
    Ok(())
}

async fn sweep(core: &Core, over: Vec<String>) {
    let remove = |id: String| async move {
        if let Err(error) = core.store.remove_record(ENDED, &id).await {
            tracing::warn!(%error, "the end of a token that is over cannot be taken away");
        }
    };
    futures_util::stream::iter(over).for_each_concurrent(AT_ONCE, remove).await;
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    #[test]
    fn the_header_is_exactly_this() {
        let header = serde_json::to_string(&Header::new(Algorithm::HS256)).unwrap();
        assert_eq!(header, r#"{"typ":"JWT","alg":"HS256"}"#);
        assert_eq!(format!("{}.", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header)), HEADER);
    }

    #[test]
    fn the_id_tells_generation_and_key() {
        for (id, says) in [
            ("3-1-0198c0de-0000-7000-8000-000000000001", Some((3, 1))),
            ("3-1-", Some((3, 1))),
            ("3", None),
            ("-1-x", None),
            ("0198c0de-x", None),
            ("", None),
        ] {
            assert_eq!(told(&KeyId::from_text(id)), says, "{id}");
        }
    }
}
