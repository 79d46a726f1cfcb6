//! Passwords: kept as argon2id hashes, checked apart from the threads that answer requests, a few at once.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, PasswordHash};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::{Error, ErrorCode, Result};
use crate::engine::keys::Word;

/// Least and most bytes of a password.
const BYTES: (usize, usize) = (8, 1_024);
/// Passwords that are hashed or checked at once: each takes a processor, and 19 MiB.
const AT_ONCE: usize = 4;
/// Those that may wait for a place; further ones are told to come again.
const WAITING: usize = 64;
/// How long one waits for a place.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a password is compared with where there is no account: so an unknown name takes as long as a wrong password. No
/// password has this hash.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbCEhIQ$bm9ib2R5IGhhcyB0aGlzIGhhc2gsIGF0IGFsbCEhISE";

/// The places for passwords that are hashed or checked.
pub(super) struct Passwords {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// A place for one password.
pub(super) struct Place {
    _waiting: OwnedSemaphorePermit,
    _working: OwnedSemaphorePermit,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { working: Arc::new(Semaphore::new(AT_ONCE)), waiting: Arc::new(Semaphore::new(AT_ONCE + WAITING)) }
    }
}

impl Passwords {
    /// Waits for a place.
    ///
    /// # Errors
    /// `unavailable` when too many wait, or for too long.
    pub(super) async fn place(&self) -> Result<Place> {
        let too_many =
            || Error::new(ErrorCode::Unavailable, "too many passwords are checked at once").retry_after(PATIENCE.as_secs());
        let waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| too_many())?;
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.working).acquire_owned()).await {
            Ok(Ok(working)) => Ok(Place { _waiting: waiting, _working: working }),
            _ => Err(too_many()),
        }
    }
}

/// Refuses a new password that is too short or too long.
///
/// # Errors
/// `invalid_input`.
pub(super) fn check(password: &Word) -> Result<()> {
    let (least, most) = BYTES;
    if (least..=most).contains(&password.expose().len()) {
        return Ok(());
    }
    Err(Error::invalid(format!("a password has {least} to {most} bytes")))
}

/// The hash that is kept of a password, with its salt and cost.
pub(super) async fn hash(place: Place, password: Word) -> Result<String> {
    let hashed = apart(place, move || Argon2::default().hash_password(password.expose().as_bytes())).await?;
    // The error holds no more than a word about the kind of failure.
    hashed.map(|hash| hash.to_string()).map_err(|error| Error::internal(format!("a password cannot be hashed: {error}")))
}

/// Whether a password is the one of a hash; of none, never, after the same work.
pub(super) async fn fits(place: Place, password: Word, hash: Option<String>) -> Result<bool> {
    apart(place, move || {
        let (known, text) = (hash.is_some(), hash.as_deref().unwrap_or(NOBODY));
        let hash = PasswordHash::new(text).map_err(|_| Error::internal("what is kept of a password cannot be read"))?;
        // Of one that is longer than any, only the beginning is worth the work, and it is wrong.
        let bytes = password.expose().as_bytes();
        let right = Argon2::default().verify_password(bytes.get(..BYTES.1).unwrap_or(bytes), &hash).is_ok();
        Ok(right && known && bytes.len() <= BYTES.1)
    })
    .await?
}

/// Works where nobody waits for the thread; the place is held until it is done, also when nobody waits for that any more.
async fn apart<T: Send + 'static>(place: Place, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let working = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(place);
        done
    });
    working.await.map_err(|error| Error::internal(format!("a password cannot be worked on: {error}")))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn word(text: &str) -> Word {
        Word::given(SecretString::from(text))
    }

    /// The cost of an unknown name is the cost of a known one.
    #[test]
    fn nobodys_hash_costs_what_a_hash_costs() {
        let (nobody, fresh) = (PasswordHash::new(NOBODY).unwrap(), Argon2::default().hash_password(b"p").unwrap());
        assert_eq!((nobody.algorithm, nobody.version, &nobody.params), (fresh.algorithm, fresh.version, &fresh.params));
        assert_eq!(nobody.algorithm.as_str(), "argon2id");
        let lengths = |hash: &PasswordHash| (hash.salt.unwrap().len(), hash.hash.unwrap().len());
        assert_eq!(lengths(&nobody), lengths(&fresh));
    }

    #[tokio::test]
    async fn only_the_password_fits() {
        let places = Passwords::default();
        let kept = hash(places.place().await.unwrap(), word("correct horse")).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        let long = "correct horse".to_owned() + &"x".repeat(2_000);
        for (given, against, fit) in [
            ("correct horse", Some(&kept), true),
            ("correct hors", Some(&kept), false),
            ("", Some(&kept), false),
            (&long, Some(&kept), false),
            ("correct horse", None, false),
        ] {
            let place = places.place().await.unwrap();
            assert_eq!(fits(place, word(given), against.cloned()).await, Ok(fit), "{}", given.len());
        }
        let again = hash(places.place().await.unwrap(), word("correct horse")).await.unwrap();
        assert_ne!(again, kept, "each has a salt of its own");
    }

    #[test]
    fn a_password_has_a_length() {
        let fit = [0, 7, 8, 1_024, 1_025].map(|length| check(&word(&"x".repeat(length))).is_ok());
        assert_eq!(fit, [false, false, true, true, false]);
    }

    #[tokio::test]
    async fn no_more_wait_than_may() {
        let places = Passwords { working: Arc::new(Semaphore::new(1)), waiting: Arc::new(Semaphore::new(1)) };
        let held = places.place().await.unwrap();
        let error = places.place().await.err().unwrap();
        assert_eq!((error.code, error.retry_after), (ErrorCode::Unavailable, Some(10)));
        drop(held);
        assert!(places.place().await.is_ok());
    }
}
