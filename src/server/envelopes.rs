//! In which words an error is told: those of the dialect that owns the longest beginning of the path, else the house's.

use axum::response::Response;

use crate::dialects::Dialect;
use crate::domain::Error;
use crate::http::RequestId;

/// How an error is told.
type Refuse = fn(&Error) -> Response;

/// What is done to an answer last.
type Finish = fn(&RequestId, Response) -> Response;

/// The words of each path.
pub(super) struct Envelopes(Vec<(String, Refuse, Option<Finish>, &'static str)>);

impl Envelopes {
    /// Those of these dialects. Of two that own the same, the first tells.
    pub(super) fn new(dialects: &[Dialect]) -> Self {
        let mut owned = Vec::new();
        for dialect in dialects {
            let words = |path: String| (path, dialect.refuse, dialect.finish, dialect.name);
            owned.push(words(format!("/{}", dialect.name)));
            owned.extend(dialect.owns.iter().map(|path| words(path.trim_end_matches('/').to_owned())));
        }
        // A stable sort: those of equal length stay in the order of the dialects.
        owned.sort_by_key(|(path, ..)| std::cmp::Reverse(path.len()));
        Self(owned)
    }

    /// An error about a path.
    pub(super) fn refuse(&self, path: &str, error: &Error) -> Response {
        self.owner(path).map_or(crate::http::refuse as Refuse, |(_, refuse, ..)| *refuse)(error)
    }

    /// The last that is done to an answer on a path.
    pub(super) fn finish(&self, path: &str, id: &RequestId, response: Response) -> Response {
        match self.owner(path) {
            Some((_, _, Some(finish), _)) => finish(id, response),
            _ => response,
        }
    }

    /// The name of the dialect that owns a path.
    pub(super) fn owner_of(&self, path: &str) -> Option<&'static str> {
        self.owner(path).map(|(.., name)| *name)
    }

    fn owner(&self, path: &str) -> Option<&(String, Refuse, Option<Finish>, &'static str)> {
        let owns = |owned: &str| path.strip_prefix(owned).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.0.iter().find(|(owned, ..)| owns(owned))
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
            sockets: crate::http::SocketEvents::new(),
            wants_credential: crate::dialects::WantsCredential::No,
            finish: None,
            paced: &[],
            description: None,
            around: None,
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
