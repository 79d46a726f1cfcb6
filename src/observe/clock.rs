//! The machine's clock, and its source of chance.

use secrecy::SecretString;
use uuid::Uuid;

use crate::domain::{Clock, Timestamp};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the home of the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the home of new ids")]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// A secret that nobody can guess: 244 bits of the system's own chance, as 64 hexadecimal digits.
#[expect(clippy::disallowed_methods, reason = "this is the home of chance")]
pub fn random_secret() -> SecretString {
    SecretString::from(format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()))
}
