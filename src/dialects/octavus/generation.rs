//! What a client knows, by the header that its SDK sends since 4.0.0.

use http::HeaderMap;

use crate::domain::Display;

/// The header.
pub const HEADER: &str = "x-octavus-sdk-version";

/// What a client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// 2.0 to 3.x: it drops, or fails at, kinds of parts and values that came later.
    Two,
    /// 4.0 and later.
    Four,
}

impl Generation {
    /// Of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        let version = headers.get(HEADER).and_then(|value| value.to_str().ok());
        let major = version.and_then(|text| text.trim().split('.').next()?.parse::<u32>().ok());
        if major.is_some_and(|major| major >= 4) { Self::Four } else { Self::Two }
    }

    /// Whether it knows what came with 4.0 and later.
    pub fn is_late(self) -> bool {
        self == Self::Four
    }

    /// The word for what is shown of something. To who does not know titles, one is told as a description.
    pub fn display(self, display: Display) -> &'static str {
        match display {
            Display::Hidden => "hidden",
            Display::Name => "name",
            Display::Description => "description",
            Display::Stream => "stream",
            Display::Title if self.is_late() => "title",
            Display::Title => "description",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_header_it_is_an_old_client() {
        let of = |version: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(version) = version {
                headers.insert(HEADER, version.parse().unwrap());
            }
            Generation::of(&headers)
        };
        for (version, late) in [
            (None, false),
            (Some("4"), true),
            (Some("6.4.0"), true),
            (Some("3"), false),
            (Some("x"), false),
            (Some("40"), true),
        ] {
            assert_eq!(of(version).is_late(), late, "{version:?}");
        }
    }
}
