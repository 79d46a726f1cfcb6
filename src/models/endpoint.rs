//! Where a provider is reached and what every request to it carries; and what must not be shown of that.

use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::config::Provider;
use crate::domain::Error;

/// Longest text of a provider that is shown, in characters.
const SHOWN: usize = 300;
/// Pieces of a key that are this long are taken out as well: providers like to show the half of a key.
const PIECE: usize = 8;

/// Where a provider is reached.
pub(super) struct Endpoint {
    /// The provider's name in the settings.
    pub provider: String,
    /// The full address.
    pub url: Url,
    /// Sent with every request.
    pub headers: HeaderMap,
    /// Whether a key is sent.
    pub has_key: bool,
    key: Option<SecretString>,
    /// Values of further headers, and the words in them, the longest first.
    secrets: Vec<SecretString>,
}

impl Endpoint {
    /// The address `path` below the provider's base URL; `own` are headers that the wire wants, by their names.
    ///
    /// # Errors
    /// `invalid_input` when the base URL or a header of the settings cannot be used.
    pub fn new(name: &str, provider: &Provider, path: &str, own: &[(&str, String)]) -> Result<Self, Error> {
        let base = provider.base_url.trim_end_matches('/');
        let url = Url::parse(&format!("{base}{path}")).ok().filter(|url| url.has_host() && url.scheme().starts_with("http"));
        let url = url.ok_or_else(|| {
            Error::invalid(format!("the base URL of provider `{name}` is not an http or https address"))
                .hint(format!("write it in full in `providers.{name}.base_url`, such as `http://127.0.0.1:8080/v1`"))
        })?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream, application/json"));
        let theirs = provider.headers.iter().map(|(header, value)| (header.as_str(), value.expose_secret()));
        // The user's own headers come last and win: some gateways want the key in another form.
        for (header, value) in own.iter().map(|(header, value)| (*header, value.as_str())).chain(theirs) {
            let bad = |_| {
                Error::invalid(format!("header `{header}` of provider `{name}` cannot be sent"))
                    .hint("header names are letters, digits and `-`; values are visible ASCII without line ends")
            };
            let header_name = HeaderName::from_bytes(header.as_bytes()).map_err(|_| bad(()))?;
            let mut value = HeaderValue::from_str(value).map_err(|_| bad(()))?;
            value.set_sensitive(true);
            headers.insert(header_name, value);
        }
        let values = provider.headers.values().map(ExposeSecret::expose_secret);
        // Whole values, and the words in them: an echo may leave the scheme out. A value of a few letters is no secret,
        // and to take it out would spoil every text.
        let words = values.flat_map(|value| std::iter::once(value).chain(value.split_whitespace()));
        let mut words: Vec<&str> = words.filter(|word| word.len() >= PIECE).collect();
        words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
        Ok(Self {
            provider: name.to_owned(),
            url,
            headers,
            has_key: has_key(provider),
            key: provider.api_key.clone(),
            secrets: words.into_iter().map(SecretString::from).collect(),
        })
    }

    /// Host and port, for messages.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether it is OpenAI's own server, also in Azure, which is stricter than the others.
    pub fn is_openai(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        host == "api.openai.com" || host.ends_with(".openai.azure.com")
    }

    /// Whether the address is this machine, over plain HTTP.
    pub fn is_local(&self) -> bool {
        crate::outgoing::is_local(&self.url)
    }

    /// A text of the provider as it may be shown: one line, short, without the key, pieces of it, or secret headers.
    pub fn shown(&self, text: &str) -> String {
        let mut text = text.chars().take(SHOWN * 8).collect::<String>();
        for secret in &self.secrets {
            text = text.replace(secret.expose_secret(), "[…]");
        }
        if let Some(key) = &self.key {
            text = without_pieces(&text, key.expose_secret());
        }
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let line = words.collect::<Vec<_>>().join(" ");
        let mut short: String = line.chars().take(SHOWN).collect();
        if short.len() < line.len() {
            short.push('…');
        }
        short
    }
}

/// Whether requests to a provider carry a key, be it in a header of the user's own.
pub(super) fn has_key(provider: &Provider) -> bool {
    provider.api_key.is_some() || provider.headers.keys().any(|header| is_key_header(header))
}

/// Whether a header is where keys stand.
pub(crate) fn is_key_header(header: &str) -> bool {
    ["authorization", "x-api-key", "api-key"].iter().any(|name| header.eq_ignore_ascii_case(name))
}

/// Takes out every run of at least [`PIECE`] bytes that the key holds too, or the whole key when it is shorter.
fn without_pieces(text: &str, key: &str) -> String {
    if key.len() <= PIECE || !key.is_ascii() {
        return if key.is_empty() { text.to_owned() } else { text.replace(key, "[…]") };
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let fits = |length: usize| rest.get(..length).is_some_and(|piece| key.contains(piece));
        let length = (PIECE..=rest.len().min(key.len())).take_while(|length| fits(*length)).last();
        if length.is_some() {
            clean.push_str("[…]");
        } else {
            clean.push(first);
        }
        rest = &rest[length.unwrap_or(first.len_utf8())..];
    }
    clean
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Wire;

    pub(in crate::models) fn provider(base_url: &str, key: &str, headers: &[(&str, &str)]) -> Provider {
        let headers: BTreeMap<_, _> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from((*value).to_owned()))).collect();
        let api_key = (!key.is_empty()).then(|| SecretString::from(key.to_owned()));
        Provider { wire: Wire::Openai, base_url: base_url.into(), api_key, headers }
    }

    fn endpoint(key: &str, headers: &[(&str, &str)]) -> Endpoint {
        Endpoint::new("house", &provider("https://models.example/v1", key, headers), "/chat/completions", &[]).unwrap()
    }

    #[test]
    fn no_secret_is_shown() {
        let endpoint = endpoint("sk-canary-0123456789abcdef", &[("x-token", "Bearer tok-canary-987654321")]);
        for (text, shown) in [
            ("key sk-canary-0123456789abcdef is wrong", "key […] is wrong"),
            ("key sk-canary-01****cdef is wrong", "key […]****cdef is wrong"),
            ("got \"tok-canary-987654321\"\n\u{1b}[31m twice", "got \"[…]\" [31m twice"),
            ("Bearer tok-canary-987654321", "[…]"),
            ("sk-cana is no piece", "sk-cana is no piece"),
        ] {
            assert_eq!(endpoint.shown(text), shown);
        }
        assert_eq!(super::tests::endpoint("ab", &[]).shown("ab cab"), "[…] c[…]");
    }

    #[test]
    fn a_long_text_is_shortened() {
        let shown = endpoint("", &[]).shown(&"wörd ".repeat(1_000));
        assert_eq!((shown.chars().count(), shown.ends_with('…')), (SHOWN + 1, true));
    }

    #[test]
    fn what_cannot_be_sent_is_told_without_its_value() {
        for (base, headers) in [
            ("localhost:11434/v1", &[][..]),
            ("", &[]),
            ("ftp://host/v1", &[]),
            ("https://host", &[("x y", "canary")]),
            ("https://host", &[("x", "canary\n")]),
        ] {
            let error = Endpoint::new("house", &provider(base, "", headers), "/x", &[]).err().unwrap();
            assert_eq!(error.code, crate::domain::ErrorCode::InvalidInput, "{base}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn this_machine_is_known() {
        for (base, local) in [
            ("http://localhost:1/v1", true),
            ("http://127.0.0.2:1/v1", true),
            ("http://[::1]:1/v1", true),
            ("https://127.0.0.1/v1", false),
            ("http://10.0.0.1/v1", false),
            ("http://localhost.example/v1", false),
        ] {
            let endpoint = Endpoint::new("house", &provider(base, "", &[]), "/x", &[]).unwrap();
            assert_eq!(endpoint.is_local(), local, "{base}");
        }
    }
}
