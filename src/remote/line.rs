//! One request to another house, and its answer; and what it means when there is none, or one of somebody else.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::wire::{self, HEARTBEAT_HEADER, ROOT, Refused, VERSION, VERSION_HEADER};
use crate::domain::{Cause, Error, ErrorCode, Result};
use crate::engine::FileBytes;
use crate::outgoing;

/// Most bytes of an answer.
const ANSWER: usize = 256 << 20;
/// Most bytes of an answer that only tells an error.
const ERROR_ANSWER: usize = 64 << 10;
/// Longest silence of a stream when the house does not tell how often it gives a sign of life.
const SILENCE: Duration = Duration::from_secs(60);
/// Until a stream must have begun.
const STREAM_BEGINS: Duration = Duration::from_secs(30);
/// Longest text of another program that is shown, in characters.
const SHOWN: usize = 200;

/// The way to another house.
pub(super) struct Line {
    /// With `/` at its end.
    base: Url,
    client: Client,
    headers: HeaderMap,
}

impl Line {
    /// A way to the house at an address.
    pub(super) fn new(url: &str, token: Option<&SecretString>) -> Result<Self> {
        let base = address(url)?;
        let made = if outgoing::is_local(&base) { outgoing::near() } else { outgoing::far() };
        let client = made.map_err(|reason| {
            unavailable(Cause::Tls, format!("no secure connections can be made: {reason}"))
                .hint("check the certificates of this machine (SSL_CERT_FILE)")
        })?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(|_| {
                Error::invalid("the server's token holds what cannot be sent")
                    .hint("it is one line of visible ASCII, as the server was given it")
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self { base, client, headers })
    }

    /// The address, for people.
    pub(super) fn shown(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Calls a verb.
    pub(super) async fn call<Q: Serialize, A: DeserializeOwned>(
        &self,
        verb: &str,
        wanted: &Q,
        limit: Duration,
    ) -> Result<A> {
        let body = serde_json::to_vec(wanted)
            .map_err(|error| Error::internal(format!("the request `{verb}` cannot be written as JSON: {error}")))?;
        let response = self.send(self.client.post(self.url(verb)?).body(body), Instant::now() + limit).await?;
        let version = version(&response);
        let text = self.body(response, Instant::now() + limit, ANSWER).await?;
        serde_json::from_slice(&text).map_err(|error| self.misunderstood(verb, &version, &error.to_string()))
    }

    /// Gets bytes.
    pub(super) async fn bytes<Q: Serialize>(&self, verb: &str, wanted: &Q, limit: Duration) -> Result<Vec<u8>> {
        let request = self.client.get(self.url(verb)?).query(wanted);
        let response = self.send(request, Instant::now() + limit).await?;
        self.body(response, Instant::now() + limit, ANSWER).await
    }

    /// Sends bytes as they come.
    pub(super) async fn put<Q: Serialize, A: DeserializeOwned>(
        &self,
        verb: &str,
        wanted: &Q,
        bytes: FileBytes,
        limit: Duration,
    ) -> Result<A> {
        // The kind of its body is bytes, whatever the others are.
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let request = self.client.put(self.url(verb)?).query(wanted).body(reqwest::Body::wrap_stream(bytes));
        let deadline = Instant::now() + limit;
        let response = self.sent(request.headers(headers), deadline).await?;
        let version = version(&response);
        let text = self.body(response, deadline, ANSWER).await?;
        serde_json::from_slice(&text).map_err(|error| self.misunderstood(verb, &version, &error.to_string()))
    }

    /// Opens a stream; it has begun when this answers.
    pub(super) async fn open<Q: Serialize>(&self, verb: &str, wanted: &Q) -> Result<Opened> {
        let request = self.client.get(self.url(verb)?).query(wanted);
        let response = self.send(request, Instant::now() + STREAM_BEGINS).await?;
        let heartbeat = response.headers().get(HEARTBEAT_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
        // Of three signs of life two may be late.
        let silence = heartbeat.map_or(SILENCE, |seconds: u64| Duration::from_secs(seconds.clamp(1, 3_600) * 3 + 5));
        Ok(Opened { response, silence })
    }

    /// What is wrong with an answer that is none of the expected ones.
    pub(super) fn misunderstood(&self, verb: &str, version: &str, reason: &str) -> Error {
        let shown = self.shown();
        if version == VERSION {
            let message = format!("the answer of {shown} to `{verb}` cannot be understood: {reason}");
            return Error::new(ErrorCode::Unavailable, message).because(Cause::Garbage);
        }
        let message = format!(
            "the server at {shown} is ombud {version}, and this program ombud {VERSION}: its answer to `{verb}` cannot be \
             understood: {reason}"
        );
        Error::new(ErrorCode::Unavailable, message).because(Cause::Garbage).hint("use the same version on both sides")
    }

    /// What broke a stream off.
    pub(super) fn broken(&self, error: reqwest::Error) -> Error {
        let reason = outgoing::reason(&error.without_url());
        unavailable(Cause::Cut, format!("the connection to {} broke off: {reason}", self.shown()))
    }

    /// Nothing came for too long.
    pub(super) fn silent(&self) -> Error {
        unavailable(Cause::Stalled, format!("{} has sent nothing for too long", self.shown()))
            .hint("the server may hang, or work on more than it can; `ombud sessions list --server …` tells")
    }

    fn url(&self, verb: &str) -> Result<Url> {
        let path = format!("{}/{verb}", ROOT.trim_start_matches('/'));
        self.base.join(&path).map_err(|error| Error::internal(format!("no address for `{verb}`: {error}")))
    }

    /// Sends a request; answers when the head of a good answer of another house is there.
    async fn send(&self, request: RequestBuilder, deadline: Instant) -> Result<Response> {
        self.sent(request.headers(self.headers.clone()), deadline).await
    }

    async fn sent(&self, request: RequestBuilder, deadline: Instant) -> Result<Response> {
        let sent = timeout_at(deadline, request.send()).await.map_err(|_| self.silent())?;
        let response = sent.map_err(|error| self.not_sent(error))?;
        if response.headers().get(VERSION_HEADER).is_none() {
            return Err(self.foreign(response.status()));
        }
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refused(response, deadline).await)
    }

    async fn body(&self, mut response: Response, deadline: Instant, most: usize) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let piece = timeout_at(deadline, response.chunk()).await.map_err(|_| self.silent())?;
            let Some(piece) = piece.map_err(|error| self.broken(error))? else { return Ok(body) };
            if body.len() + piece.len() > most {
                let message = format!("the answer of {} is larger than {most} bytes", self.shown());
                return Err(Error::new(ErrorCode::TooLarge, message).hint("ask for less at once"));
            }
            body.extend_from_slice(&piece);
        }
    }

    /// An error of the other house, as if it were one of this.
    async fn refused(&self, response: Response, deadline: Instant) -> Error {
        let (status, version) = (response.status(), version(&response));
        let body = self.body(response, deadline, ERROR_ANSWER).await.unwrap_or_default();
        let mut error = match serde_json::from_slice::<Refused>(&body) {
            Ok(refused) => refused.error.error,
            // A word that this version does not know: the status stands for it.
            Err(_) => Error::new(code(status), told(&body).unwrap_or_else(|| format!("it answers {status}"))),
        };
        if error.code == ErrorCode::Unauthorized {
            let held = self.headers.contains_key(AUTHORIZATION);
            let message = if held { "does not know this token" } else { "wants a token" };
            error.message = format!("the server at {} {message}", self.shown());
            error.hint = Some("give it by OMBUD_SERVER_TOKEN or `--server-token-file`".to_owned());
        } else if status == StatusCode::NOT_FOUND && version != VERSION && told(&body).is_none() {
            error = self.misunderstood("this", &version, "it does not know the verb");
        }
        error
    }

    /// Somebody answers, but no house.
    fn foreign(&self, status: StatusCode) -> Error {
        let message = format!("what answers at {} is no `ombud serve`: it answers {status}", self.shown());
        let error = Error::new(ErrorCode::Unavailable, message).because(Cause::Connect);
        if status.is_redirection() {
            return error.hint("redirects are not followed: give the address that it leads to");
        }
        error.hint("check host and port; between the two there may be a proxy that answers by itself")
    }

    /// No answer came.
    fn not_sent(&self, error: reqwest::Error) -> Error {
        let (error, shown) = (error.without_url(), self.shown());
        let reason = outgoing::reason(&error);
        if outgoing::is_tls(&error) {
            return unavailable(Cause::Tls, format!("no secure connection to the server at {shown}: {reason}"))
                .hint("check the certificate (SSL_CERT_FILE), and that the server speaks TLS there: http or https");
        }
        if error.is_connect() {
            return unavailable(Cause::Connect, format!("no server can be reached at {shown}: {reason}"))
                .hint("start one with `ombud serve`, or check the address in `--server` or OMBUD_SERVER");
        }
        unavailable(Cause::Cut, format!("{shown} closed the connection without an answer: {reason}"))
            .hint("check host, port, and http or https")
    }
}

/// A stream that has begun.
pub(super) struct Opened {
    response: Response,
    silence: Duration,
}

impl Opened {
    /// The version of the house.
    pub(super) fn version(&self) -> String {
        version(&self.response)
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn piece(&mut self, line: &Line) -> Result<Option<Bytes>> {
        let piece = timeout_at(Instant::now() + self.silence, self.response.chunk()).await.map_err(|_| line.silent())?;
        piece.map_err(|error| line.broken(error))
    }
}

fn unavailable(cause: Cause, message: String) -> Error {
    Error::new(ErrorCode::Unavailable, message).because(cause)
}

fn version(response: &Response) -> String {
    let header = response.headers().get(HeaderName::from_static(VERSION_HEADER));
    header.and_then(|value| value.to_str().ok()).map(short).unwrap_or_default()
}

/// The words of an error whose form is not known.
fn told(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let error = &value["error"];
    [&error["message"], error].into_iter().find_map(Value::as_str).map(short)
}

/// A text of another program as it may be shown.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

/// The code that a status stands for.
fn code(status: StatusCode) -> ErrorCode {
    let known = ErrorCode::ALL.into_iter().find(|code| code.http_status() == status.as_u16());
    known.unwrap_or(if status.is_client_error() { ErrorCode::InvalidInput } else { ErrorCode::Unavailable })
}

/// Reads an address.
fn address(url: &str) -> Result<Url> {
    let wrong = |why: &str| {
        Error::invalid(format!("the address of the server {why}"))
            .hint("write it in full, such as `http://127.0.0.1:3000` or `https://agents.example`")
    };
    let mut base = Url::parse(url).map_err(|error| wrong(&format!("cannot be used: {error}")))?;
    if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
        return Err(wrong("is no http or https address"));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(
            wrong("holds a name or a password").hint("give the token by OMBUD_SERVER_TOKEN or `--server-token-file`")
        );
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(wrong("holds more than host, port and path"));
    }
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    Ok(base)
}

/// Reads an error that ended a stream.
pub(super) fn failure(data: &str) -> Error {
    match wire::read::<Refused>(data.as_bytes()) {
        Ok(refused) => refused.error.error,
        Err(_) => {
            let words = told(data.as_bytes()).unwrap_or_else(|| "the server ended the stream".to_owned());
            Error::new(ErrorCode::Internal, words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, base) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
            ("https://agents.example/team", "https://agents.example/team"),
        ] {
            let line = Line::new(text, None).unwrap();
            assert_eq!(line.shown(), base);
            assert_eq!(line.url("ask").unwrap().as_str(), format!("{base}/ombud/v1/ask"));
        }
        for text in
            ["", "127.0.0.1:3000", "localhost:3000", "ftp://host", "http://me:canary@host", "http://host/?token=canary"]
        {
            let error = Line::new(text, None).err().unwrap();
            assert_eq!(error.code, ErrorCode::InvalidInput, "{text}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
        let error = Line::new("http://host", Some(&SecretString::from("canary\n"))).err().unwrap();
        assert_eq!(error.message, "the server's token holds what cannot be sent");
    }

    #[test]
    fn a_status_stands_for_a_code() {
        for (status, expected) in [(404, ErrorCode::NotFound), (418, ErrorCode::InvalidInput), (599, ErrorCode::Unavailable)]
        {
            assert_eq!(code(StatusCode::from_u16(status).unwrap()), expected);
        }
    }
}
