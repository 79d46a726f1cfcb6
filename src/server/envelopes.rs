//! In which words an error is told: those of the dialect that owns the longest beginning of the path, else the house's.

use axum::response::Response;

use crate::dialects::Dialect;
use crate::domain::Error;

/// How an error is told.
type Refuse = fn(&Error) -> Response;

/// The words of each path.
pub(super) struct Envelopes(Vec<(String, Refuse)>);

impl Envelopes {
    /// Those of these dialects. Of two that own the same, the first tells.
    pub(super) fn new(dialects: &[Dialect]) -> Self {
        let mut owned = Vec::new();
        for dialect in dialects {
            owned.push((format!("/{}", dialect.name), dialect.refuse));
            owned.extend(dialect.owns.iter().map(|path| (path.trim_end_matches('/').to_owned(), dialect.refuse)));
        }
        // A stable sort: those of equal length stay in the order of the dialects.
        owned.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        Self(owned)
    }

    /// An error about a path.
    pub(super) fn refuse(&self, path: &str, error: &Error) -> Response {
        let owns = |owned: &str| path.strip_prefix(owned).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let found = self.0.iter().find(|(owned, _)| owns(owned));
        found.map_or(crate::http::refuse as Refuse, |(_, refuse)| *refuse)(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(name: &'static str, owns: &'static [&'static str], refuse: Refuse) -> Dialect {
        Dialect {
            name,
            title: "",
            routes: Vec::new(),
            owns,
            refuse,
            fallback: None,
            sockets: Vec::new(),
            wants_credential: false,
        }
    }

    #[test]
    fn the_longest_owned_beginning_tells() {
        let words = Envelopes::new(&[
            dialect("one", &["/api"], |_| crate::http::text(http::StatusCode::OK, "one")),
            dialect("two", &["/api/v1/", "/api"], |_| crate::http::text(http::StatusCode::ACCEPTED, "two")),
        ]);
        let status = |path: &str| words.refuse(path, &Error::invalid("x")).status().as_u16();
        for (path, expected) in [
            ("/api/v1/x", 202),
            ("/api/v1", 202),
            ("/api/v1x", 200),
            ("/api", 200),
            ("/two/api/x", 202),
            ("/one", 200),
            ("/apix", 400),
            ("/", 400),
        ] {
            assert_eq!(status(path), expected, "{path}");
        }
    }
}
