//! Which addresses are in the public internet: all others are not asked unless the settings name them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are not public: their first address, how many bits count, and what they are.
const V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "of this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "private to a provider"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "of this machine"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a way to IPv6"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for measurements"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// Networks of IPv6 inside of those that are given out which are not public, or hold an address of IPv4.
const V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "reserved, or a way to IPv4"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "a way to IPv4"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
];

/// Why an address is not in the public internet; nothing when it is.
pub(super) fn why_not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            V4.iter().find(|(network, width, _)| (bits ^ network.to_bits()) >> (32 - width) == 0).map(|(.., what)| *what)
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let named = V6.iter().find(|(network, width, _)| (bits ^ network.to_bits()) >> (128 - width) == 0);
            match named {
                Some((.., what)) => Some(what),
                // What is given out: 2000::/3.
                None if bits >> 125 == 1 => None,
                None => Some(outside(address)),
            }
        }
    }
}

/// What an address is that is outside of those that are given out.
fn outside(address: Ipv6Addr) -> &'static str {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => "of this machine",
        [0, 0, 0, 0, 0, 0, 0, 0] => "no address",
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0, 0, ..] => "an address of IPv4 in that of IPv6",
        [0x64, 0xff9b, ..] => "a way to IPv4",
        [first, ..] if first & 0xfe00 == 0xfc00 => "private",
        [first, ..] if first & 0xff80 == 0xfe80 => "link-local",
        [first, ..] if first & 0xff00 == 0xff00 => "multicast",
        _ => "reserved",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "2001:200::1",
        ] {
            assert_eq!(why_not_public(public.parse().unwrap()), None, "{public}");
        }
        for (address, what) in [
            ("0.0.0.0", "of this network"),
            ("0.1.2.3", "of this network"),
            ("10.255.0.1", "private"),
            ("100.64.0.1", "private to a provider"),
            ("100.127.255.255", "private to a provider"),
            ("127.0.0.1", "of this machine"),
            ("127.9.9.9", "of this machine"),
            ("169.254.169.254", "link-local"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.168.1.1", "private"),
            ("198.19.255.255", "for measurements"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast"),
            ("255.255.255.255", "reserved"),
            ("::", "no address"),
            ("::1", "of this machine"),
            ("::ffff:8.8.8.8", "an address of IPv4 in that of IPv6"),
            ("::ffff:127.0.0.1", "an address of IPv4 in that of IPv6"),
            ("::127.0.0.1", "an address of IPv4 in that of IPv6"),
            ("64:ff9b::7f00:1", "a way to IPv4"),
            ("64:ff9b:1::a00:1", "a way to IPv4"),
            ("2002:7f00:1::", "a way to IPv4"),
            ("2001::1", "reserved, or a way to IPv4"),
            ("2001:db8::1", "for documentation"),
            ("fc00::1", "private"),
            ("fdff::1", "private"),
            ("fe80::1", "link-local"),
            ("fec0::1", "link-local"),
            ("ff02::1", "multicast"),
            ("100::1", "reserved"),
            ("4000::1", "reserved"),
        ] {
            assert_eq!(why_not_public(address.parse().unwrap()), Some(what), "{address}");
        }
    }
}
