//! How often somebody may fail to log in: under one name, and from one address. Unknown names count as known ones, so
//! nobody learns by it which there are; and while somebody must wait, a right password is refused as well.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crate::config::LoginSettings;
use crate::domain::{Error, ErrorCode, Result, Timestamp};

/// Names, and addresses, that are remembered one by one; further ones share one pace.
const REMEMBERED: usize = 10_000;

/// Failures by name and by address. So many may come at once; each is forgotten after its part of the window.
pub(super) struct Throttle {
    window: i64,
    failures: Mutex<Failures>,
}

struct Failures {
    names: Paces<String>,
    addresses: Paces<IpAddr>,
}

/// When each has all its failures again.
struct Paces<K> {
    /// Milliseconds until one failure is forgotten; 0 = there is no limit.
    part: i64,
    rested: HashMap<K, i64>,
    others: i64,
}

impl Throttle {
    /// As the settings say.
    pub(super) fn new(settings: &LoginSettings) -> Self {
        let millis = |number: u64| i64::try_from(number).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000);
        let window = millis(settings.window_seconds);
        let part = |most: u64| i64::try_from(most).ok().filter(|most| *most > 0).map_or(0, |most| (window / most).max(1));
        let names = Paces { part: part(settings.name_failures), rested: HashMap::new(), others: 0 };
        let addresses = Paces { part: part(settings.address_failures), rested: HashMap::new(), others: 0 };
        Self { window, failures: Mutex::new(Failures { names, addresses }) }
    }

    /// Counts an attempt as one that failed, unless it must wait.
    ///
    /// # Errors
    /// `rate_limited`, with the seconds to wait.
    pub(super) fn take(&self, now: Timestamp, name: &str, address: Option<IpAddr>) -> Result<()> {
        self.look(now, name, address, true)
    }

    /// Whether an attempt must wait.
    ///
    /// # Errors
    /// As [`Throttle::take`].
    pub(super) fn check(&self, now: Timestamp, name: &str, address: Option<IpAddr>) -> Result<()> {
        self.look(now, name, address, false)
    }

    fn look(&self, now: Timestamp, name: &str, address: Option<IpAddr>, take: bool) -> Result<()> {
        let now = now.as_millis();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, address) = (name.to_owned(), address.map(network));
        let by_name = failures.names.wait(now, self.window, &name);
        let by_address = address.map_or(0, |address| failures.addresses.wait(now, self.window, &address));
        let wait = by_name.max(by_address);
        if wait > 0 {
            let seconds = u64::try_from(wait.saturating_add(999) / 1_000).unwrap_or(1);
            return Err(Error::new(ErrorCode::RateLimited, "too many attempts to log in failed").retry_after(seconds));
        }
        if take {
            failures.names.add(now, self.window, name);
            if let Some(address) = address {
                failures.addresses.add(now, self.window, address);
            }
        }
        Ok(())
    }

    /// Takes an attempt back that was counted: it did not fail.
    pub(super) fn give_back(&self, name: &str, address: Option<IpAddr>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.names.give_back(&name.to_owned());
        if let Some(address) = address.map(network) {
            failures.addresses.give_back(&address);
        }
    }
}

/// One who has an address of the second kind has a whole network of them.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => IpAddr::V4(address),
            None => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        },
        IpAddr::V4(_) => address,
    }
}

impl<K: Eq + Hash> Paces<K> {
    /// Milliseconds until one more may fail.
    fn wait(&self, now: i64, window: i64, key: &K) -> i64 {
        if self.part == 0 {
            return 0;
        }
        let shared = if self.rested.len() >= REMEMBERED { self.others } else { now };
        let rested = self.rested.get(key).copied().unwrap_or(shared);
        // A clock that was set back makes nobody wait longer than a window.
        let rested = rested.clamp(now, now.saturating_add(window));
        (rested + self.part - now - window).max(0)
    }

    fn add(&mut self, now: i64, window: i64, key: K) {
        if self.part == 0 {
            return;
        }
        if self.rested.len() >= REMEMBERED && !self.rested.contains_key(&key) {
            self.rested.retain(|_, rested| *rested > now);
        }
        let rested = if self.rested.len() >= REMEMBERED && !self.rested.contains_key(&key) {
            &mut self.others
        } else {
            self.rested.entry(key).or_insert(now)
        };
        *rested = (*rested).clamp(now, now.saturating_add(window)) + self.part;
    }

    fn give_back(&mut self, key: &K) {
        match self.rested.get_mut(key) {
            Some(rested) => *rested -= self.part,
            None => self.others -= self.part,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(name_failures: u64, address_failures: u64) -> Throttle {
        Throttle::new(&LoginSettings { name_failures, address_failures, window_seconds: 60, ..LoginSettings::default() })
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_795_156_323_042 + seconds * 1_000)
    }

    /// Seconds to wait at a moment; 0 = it was counted.
    fn take(throttle: &Throttle, seconds: i64, name: &str, address: Option<IpAddr>) -> u64 {
        throttle.take(at(seconds), name, address).map_or_else(|error| error.retry_after.unwrap(), |()| 0)
    }

    #[test]
    fn a_name_may_fail_so_often() {
        let throttle = throttle(3, 0);
        let taken = [0, 0, 0, 0, 19, 20, 20].map(|seconds| take(&throttle, seconds, "ana", None));
        assert_eq!(taken, [0, 0, 0, 20, 1, 0, 20]);
        assert_eq!(take(&throttle, 20, "bob", None), 0, "each name has its own");
        let error = throttle.check(at(20), "ana", None).unwrap_err();
        assert_eq!((error.code, error.hint.as_deref()), (ErrorCode::RateLimited, Some("try again in 20 s")));
        assert_eq!([600, 600, 600, 600].map(|seconds| take(&throttle, seconds, "ana", None)), [0, 0, 0, 20]);
        // A clock that was set back.
        assert!(take(&throttle, 0, "ana", None) <= 60);
    }

    #[test]
    fn an_address_may_fail_so_often_whatever_the_names() {
        let throttle = throttle(0, 2);
        let here = |last: u8| Some(IpAddr::from([192, 0, 2, last]));
        let names = ["a", "b", "c"].map(|name| take(&throttle, 0, name, here(1)));
        assert_eq!(names, [0, 0, 30]);
        assert_eq!((take(&throttle, 0, "c", here(2)), take(&throttle, 0, "c", None)), (0, 0));
        // A network counts as one address, and an address in two forms too.
        let far = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let taken = ["2001:db8::1", "2001:db8::ffff", "2001:db8::2", "2001:db8:0:1::1", "::ffff:192.0.2.1"];
        assert_eq!(taken.map(|text| take(&throttle, 0, "d", far(text))), [0, 0, 30, 0, 30]);
    }

    #[test]
    fn what_did_not_fail_does_not_count() {
        let throttle = throttle(2, 2);
        let here = Some(IpAddr::from([192, 0, 2, 1]));
        for _ in 0..100 {
            assert_eq!(take(&throttle, 0, "ana", here), 0);
            throttle.give_back("ana", here);
        }
        assert_eq!([0; 3].map(|seconds| take(&throttle, seconds, "ana", here)), [0, 0, 30]);
    }

    #[test]
    fn no_more_names_are_remembered_than_may_be() {
        let throttle = throttle(1, 0);
        assert!((0..REMEMBERED).all(|name| take(&throttle, 0, &name.to_string(), None) == 0));
        assert_eq!((take(&throttle, 0, "x", None), take(&throttle, 0, "y", None)), (0, 60), "all others share one");
        assert_eq!((take(&throttle, 61, "x", None), take(&throttle, 61, "y", None)), (0, 0));
        assert!(throttle.failures.lock().unwrap().names.rested.len() <= 2);
    }
}
