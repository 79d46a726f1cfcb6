//! Signed addresses: whoever holds one may do what it says, with one file, until it ends. They prove themselves: nothing is
//! kept of them.
//!
//! The *ticket* of an address is what it permits, as JSON in base64, a dot, and the HMAC-SHA256 of that text under a key
//! that is made once for a store and never shown. So it covers all that it says: the purpose, the session in its
//! incarnation, the file, the end, and for an upload name, type and size.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::FileOffer;
use crate::domain::{
    Attributes, Error, ErrorCode, File, FileId, FileScope, FileState, Principal, PrincipalKind, Result, Scope, SessionId,
    Timestamp,
};
use crate::engine::house::Core;
use crate::engine::ledger::no_session;

/// Whose the key is, and its name, among the secrets of a store.
const KEY: (&str, &str) = ("house", "file_signing_key");
/// Before what is signed, so that nothing else that is signed with the key can be taken for a ticket.
const ABOUT: &[u8] = b"ombud file ticket 1\n";
/// Longest ticket, in bytes.
const LONGEST: usize = 8_192;

/// What a signed address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilePurpose {
    /// Giving the bytes of a file that was offered.
    Upload,
    /// Getting the bytes of a file.
    Download,
}

impl FilePurpose {
    fn word(self) -> &'static str {
        match self {
            Self::Upload => "an upload",
            Self::Download => "a download",
        }
    }
}

/// The permission that stands in an address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedFile {
    /// Plain characters, as they can stand in a query. It is a secret: whoever has it may use it.
    pub ticket: String,
    /// When it ends.
    pub expires: Timestamp,
}

impl std::fmt::Debug for SignedFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SignedFile").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// What a ticket opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// Who holds it: nobody that is known, and may do nothing outside of the file's session.
    pub caller: Principal,
    /// The file that it is about: pending for an upload, ready for a download.
    pub file: File,
}

/// What is signed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    purpose: FilePurpose,
    session: SessionId,
    incarnation: u64,
    file: FileId,
    expires: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offer: Option<(FileOffer, Timestamp)>,
}

async fn key(core: &Core) -> Result<&SecretString> {
    let settle = || async { core.store.settle_secret(KEY.0, KEY.1, &crate::observe::random_secret()).await };
    core.uploads.key.get_or_try_init(settle).await
}

fn code(key: &SecretString, claims: &str) -> Result<Hmac<Sha256>> {
    let code = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes());
    let mut code = code.map_err(|_| Error::internal("the key for signed addresses cannot be used"))?;
    code.update(ABOUT);
    code.update(claims.as_bytes());
    Ok(code)
}

/// Signs what an address permits, from now on for as long as the settings say.
pub(crate) async fn sign(core: &Arc<Core>, file: &File, purpose: FilePurpose) -> Result<SignedFile> {
    let limits = &core.settings.server.limits.files;
    let (time, offer) = match purpose {
        FilePurpose::Upload => {
            super::check(limits, file)?;
            let offer = FileOffer { name: file.name.clone(), media_type: file.media_type.clone(), size: file.size };
            (limits.upload_time, Some((offer, file.offered_at)))
        }
        FilePurpose::Download => (limits.download_time, None),
    };
    let time = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let expires = Timestamp::from_millis(core.clock.now().as_millis().saturating_add(time));
    let session = file.session()?.clone();
    let (incarnation, _) = super::epoch(core, &session).await?;
    let claims = Claims { purpose, session, incarnation, file: file.id.clone(), expires, offer };
    let claims =
        serde_json::to_vec(&claims).map_err(|error| Error::internal(format!("an address cannot be signed: {error}")))?;
    let claims = URL_SAFE_NO_PAD.encode(claims);
    let code = code(key(core).await?, &claims)?.finalize().into_bytes();
    Ok(SignedFile { ticket: format!("{claims}.{}", URL_SAFE_NO_PAD.encode(code)), expires })
}

/// What a ticket opens, when it was signed here, for this purpose, and has not ended. The store is asked only after that.
///
/// # Errors
/// `forbidden` when it is not signed by this house, or is for another purpose; `expired`; `not_found` when the session or
/// the file is not there (any more).
pub(crate) async fn redeem(core: &Arc<Core>, ticket: &str, purpose: FilePurpose) -> Result<Redeemed> {
    let claims = verified(key(core).await?, ticket)?;
    if claims.purpose != purpose {
        let message = format!("the address is signed for {}, and not for {}", claims.purpose.word(), purpose.word());
        return Err(Error::new(ErrorCode::Forbidden, message));
    }
    if core.clock.now() >= claims.expires {
        let message = format!("the address for {} was good until {}", purpose.word(), claims.expires);
        return Err(Error::new(ErrorCode::Expired, message).hint("ask for a new one"));
    }
    let Claims { session, incarnation, file, offer, .. } = claims;
    if super::epoch(core, &session).await?.0 != incarnation {
        return Err(no_session(&session));
    }
    let scopes = vec![Scope::Session(session.as_str().to_owned())];
    let caller = Principal {
        name: "signed address".to_owned(),
        kind: PrincipalKind::Person,
        scopes,
        user: None,
        credential: None,
        only_door: None,
    };
    let file = match offer {
        Some((offer, offered_at)) => File {
            id: file,
            scope: FileScope::Session(session),
            name: offer.name,
            media_type: offer.media_type,
            size: offer.size,
            state: FileState::Pending,
            blob: None,
            offered_at,
            attributes: Attributes::new(),
        },
        None => super::file(core, &session, &file).await?,
    };
    Ok(Redeemed { caller, file })
}

/// What a ticket says, when it is signed with the key; compared in constant time.
fn verified(key: &SecretString, ticket: &str) -> Result<Claims> {
    let forged = || {
        Error::new(ErrorCode::Forbidden, "the address is not one that this server has signed")
            .hint("use it exactly as it was given, or ask for a new one")
    };
    let (claims, signature) = ticket.split_once('.').filter(|_| ticket.len() <= LONGEST).ok_or_else(forged)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| forged())?;
    code(key, claims)?.verify_slice(&signature).map_err(|_| forged())?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| forged())?;
    serde_json::from_slice(&claims).map_err(|_| {
        Error::new(ErrorCode::Forbidden, "the address was signed by another version of this server")
            .hint("ask for a new one")
    })
}
