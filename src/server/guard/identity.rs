//! Who calls: by the token, in one of its ways, or by being on this machine.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use secrecy::SecretString;

use crate::config::ServerSettings;
use crate::domain::{Error, ErrorCode, Principal};
use crate::http::{cookie_value, empty, opens};

/// How callers are known.
pub(super) struct Identity {
    token: Option<SecretString>,
    cookie: String,
    /// Who calls where there is no token.
    anybody: Principal,
}

impl Identity {
    /// As the settings say, for a server at a port.
    pub(super) fn new(settings: &ServerSettings, port: u16) -> Self {
        let anybody = match (settings.no_auth, settings.allow_local_admin) {
            (true, _) => Principal::local("anybody"),
            (false, true) => Principal::local(Principal::unproven().name),
            (false, false) => Principal::unproven(),
        };
        // Browsers share cookies between all ports of a host.
        Self { token: settings.token.clone(), cookie: format!("ombud_{port}"), anybody }
    }

    /// Who calls; `None` = nobody that is known.
    pub(super) fn who(&self, headers: &HeaderMap) -> Option<Principal> {
        let Some(token) = &self.token else { return Some(self.anybody.clone()) };
        let shown = [bearer(headers), text(headers.get("x-api-key"))];
        let proven = shown.into_iter().flatten().any(|shown| opens(token, shown)) || self.has_cookie(token, headers);
        proven.then(|| Principal::local("token"))
    }

    fn has_cookie(&self, token: &SecretString, headers: &HeaderMap) -> bool {
        let expected = SecretString::from(cookie_value(token));
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(name, value)| name == self.cookie && opens(&expected, value))
    }

    /// `GET /?token=…` of a browser: the answer that gives it a cookie and takes the token out of its address, or why not.
    pub(super) fn take_cookie(&self, method: &Method, uri: &Uri, secure: bool) -> Option<Result<Response, Error>> {
        let token = self.token.as_ref()?;
        if method != Method::GET || uri.path() != "/" {
            return None;
        }
        let mut rest = Vec::new();
        let mut given = None;
        for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            match pair.strip_prefix("token=") {
                Some(value) => given = Some(super::decoded(&value.replace('+', "%20")).collect::<Vec<u8>>()),
                None => rest.push(pair),
            }
        }
        let given = given?;
        if !std::str::from_utf8(&given).is_ok_and(|given| opens(token, given)) {
            return Some(Err(unknown()));
        }
        let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
        let secure = if secure { "; Secure" } else { "" };
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict{secure}", self.cookie, cookie_value(token));
        let mut response = empty(StatusCode::SEE_OTHER);
        for (name, value) in [
            (header::LOCATION, format!("/{query}")),
            (header::SET_COOKIE, cookie),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
        ] {
            match HeaderValue::from_str(&value) {
                Ok(value) => response.headers_mut().insert(name, value),
                Err(_) => return Some(Err(Error::invalid("the address cannot be repeated"))),
            };
        }
        Some(Ok(response))
    }
}

/// Nobody that is known.
pub(in crate::server) fn unknown() -> Error {
    Error::new(ErrorCode::Unauthorized, "this server wants its token, and none that fits came with the request")
        .hint("send it as `Authorization: Bearer TOKEN`; in a browser open /?token=TOKEN once")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers.get(header::AUTHORIZATION))?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value.and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(change: impl FnOnce(&mut ServerSettings)) -> Identity {
        let mut settings = ServerSettings::default();
        change(&mut settings);
        Identity::new(&settings, 3_000)
    }

    fn with_token() -> Identity {
        identity(|settings| settings.token = Some(SecretString::from("correct horse+battery")))
    }

    #[test]
    fn without_a_token_who_is_here_may_use_it() {
        let who = |identity: Identity| identity.who(&HeaderMap::new());
        assert_eq!(who(identity(|_| ())), Some(Principal::unproven()));
        assert_eq!(who(identity(|settings| settings.allow_local_admin = true)), Some(Principal::local("local")));
        assert_eq!(who(identity(|settings| settings.no_auth = true)), Some(Principal::local("anybody")));
        assert_eq!(who(with_token()), None);
    }

    #[test]
    fn the_token_opens_in_all_its_ways() {
        let identity = with_token();
        let cookie = cookie_value(&SecretString::from("correct horse+battery"));
        let who = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            identity.who(&headers).map(|caller| caller.name)
        };
        for (name, value) in [
            ("authorization", "Bearer correct horse+battery".to_owned()),
            ("authorization", "bearer  correct horse+battery".to_owned()),
            ("x-api-key", "correct horse+battery".to_owned()),
            ("cookie", format!("a=b; ombud_3000={cookie}; c=d")),
        ] {
            assert_eq!(who(name, &value).as_deref(), Some("token"), "{name}: {value}");
        }
        for (name, value) in [
            ("authorization", "Bearer wrong".to_owned()),
            ("authorization", "correct horse+battery".to_owned()),
            ("authorization", "Basic correct horse+battery".to_owned()),
            ("x-api-key", cookie.clone()),
            ("cookie", format!("ombud_3001={cookie}")),
            ("cookie", "ombud_3000=correct horse+battery".to_owned()),
        ] {
            assert_eq!(who(name, &value), None, "{name}: {value}");
        }
    }

    #[test]
    fn a_browser_gets_a_cookie_and_an_address_without_the_token() {
        let identity = with_token();
        let take = |uri: &str| identity.take_cookie(&Method::GET, &uri.parse().unwrap(), true);
        let response = take("/?a=1&token=correct%20horse%2Bbattery&b=2").unwrap().unwrap();
        let value = |name: header::HeaderName| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((response.status().as_u16(), value(header::LOCATION).as_str()), (303, "/?a=1&b=2"));
        let cookie = cookie_value(&SecretString::from("correct horse+battery"));
        let expected = format!("ombud_3000={cookie}; Path=/; HttpOnly; SameSite=Strict; Secure");
        assert_eq!(value(header::SET_COOKIE), expected);
        assert_eq!(take("/?token=wrong").unwrap().unwrap_err().code, ErrorCode::Unauthorized);
        assert!(take("/?a=1").is_none() && take("/other?token=x").is_none());
    }
}
