//! How often one caller may ask: every request counts, and every message over a WebSocket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::{Error, ErrorCode};

const MINUTE: Duration = Duration::from_secs(60);

/// Callers that are remembered one by one; further ones share one pace.
const REMEMBERED: usize = 10_000;

/// Between two looks for callers that have rested, when there are so many.
const LOOK: Duration = Duration::from_secs(1);

/// Where a request comes from: stands among its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(pub IpAddr);

/// The pace of each caller at each address. A minute's requests may come at once; each comes back after its part of a
/// minute.
#[derive(Debug)]
pub struct Pace {
    per_minute: u32,
    seen: Mutex<Seen>,
}

/// A caller, and the address that they call from.
type Somebody = (String, Option<Address>);

/// When each caller has all requests of a minute again.
#[derive(Debug, Default)]
struct Seen {
    callers: HashMap<Somebody, Instant>,
    others: Option<Instant>,
    looked: Option<Instant>,
}

impl Pace {
    /// So many requests in a minute; 0 = no limit.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, seen: Mutex::default() }
    }

    /// Takes one request of a caller's pace.
    ///
    /// # Errors
    /// What the caller is told, and after how many seconds there will be a request.
    pub fn take(&self, caller: &str, address: Option<Address>) -> Result<(), (Error, u64)> {
        self.take_at(Instant::now(), caller, address).map_err(|wait| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let message = format!("more than {} requests in a minute", self.per_minute);
            (Error::new(ErrorCode::RateLimited, message).hint(format!("try again in {seconds} s")), seconds)
        })
    }

    fn take_at(&self, now: Instant, caller: &str, address: Option<Address>) -> Result<(), Duration> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let rested = seen.rested((caller.to_owned(), address), now);
        let after = (*rested).max(now) + MINUTE / self.per_minute;
        match after.checked_duration_since(now + MINUTE) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *rested = after;
                Ok(())
            }
        }
    }
}

impl Seen {
    /// When a caller has all requests of a minute again.
    fn rested(&mut self, caller: Somebody, now: Instant) -> &mut Instant {
        let full = self.callers.len() >= REMEMBERED && !self.callers.contains_key(&caller);
        if full && self.looked.is_none_or(|looked| now.duration_since(looked) >= LOOK) {
            self.looked = Some(now);
            self.callers.retain(|_, rested| *rested > now);
        }
        if full && self.callers.len() >= REMEMBERED {
            return self.others.get_or_insert(now);
        }
        self.callers.entry(caller).or_insert(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_pace_of_their_own() {
        let pace = Pace::new(2);
        let now = Instant::now();
        let here = Some(Address(IpAddr::from([127, 0, 0, 1])));
        let take = |seconds: u64, caller: &str, address| pace.take_at(now + Duration::from_secs(seconds), caller, address);
        assert_eq!((take(0, "a", None), take(0, "a", None)), (Ok(()), Ok(())));
        assert_eq!(take(0, "a", None), Err(Duration::from_secs(30)));
        assert_eq!(take(20, "a", None), Err(Duration::from_secs(10)));
        assert_eq!((take(0, "b", None), take(0, "a", here)), (Ok(()), Ok(())));
        assert_eq!((take(30, "a", None), take(30, "a", None)), (Ok(()), Err(Duration::from_secs(30))));
        assert_eq!((take(600, "a", None), take(600, "a", None)), (Ok(()), Ok(())), "no more than a minute's");
        assert!(take(600, "a", None).is_err());
        let none = Pace::new(0);
        assert!((0..100).all(|_| none.take("a", None).is_ok()));
    }

    #[test]
    fn who_is_too_fast_is_told_when_to_come_back() {
        let pace = Pace::new(1);
        pace.take("a", None).unwrap();
        let (error, seconds) = pace.take("a", None).unwrap_err();
        assert_eq!(error.message, "more than 1 requests in a minute");
        assert!((1..=60).contains(&seconds) && error.hint.unwrap() == format!("try again in {seconds} s"));
    }

    #[test]
    fn no_more_callers_are_remembered_than_there_may_be() {
        let pace = Pace::new(1);
        let now = Instant::now();
        let take = |seconds: u64, caller: usize| pace.take_at(now + Duration::from_secs(seconds), &caller.to_string(), None);
        assert!((0..REMEMBERED).all(|caller| take(0, caller).is_ok()));
        assert!(take(0, REMEMBERED).is_ok());
        assert!(take(0, REMEMBERED + 1).is_err(), "all others share one pace");
        assert!(take(0, 5).is_err() && take(61, 5).is_ok(), "who was there before has their own");
        assert!(take(61, REMEMBERED + 1).is_ok());
        assert!(pace.seen.lock().unwrap().callers.len() <= 2, "who has rested is forgotten");
    }
}
