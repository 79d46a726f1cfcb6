//! How often one caller may ask: every request counts, and every message over a WebSocket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::{Error, ErrorCode};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Callers that are remembered one by one; further ones share one pace.
const REMEMBERED: usize = 10_000;

/// Between two looks for callers that have rested, when there are so many.
const LOOK: Duration = Duration::from_secs(1);

/// Where a request comes from: stands among its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(pub IpAddr);

/// The pace of each caller at each address. A minute's requests may come at once, unless a second has a limit of its own;
/// each comes back after its part of the time.
#[derive(Debug)]
pub struct Pace {
    per_minute: u32,
    per_second: u32,
    seen: Mutex<Seen>,
}

/// What is left to a caller of a minute's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests in a minute.
    pub limit: u32,
    /// Requests that may come at once now.
    pub remaining: u32,
    /// Until all of them may.
    pub full_in: Duration,
}

/// A caller, and the address that they call from.
type Somebody = (String, Option<Address>);

/// When a caller has all requests of a minute again, and of a second.
#[derive(Clone, Copy, Debug)]
struct Rested {
    minute: Instant,
    second: Instant,
}

impl Rested {
    fn new(now: Instant) -> Self {
        Self { minute: now, second: now }
    }

    fn last(self) -> Instant {
        self.minute.max(self.second)
    }
}

/// When each caller has all requests again.
#[derive(Debug, Default)]
struct Seen {
    callers: HashMap<Somebody, Rested>,
    others: Option<Rested>,
    looked: Option<Instant>,
}

impl Pace {
    /// So many requests in a minute; 0 = no limit.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, per_second: 0, seen: Mutex::default() }
    }

    /// So many of them in a second; 0 = no limit of its own.
    #[must_use]
    pub fn with_burst(self, per_second: u32) -> Self {
        Self { per_second, ..self }
    }

    /// Takes one request of a caller's pace.
    ///
    /// # Errors
    /// What the caller is told, and after how many seconds there will be a request.
    pub fn take(&self, caller: &str, address: Option<Address>) -> Result<(), (Error, u64)> {
        self.spend(caller, address).1
    }

    /// As [`Pace::take`], with what is left then; `None` where a minute has no limit.
    pub fn spend(&self, caller: &str, address: Option<Address>) -> (Option<Allowance>, Result<(), (Error, u64)>) {
        let now = Instant::now();
        let (rested, taken) = self.spend_at(now, caller, address);
        let taken = taken.map_err(|(wait, limit, unit)| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let message = format!("more than {limit} requests in a {unit}");
            (Error::new(ErrorCode::RateLimited, message).hint(format!("try again in {seconds} s")), seconds)
        });
        (rested.filter(|_| self.per_minute > 0).map(|rested| self.left(now, rested)), taken)
    }

    fn left(&self, now: Instant, rested: Rested) -> Allowance {
        let full_in = rested.minute.saturating_duration_since(now);
        let one = (MINUTE / self.per_minute.max(1)).as_nanos().max(1);
        let used = u32::try_from(full_in.as_nanos().div_ceil(one)).unwrap_or(u32::MAX);
        Allowance { limit: self.per_minute, remaining: self.per_minute.saturating_sub(used), full_in }
    }

    #[cfg(test)]
    fn take_at(&self, now: Instant, caller: &str, address: Option<Address>) -> Result<(), Duration> {
        self.spend_at(now, caller, address).1.map_err(|(wait, ..)| wait)
    }

    /// When the caller has rested, and whether the request is taken; else how long to wait, and which limit it is.
    fn spend_at(&self, now: Instant, caller: &str, address: Option<Address>) -> (Option<Rested>, Result<(), Refused>) {
        if self.per_minute == 0 && self.per_second == 0 {
            return (None, Ok(()));
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let rested = seen.rested((caller.to_owned(), address), now);
        let minute = after(now, rested.minute, MINUTE, self.per_minute);
        let second = after(now, rested.second, SECOND, self.per_second);
        let taken = match (minute, second) {
            (Ok(minute), Ok(second)) => {
                *rested = Rested { minute, second };
                Ok(())
            }
            // Whichever is longer, so that who waits for it is let in.
            (Err(wait), Err(other)) if other > wait => Err((other, self.per_second, "second")),
            (Err(wait), _) => Err((wait, self.per_minute, "minute")),
            (_, Err(wait)) => Err((wait, self.per_second, "second")),
        };
        (Some(*rested), taken)
    }
}

/// How long to wait, and for which limit: so many requests in what.
type Refused = (Duration, u32, &'static str);

/// When somebody has rested after one more of so many requests in a span, or how long it takes until that may come.
fn after(now: Instant, rested: Instant, span: Duration, most: u32) -> Result<Instant, Duration> {
    if most == 0 {
        return Ok(now);
    }
    let after = rested.max(now) + span / most;
    match after.checked_duration_since(now + span) {
        Some(wait) if !wait.is_zero() => Err(wait),
        _ => Ok(after),
    }
}

impl Seen {
    /// When a caller has all requests again.
    fn rested(&mut self, caller: Somebody, now: Instant) -> &mut Rested {
        let full = self.callers.len() >= REMEMBERED && !self.callers.contains_key(&caller);
        if full && self.looked.is_none_or(|looked| now.duration_since(looked) >= LOOK) {
            self.looked = Some(now);
            self.callers.retain(|_, rested| rested.last() > now);
        }
        if full && self.callers.len() >= REMEMBERED {
            return self.others.get_or_insert(Rested::new(now));
        }
        self.callers.entry(caller).or_insert(Rested::new(now))
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
    fn a_second_may_have_a_limit_of_its_own() {
        let pace = Pace::new(4).with_burst(2);
        let now = Instant::now();
        let spend = |millis: u64| {
            let now = now + Duration::from_millis(millis);
            let (rested, taken) = pace.spend_at(now, "a", None);
            let left = pace.left(now, rested.unwrap());
            (left.remaining, left.full_in.as_millis(), taken.map_err(|(wait, most, _)| (wait.as_millis(), most)))
        };
        assert_eq!(spend(0), (3, 15_000, Ok(())));
        assert_eq!(spend(0), (2, 30_000, Ok(())));
        assert_eq!(spend(0), (2, 30_000, Err((500, 2))), "two in a second");
        assert_eq!(spend(500), (1, 44_500, Ok(())));
        assert_eq!(spend(1_000), (0, 59_000, Ok(())));
        assert_eq!(spend(2_000), (0, 58_000, Err((13_000, 4))), "four in a minute");
        let only = Pace::new(0).with_burst(1);
        assert!(only.take("a", None).is_ok());
        let (allowance, taken) = only.spend("a", None);
        assert_eq!((allowance, taken.unwrap_err().0.message.as_str()), (None, "more than 1 requests in a second"));
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
