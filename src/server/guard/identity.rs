//! Who calls: by the token or a key, in one of their ways, or by being on this machine.

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use secrecy::SecretString;

use crate::config::ServerSettings;
use crate::domain::{Error, ErrorCode, Principal, Result};
use crate::engine::Engine;
use crate::http::{Proof, cookie_value, door_cookie, empty, opens, proof};

/// How callers are known.
pub(super) struct Identity {
    settings: ServerSettings,
    /// Where the keys are.
    engine: Arc<dyn Engine>,
    cookie: String,
    port: String,
    /// Who calls where there is no token.
    anybody: Principal,
}

impl Identity {
    /// As the settings say, for a server at a port.
    pub(super) fn new(settings: &ServerSettings, port: u16, engine: Arc<dyn Engine>) -> Self {
        let anybody = match (settings.no_auth, settings.allow_local_admin) {
            (true, _) => Principal::local("anybody"),
            (false, true) => Principal::local(Principal::unproven().name),
            (false, false) => Principal::unproven(),
        };
        // Browsers share cookies between all ports of a host.
        Self { settings: settings.clone(), engine, cookie: format!("ombud_{port}"), port: port.to_string(), anybody }
    }

    /// Who calls.
    ///
    /// # Errors
    /// `store_failed` when the keys cannot be read.
    pub(super) async fn who(&self, headers: &HeaderMap) -> Result<Who> {
        if self.settings.token.as_ref().is_some_and(|token| self.has_cookie(token, headers)) {
            return Ok(Who::Known(Principal::local("token")));
        }
        let shown: Vec<&str> = [bearer(headers), text(headers.get("x-api-key"))].into_iter().flatten().collect();
        let mut found = None;
        // Of two, one that is right is enough.
        for shown in shown.iter().map(|shown| Some(*shown)).chain(shown.is_empty().then_some(None)) {
            match proof(&*self.engine, &self.settings, shown).await? {
                Proof::Known(caller) => return Ok(Who::Known(caller)),
                other => found = Some(other),
            }
        }
        Ok(match found {
            Some(Proof::Known(caller)) => Who::Known(caller),
            Some(Proof::Anybody) => Who::Anybody(self.anybody.clone()),
            Some(Proof::Unshown) => Who::Unshown(self.anybody.clone()),
            Some(Proof::Nobody) | None => Who::Nobody,
        })
    }

    fn has_cookie(&self, token: &SecretString, headers: &HeaderMap) -> bool {
        let expected = SecretString::from(cookie_value(token));
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(name, value)| name == self.cookie && opens(&expected, value))
    }

    /// The cookie for a browser whose page shows the token of a door in a header: the page's sockets have no headers, so they
    /// are known by it. It is sent with nothing else.
    pub(super) fn socket_cookie(&self, request: &HeaderMap, secure: bool) -> Option<HeaderValue> {
        let shown = text(request.get("x-api-key"))?;
        let is_browser = match text(request.get("sec-fetch-site")) {
            Some(site) => site == "same-origin",
            // Browsers leave it out where they do not trust the way to the server.
            None => text(request.get(header::USER_AGENT)).is_some_and(|agent| agent.starts_with("Mozilla/")),
        };
        let (door, token) = self.settings.door_tokens.iter().find(|(_, token)| is_browser && opens(token, shown))?;
        let (name, value) = door_cookie(&self.port, door, token);
        let secure = if secure { "; Secure" } else { "" };
        HeaderValue::from_str(&format!("{name}={value}; Path=/socket.io; HttpOnly; SameSite=Strict{secure}")).ok()
    }

    /// `GET /?token=…` of a browser: the answer that gives it a cookie and takes the token out of its address, or why not.
    pub(super) fn take_cookie(&self, method: &Method, uri: &Uri, secure: bool) -> Option<Result<Response, Error>> {
        let token = self.settings.token.as_ref()?;
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

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Somebody that is known.
    Known(Principal),
    /// As whom everybody is let in.
    Anybody(Principal),
    /// As whom everybody is let in, where there are keys and none was shown.
    Unshown(Principal),
    /// Nobody that is known.
    Nobody,
}

/// Nobody that is known.
pub(in crate::server) fn unknown() -> Error {
    Error::new(ErrorCode::Unauthorized, "this server wants its token or a key, and none that fits came with the request")
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
    use crate::config::{Environment, Flags, resolve};
    use crate::domain::KeyPermission;
    use crate::engine::{House, NewKey, NobodyToAsk, Notices, Parts};
    use crate::models::{Models, Offline};
    use crate::observe::SystemClock;
    use crate::storage::{self, StoreUrl};
    use crate::tools::Tools;

    const TOKEN: &str = "correct horse+battery";

    async fn identity(change: impl FnOnce(&mut ServerSettings)) -> Identity {
        let environment = Environment {
            variables: [("HOME".to_owned(), "/nowhere".to_owned())].into(),
            folder: Some(std::env::temp_dir()),
            program: None,
        };
        let mut settings = resolve(&Flags::default(), &environment).unwrap().settings;
        change(&mut settings.server);
        let (server, clock) = (settings.server.clone(), Arc::new(SystemClock));
        let house = House::new(Parts {
            models: Models::new(&settings, clock.clone(), Arc::new(Offline::new(clock.clone()))).unwrap(),
            tools: Tools::new(&settings.limits, &settings.tools),
            settings,
            store: storage::open(&StoreUrl::Memory).await.unwrap(),
            clock,
            approver: Arc::new(NobodyToAsk),
            notices: Notices::default(),
        });
        Identity::new(&server, 3_000, Arc::new(house))
    }

    async fn with_token() -> Identity {
        identity(|settings| settings.token = Some(SecretString::from(TOKEN))).await
    }

    async fn key(identity: &Identity) -> String {
        let permissions = vec![KeyPermission::Sessions];
        let new = NewKey { name: "web".to_owned(), permissions, prefix: "sk_".to_owned(), ..NewKey::default() };
        identity.engine.create_key(&Principal::house(), new).await.unwrap().word.expose().to_owned()
    }

    /// Who calls with some headers, by name.
    async fn who(identity: &Identity, headers: &[(&'static str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        match identity.who(&map).await.unwrap() {
            Who::Known(caller) | Who::Anybody(caller) => caller.name,
            Who::Unshown(caller) => format!("{}, unshown", caller.name),
            Who::Nobody => "nobody".to_owned(),
        }
    }

    #[tokio::test]
    async fn without_a_token_who_is_here_may_use_it() {
        let who = async |identity: Identity| identity.who(&HeaderMap::new()).await.unwrap();
        let anybody = Who::Anybody;
        assert_eq!(who(identity(|_| ()).await).await, anybody(Principal::unproven()));
        assert_eq!(
            who(identity(|settings| settings.allow_local_admin = true).await).await,
            anybody(Principal::local("local"))
        );
        assert_eq!(who(identity(|settings| settings.no_auth = true).await).await, anybody(Principal::local("anybody")));
        assert_eq!(who(with_token().await).await, Who::Nobody);
    }

    #[tokio::test]
    async fn the_token_opens_in_all_its_ways() {
        let identity = with_token().await;
        let cookie = cookie_value(&SecretString::from(TOKEN));
        for (name, value) in [
            ("authorization", format!("Bearer {TOKEN}")),
            ("authorization", format!("bearer  {TOKEN}")),
            ("x-api-key", TOKEN.to_owned()),
            ("cookie", format!("a=b; ombud_3000={cookie}; c=d")),
        ] {
            assert_eq!(who(&identity, &[(name, &value)]).await, "token", "{name}: {value}");
        }
        for (name, value) in [
            ("authorization", "Bearer wrong".to_owned()),
            ("authorization", TOKEN.to_owned()),
            ("authorization", format!("Basic {TOKEN}")),
            ("x-api-key", cookie.clone()),
            ("cookie", format!("ombud_3001={cookie}")),
            ("cookie", format!("ombud_3000={TOKEN}")),
        ] {
            assert_eq!(who(&identity, &[(name, &value)]).await, "nobody", "{name}: {value}");
        }
    }

    /// Every way to start, without and with a key, and what each word is worth there.
    #[tokio::test]
    async fn keys_open_beside_the_token_and_once_there_is_one_a_word_must_be_right() {
        type Change = fn(&mut ServerSettings);
        let ways: [(Change, [&str; 4], [&str; 4]); 4] = [
            // Nothing shown, a wrong word, the key, the house's token: before there are keys, and then.
            (|_| (), ["local"; 4], ["local, unshown", "nobody", "key:web", "nobody"]),
            (|settings| settings.allow_local_admin = true, ["local"; 4], ["local, unshown", "nobody", "key:web", "nobody"]),
            (|settings| settings.no_auth = true, ["anybody"; 4], ["anybody", "anybody", "key:web", "anybody"]),
            (
                |settings| settings.token = Some(SecretString::from(TOKEN)),
                ["nobody", "nobody", "nobody", "token"],
                ["nobody", "nobody", "key:web", "token"],
            ),
        ];
        for (change, before, then) in ways {
            let identity = identity(change).await;
            let mut word = "sk_none".to_owned();
            for expected in [before, then] {
                let (bearer, house) = (format!("Bearer {word}"), format!("Bearer {TOKEN}"));
                let shown: [&[(&'static str, &str)]; 4] =
                    [&[], &[("x-api-key", "wrong")], &[("authorization", &bearer)], &[("authorization", &house)]];
                for (headers, expected) in shown.into_iter().zip(expected) {
                    assert_eq!(who(&identity, headers).await, expected, "{headers:?}");
                }
                if expected == before {
                    word = key(&identity).await;
                }
            }
            // Of two words, one that is right is enough.
            let both = [("authorization", "Bearer wrong"), ("x-api-key", word.as_str())];
            assert_eq!(who(&identity, &both).await, "key:web");
        }
    }

    #[tokio::test]
    async fn a_page_that_shows_the_token_of_a_door_gets_a_cookie_for_its_sockets() {
        let identity = identity(|settings| {
            settings.door_tokens.insert("eliza".to_owned(), SecretString::from(TOKEN));
        });
        let identity = identity.await;
        let cookie = |headers: &[(&'static str, &'static str)], secure| {
            let pairs = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
            let value = identity.socket_cookie(&pairs.collect(), secure);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let value = cookie_value(&SecretString::from(TOKEN));
        let expected = format!("ombud_3000_eliza={value}; Path=/socket.io; HttpOnly; SameSite=Strict");
        let key = ("x-api-key", TOKEN);
        assert_eq!(cookie(&[key, ("sec-fetch-site", "same-origin")], false), Some(expected.clone()));
        assert_eq!(cookie(&[key, ("user-agent", "Mozilla/5.0 (X11)")], true), Some(format!("{expected}; Secure")));
        for none in [
            &[key][..],
            &[key, ("user-agent", "node")],
            &[key, ("user-agent", "Mozilla/5.0"), ("sec-fetch-site", "cross-site")],
            &[("x-api-key", "wrong"), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "same-origin")],
        ] {
            assert_eq!(cookie(none, false), None, "{none:?}");
        }
    }

    #[tokio::test]
    async fn a_browser_gets_a_cookie_and_an_address_without_the_token() {
        let identity = with_token().await;
        let take = |uri: &str| identity.take_cookie(&Method::GET, &uri.parse().unwrap(), true);
        let response = take("/?a=1&token=correct%20horse%2Bbattery&b=2").unwrap().unwrap();
        let value = |name: header::HeaderName| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((response.status().as_u16(), value(header::LOCATION).as_str()), (303, "/?a=1&b=2"));
        let cookie = cookie_value(&SecretString::from(TOKEN));
        let expected = format!("ombud_3000={cookie}; Path=/; HttpOnly; SameSite=Strict; Secure");
        assert_eq!(value(header::SET_COOKIE), expected);
        assert_eq!(take("/?token=wrong").unwrap().unwrap_err().code, ErrorCode::Unauthorized);
        assert!(take("/?a=1").is_none() && take("/other?token=x").is_none());
    }
}
