//! How often one caller may ask.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Callers that are remembered before those that have rested are forgotten.
const REMEMBERED: usize = 10_000;

/// The pace of each caller at each address.
pub(super) struct Pace {
    clock: DefaultClock,
    limit: Option<Limit>,
}

/// A caller, and the address that they call from.
type Somebody = (String, Option<IpAddr>);

struct Limit {
    per_minute: NonZeroU32,
    of_each: DefaultKeyedRateLimiter<Somebody>,
}

impl Pace {
    /// So many requests in a minute; 0 = no limit.
    pub(super) fn new(per_minute: u32) -> Self {
        let limit = NonZeroU32::new(per_minute)
            .map(|per_minute| Limit { per_minute, of_each: RateLimiter::keyed(Quota::per_minute(per_minute)) });
        Self { clock: DefaultClock::default(), limit }
    }

    /// The limit; 0 = none.
    pub(super) fn per_minute(&self) -> u32 {
        self.limit.as_ref().map_or(0, |limit| limit.per_minute.get())
    }

    /// Takes one request of a caller's pace, or tells after how many seconds there will be one.
    pub(super) fn take(&self, caller: &str, address: Option<IpAddr>) -> Result<(), u64> {
        let Some(Limit { of_each, .. }) = &self.limit else { return Ok(()) };
        if of_each.len() > REMEMBERED {
            of_each.retain_recent();
        }
        of_each.check_key(&(caller.to_owned(), address)).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_pace_of_their_own() {
        let pace = Pace::new(2);
        assert_eq!((pace.take("a", None), pace.take("a", None)), (Ok(()), Ok(())));
        let wait = pace.take("a", None).unwrap_err();
        assert!((1..=30).contains(&wait), "{wait}");
        assert_eq!(pace.take("b", None), Ok(()));
        assert_eq!(pace.take("a", Some(IpAddr::from([127, 0, 0, 1]))), Ok(()));
        let none = Pace::new(0);
        assert!((0..100).all(|_| none.take("a", None).is_ok()));
    }
}
