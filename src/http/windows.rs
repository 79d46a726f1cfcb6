//! How many requests of one address are taken in a window of time: each address has one that begins with its first
//! request, and all requests of it come back at its end.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Address;

/// Addresses that are counted one by one; further ones count together.
const REMEMBERED: usize = 10_000;

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The windows of all addresses.
#[derive(Debug)]
pub struct Windows {
    span: Duration,
    most: u32,
    seen: Mutex<HashMap<Option<IpAddr>, Window>>,
}

/// The window of one address.
#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    taken: u32,
}

/// What is left to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Requests of a window.
    pub limit: u32,
    /// Seconds of a window.
    pub span: u64,
    /// Requests that are left.
    pub remaining: u32,
    /// Seconds until the window ends.
    pub reset: u64,
    /// Whether this request was one too many.
    pub is_spent: bool,
}

impl Windows {
    /// So many requests in a span of time; 0 = no limit.
    pub fn new(most: u32, span: Duration) -> Self {
        Self { span, most, seen: Mutex::default() }
    }

    /// Counts one request; `None` where there is no limit.
    pub fn take(&self, address: Option<Address>) -> Option<Left> {
        self.take_at(Instant::now(), address)
    }

    fn take_at(&self, now: Instant, address: Option<Address>) -> Option<Left> {
        if self.most == 0 {
            return None;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut who = address.map(|Address(address)| network(address));
        if seen.len() >= REMEMBERED && !seen.contains_key(&who) {
            seen.retain(|_, window| now.duration_since(window.since) < self.span);
            if seen.len() >= REMEMBERED {
                who = None;
            }
        }
        let window = seen.entry(who).or_insert(Window { since: now, taken: 0 });
        if now.duration_since(window.since) >= self.span {
            *window = Window { since: now, taken: 0 };
        }
        window.taken = window.taken.saturating_add(1);
        let rest = self.span.saturating_sub(now.duration_since(window.since));
        Some(Left {
            limit: self.most,
            span: self.span.as_secs(),
            remaining: self.most.saturating_sub(window.taken),
            reset: rest.as_secs() + u64::from(rest.subsec_nanos() > 0),
            is_spent: window.taken > self.most,
        })
    }
}

impl Left {
    /// Tells it to a client.
    pub fn tell(&self, headers: &mut HeaderMap) {
        if let Ok(policy) = HeaderValue::from_str(&format!("{};w={}", self.limit, self.span)) {
            headers.insert(POLICY.clone(), policy);
        }
        headers.insert(LIMIT.clone(), HeaderValue::from(self.limit));
        headers.insert(REMAINING.clone(), HeaderValue::from(self.remaining));
        headers.insert(RESET.clone(), HeaderValue::from(self.reset));
        if self.is_spent {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.reset));
        }
    }
}

/// What counts as one address: whoever has one of the sixth version has many that begin alike.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(windows: &Windows, now: Instant, address: &str) -> (u32, u64, bool) {
        let left = windows.take_at(now, Some(Address(address.parse().unwrap()))).unwrap();
        assert_eq!((left.limit, left.span), (2, 60));
        (left.remaining, left.reset, left.is_spent)
    }

    #[test]
    fn all_requests_come_back_at_the_end_of_a_window() {
        let windows = Windows::new(2, Duration::from_secs(60));
        let now = Instant::now();
        let after = |millis| now + Duration::from_millis(millis);
        assert_eq!(left(&windows, now, "10.0.0.1"), (1, 60, false));
        assert_eq!(left(&windows, after(500), "::ffff:10.0.0.1"), (0, 60, false), "one address, two ways to write it");
        assert_eq!(left(&windows, after(30_000), "10.0.0.1"), (0, 30, true));
        assert_eq!(left(&windows, after(30_000), "10.0.0.2"), (1, 60, false));
        assert_eq!(left(&windows, after(60_000), "10.0.0.1"), (1, 60, false), "a new window");
        assert_eq!(left(&windows, now, "2001:db8::1"), (1, 60, false));
        assert_eq!(left(&windows, now, "2001:db8::2"), (0, 60, false), "of one network");
        assert_eq!(left(&windows, now, "2001:db8:0:1::1"), (1, 60, false));
        assert_eq!(Windows::new(0, Duration::from_secs(1)).take(None), None);
    }

    #[test]
    fn no_more_addresses_are_remembered_than_there_may_be() {
        let windows = Windows::new(2, Duration::from_secs(60));
        let now = Instant::now();
        let address = |number: usize| {
            let number = u32::try_from(number).unwrap();
            Some(Address(IpAddr::V4(std::net::Ipv4Addr::from_bits(number))))
        };
        let spent = |seconds: u64, number: usize| {
            windows.take_at(now + Duration::from_secs(seconds), address(number)).unwrap().is_spent
        };
        assert!((0..REMEMBERED).all(|number| !spent(0, number)));
        let others: Vec<bool> = (0..3).map(|more| spent(0, REMEMBERED + more)).collect();
        assert_eq!(others, [false, false, true], "all others share one window");
        assert!(!spent(60, REMEMBERED + 5), "those whose time is over make room");
        assert!(windows.seen.lock().unwrap().len() <= 2);
    }

    #[test]
    fn a_client_is_told() {
        let told = |left: Left| {
            let mut headers = HeaderMap::new();
            left.tell(&mut headers);
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect::<Vec<_>>()
        };
        let left = Left { limit: 1_000, span: 900, remaining: 0, reset: 7, is_spent: true };
        let expected = [
            "ratelimit-policy: 1000;w=900",
            "ratelimit-limit: 1000",
            "ratelimit-remaining: 0",
            "ratelimit-reset: 7",
            "retry-after: 7",
        ];
        assert_eq!(told(left), expected);
        assert_eq!(told(Left { is_spent: false, ..left }), expected[..4]);
    }
}
