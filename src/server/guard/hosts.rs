//! The names that this server goes by. A page of another site can make a browser send requests here under a name of its
//! own (DNS rebinding); it cannot do so under a number, or under a name that is ours.

use std::net::IpAddr;

use crate::config::ServerSettings;

/// The names that requests may be meant for.
pub(super) struct Hosts {
    all: bool,
    names: Vec<String>,
    listening: IpAddr,
}

impl Hosts {
    /// The names of a server that listens at an address.
    pub(super) fn new(settings: &ServerSettings, listening: IpAddr) -> Self {
        let mut names: Vec<String> = settings.hosts.iter().map(|name| bare(name).to_ascii_lowercase()).collect();
        if settings.host.parse::<IpAddr>().is_err() {
            names.push(settings.host.to_ascii_lowercase());
        }
        Self { all: settings.hosts.iter().any(|name| name == "*"), names, listening }
    }

    /// Whether a request may be meant for this host, with or without a port.
    pub(super) fn allows(&self, authority: &str) -> bool {
        let host = bare(authority);
        if self.all || host == "localhost" || host.ends_with(".localhost") {
            return true;
        }
        match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || address == self.listening || self.listening.is_unspecified(),
            Err(_) => self.names.iter().any(|name| name == host),
        }
    }
}

/// A host without its port, brackets and last dot.
fn bare(authority: &str) -> &str {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => match authority.rsplit_once(':') {
            // More than one colon without brackets is no port.
            Some((host, _)) if !host.contains(':') => host,
            _ => authority,
        },
    };
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(listening: &str, names: &[&str], authority: &str) -> bool {
        let hosts = names.iter().map(|name| (*name).to_owned()).collect();
        let settings = ServerSettings { host: listening.to_owned(), hosts, ..ServerSettings::default() };
        let listening = listening.parse().unwrap_or(IpAddr::from([127, 0, 0, 1]));
        Hosts::new(&settings, listening).allows(authority)
    }

    #[test]
    fn the_own_names_are_allowed() {
        for host in ["127.0.0.1", "127.0.0.1:3000", "localhost", "localhost:1", "localhost.", "[::1]:3000", "a.localhost:2"]
        {
            assert!(allows("127.0.0.1", &[], host), "{host}");
        }
        assert!(allows("0.0.0.0", &[], "192.168.1.5:3000"));
        assert!(allows("192.168.1.5", &[], "192.168.1.5:3000"));
        assert!(allows("my.machine", &[], "my.machine:3000"));
        assert!(allows("127.0.0.1", &["Chat.Example"], "chat.example:443"));
        assert!(allows("127.0.0.1", &["*"], "anything"));
    }

    #[test]
    fn all_others_are_refused() {
        for host in
            ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.1.5", "evil.example:3000", ""]
        {
            assert!(!allows("127.0.0.1", &["chat.example"], host), "{host}");
        }
        assert!(!allows("0.0.0.0", &[], "evil.example"));
        assert!(!allows("192.168.1.5", &[], "192.168.1.6"));
    }
}
