//! Routes that pages of every origin may call, under every name of the server: what such a request may do is proven by its
//! address, and by nothing that a browser sends along by itself.

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD};
use http::{HeaderMap, HeaderValue, Method};

use super::origins;

/// The paths of such routes, word by word; `None` stands for any one word.
pub(super) struct OpenPaths(Vec<(Method, Vec<Option<String>>)>);

impl OpenPaths {
    /// Of these routes: method, and path with `{name}` for a word.
    pub(super) fn new(routes: &[(Method, String)]) -> Self {
        let word = |word: &str| (!(word.starts_with('{') && word.ends_with('}'))).then(|| word.to_owned());
        Self(routes.iter().map(|(method, path)| (method.clone(), path.split('/').map(word).collect())).collect())
    }

    /// The methods that are open on a path.
    pub(super) fn methods(&self, path: &str) -> Vec<&Method> {
        let fits = |words: &[Option<String>]| {
            let mut given = path.split('/');
            let fit = words.iter().all(|word| match (word, given.next()) {
                (Some(word), Some(given)) => word == given,
                (None, Some(given)) => !given.is_empty(),
                (_, None) => false,
            });
            fit && given.next().is_none()
        };
        self.0.iter().filter(|(_, words)| fits(words)).map(|(method, _)| method).collect()
    }
}

/// Whether a method is open; HEAD goes with GET.
pub(super) fn has(open: &[&Method], method: &Method) -> bool {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    open.contains(&method)
}

/// Whether a browser asks for a method that is open.
pub(super) fn asks_for(open: &[&Method], request: &HeaderMap) -> bool {
    let asked = request.get(ACCESS_CONTROL_REQUEST_METHOD).and_then(|asked| Method::from_bytes(asked.as_bytes()).ok());
    asked.is_some_and(|asked| has(open, &asked))
}

/// What an answer tells the browser: every page may read it, and what a browser would send along by itself does not count.
pub(super) fn headers(open: &[&Method], method: &Method, request: &HeaderMap, response: &mut HeaderMap) {
    response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let methods: Vec<&str> = open.iter().map(|method| method.as_str()).collect();
    if let Ok(methods) = HeaderValue::from_str(&methods.join(",")) {
        origins::may(method, request, response, methods);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_paths_of_the_table_are_open() {
        let routes = [(Method::PUT, "/one/files/{id}".to_owned()), (Method::GET, "/one/files/{id}".to_owned())];
        let open = OpenPaths::new(&routes);
        assert_eq!(open.methods("/one/files/x"), [&Method::PUT, &Method::GET]);
        for path in
            ["/one/files", "/one/files/", "/one/files/x/", "/one/files/x/y", "//one/files/x", "/two/files/x", "/", ""]
        {
            assert_eq!(open.methods(path), [&Method::PUT; 0], "{path}");
        }
        let here = open.methods("/one/files/x");
        assert!(has(&here, &Method::HEAD) && has(&here, &Method::PUT));
        assert!(!has(&here, &Method::POST) && !has(&here, &Method::DELETE) && !has(&[&Method::PUT], &Method::HEAD));
    }
}
