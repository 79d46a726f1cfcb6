//! How pages are fetched, and which hosts inside of this machine or network may be asked for them all the same.

use std::net::IpAddr;
use std::time::Duration;

use super::layers::{Layer, Source};
use crate::domain::Error;

/// How pages are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchSettings {
    /// What may be asked although it is not in the public internet.
    pub allow_hosts: Vec<AllowedHost>,
    /// Longest fetch, with all its redirects.
    pub time: Duration,
    /// Most bytes of a page that are read.
    pub bytes: usize,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self { allow_hosts: Vec::new(), time: Duration::from_secs(30), bytes: 5 << 20 }
    }
}

/// A host that may be asked wherever it is: by its name, or by the address that is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    host: Host,
    /// Only this port; absent = any.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    /// In lower case.
    Name(String),
    /// An address, and how many of its first bits must be the same.
    Network(IpAddr, u32),
}

impl AllowedHost {
    /// Reads `NAME`, `NAME:PORT`, `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]:PORT` or `ADDRESS/BITS`.
    ///
    /// # Errors
    /// `invalid_input` for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::invalid(format!("`tools.fetch.allow_hosts`: `{}` is no host", super::printable(text)))
                .hint("write NAME, NAME:PORT, ADDRESS, ADDRESS:PORT or ADDRESS/BITS, such as `wiki.local` or `10.1.0.0/16`")
        };
        let network = |address: IpAddr, bits: u32| Host::Network(address, bits);
        let whole = |address: IpAddr| network(address, width(address));
        if let Some((address, bits)) = text.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_| wrong())?;
            let bits = bits.parse().ok().filter(|bits| *bits <= width(address)).ok_or_else(wrong)?;
            return Ok(Self { host: network(address, bits), port: None });
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Self { host: whole(address), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?)),
            None => (text, None),
        };
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse() {
            return Ok(Self { host: whole(address), port });
        }
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        };
        if !is_name(host) {
            return Err(wrong());
        }
        Ok(Self { host: Host::Name(host.trim_end_matches('.').to_ascii_lowercase()), port })
    }

    /// Whether it is this name, which stands in an address that is asked, at this port.
    pub fn is_name(&self, name: &str, port: u16) -> bool {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.port.is_none_or(|own| own == port) && matches!(&self.host, Host::Name(own) if *own == name)
    }

    /// Whether this address that is about to be connected to, at this port, is among it.
    pub fn holds(&self, address: IpAddr, port: u16) -> bool {
        let Host::Network(own, bits) = &self.host else { return false };
        self.port.is_none_or(|own| own == port) && same(*own, address, *bits)
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether two addresses of one family begin with the same bits.
fn same(one: IpAddr, other: IpAddr, bits: u32) -> bool {
    let differs = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => u128::from(one.to_bits() ^ other.to_bits()) << 96,
        (IpAddr::V6(one), IpAddr::V6(other)) => one.to_bits() ^ other.to_bits(),
        _ => return false,
    };
    differs.leading_zeros() >= bits
}

/// What holds when nobody says anything.
pub fn defaults(layer: &mut Layer) {
    let usual = FetchSettings::default();
    layer.set("tools.fetch.seconds", usual.time.as_secs(), Source::Default);
    layer.set("tools.fetch.bytes", u64::try_from(usual.bytes).unwrap_or(u64::MAX), Source::Default);
}

/// Reads them.
///
/// # Errors
/// `invalid_input` for a host that is none.
pub fn read(values: &Layer) -> Result<FetchSettings, Error> {
    let usual = FetchSettings::default();
    let allow_hosts = values.texts("tools.fetch.allow_hosts");
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Ok(FetchSettings {
        allow_hosts: allow_hosts.iter().map(|text| AllowedHost::parse(text)).collect::<Result<_, _>>()?,
        time: values.number("tools.fetch.seconds").map_or(usual.time, Duration::from_secs),
        bytes: values.number("tools.fetch.bytes").map_or(usual.bytes, size),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_networks() {
        let host = |text: &str| AllowedHost::parse(text).unwrap();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(host("Wiki.local").is_name("wiki.LOCAL.", 80) && !host("wiki.local").is_name("a.wiki.local", 80));
        assert!(host("wiki:8080").is_name("wiki", 8_080) && !host("wiki:8080").is_name("wiki", 80));
        assert!(host("10.1.0.0/16").holds(address("10.1.9.9"), 80) && !host("10.1.0.0/16").holds(address("10.2.0.1"), 80));
        assert!(host("0.0.0.0/0").holds(address("10.2.0.1"), 80) && !host("0.0.0.0/0").holds(address("::1"), 80));
        assert!(
            host("127.0.0.1:81").holds(address("127.0.0.1"), 81) && !host("127.0.0.1:81").holds(address("127.0.0.1"), 82)
        );
        assert!(host("[::1]:81").holds(address("::1"), 81) && host("::1").holds(address("::1"), 9));
        assert!(host("fd00::/8").holds(address("fd12::1"), 1) && !host("fd00::/8").holds(address("fe80::1"), 1));
        for wrong in ["", "a b", "10.0.0.0/33", "x/8", "host:0", "host:x", "http://host", "*"] {
            let error = AllowedHost::parse(wrong).unwrap_err();
            assert!(error.message.ends_with("is no host"), "{wrong}: {}", error.message);
        }
    }
}
