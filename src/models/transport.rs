//! The bytes of an answer, under limits: until the first byte, between two pieces, in all, and in size.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Response};
use tokio::time::{Instant, timeout_at};

use super::ModelError;
use super::endpoint::Endpoint;
use crate::config::Limits;
use crate::domain::Clock;
use crate::outgoing;

/// Most bytes that are read of an answer which only tells an error.
const ERROR_BYTES: usize = 64 << 10;

/// Makes requests. The clients are made when they are first needed: reading the system's certificates takes time.
pub(super) struct Transport {
    limits: Limits,
    clock: Arc<dyn Clock>,
    /// For everywhere: the system's proxies and certificates, together with a set of our own.
    far: OnceLock<Result<Client, String>>,
    /// For this machine over plain HTTP: no proxy, no certificates.
    near: OnceLock<Result<Client, String>>,
}

impl Transport {
    /// A transport under the limits of the settings.
    pub fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self { limits, clock, far: OnceLock::new(), near: OnceLock::new() }
    }

    /// Most bytes of one answer.
    pub fn answer_bytes(&self) -> usize {
        self.limits.model_answer_bytes
    }

    /// Sends a request and waits for a good status.
    pub async fn post(&self, endpoint: &Arc<Endpoint>, body: Vec<u8>) -> Result<Answer, ModelError> {
        let client =
            if endpoint.is_local() { self.near.get_or_init(outgoing::near) } else { self.far.get_or_init(outgoing::far) };
        let client = client.as_ref().map_err(|error| endpoint.no_client(error))?;
        let started = Instant::now();
        let first_byte = self.limits.model_first_byte.min(self.limits.model_total);
        let request = client.post(endpoint.url.clone()).headers(endpoint.headers.clone()).body(body);
        let response = match timeout_at(started + first_byte, request.send()).await {
            Ok(response) => response.map_err(|error| endpoint.not_sent(error))?,
            Err(_) => return Err(endpoint.stalled("sent nothing", first_byte)),
        };
        let mut answer = Answer {
            endpoint: Arc::clone(endpoint),
            response,
            begun: false,
            left: self.limits.model_answer_bytes,
            first: started + first_byte,
            last: started + self.limits.model_total,
            limits: self.limits.clone(),
        };
        if answer.response.status().is_success() {
            return Ok(answer);
        }
        let (status, headers) = (answer.response.status(), answer.response.headers().clone());
        let mut body = Vec::new();
        // What can be read of the reason is shown; that it cannot be read is not the failure to tell.
        while let Ok(Some(piece)) = answer.piece().await {
            body.extend_from_slice(&piece[..piece.len().min(ERROR_BYTES - body.len())]);
            if body.len() == ERROR_BYTES {
                break;
            }
        }
        Err(endpoint.refused(status, &headers, &body, &*self.clock))
    }
}

/// The body of an answer.
pub(super) struct Answer {
    endpoint: Arc<Endpoint>,
    response: Response,
    begun: bool,
    /// Bytes that may still come.
    left: usize,
    /// When the first byte must be there.
    first: Instant,
    /// When all must be there.
    last: Instant,
    limits: Limits,
}

impl Answer {
    /// The next bytes; `None` at the end.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, ModelError> {
        let (limits, endpoint) = (&self.limits, &self.endpoint);
        let idle = if self.begun { Instant::now() + limits.model_idle } else { self.first };
        let deadline = idle.min(self.last);
        let piece = match timeout_at(deadline, self.response.chunk()).await {
            Ok(piece) => piece.map_err(|error| endpoint.broken(error))?,
            Err(_) if deadline == self.last => return Err(endpoint.stalled("did not end its answer", limits.model_total)),
            Err(_) if self.begun => return Err(endpoint.stalled("sent nothing more", limits.model_idle)),
            Err(_) => return Err(endpoint.stalled("sent nothing", limits.model_first_byte)),
        };
        let Some(piece) = piece else { return Ok(None) };
        self.begun = true;
        self.left = match self.left.checked_sub(piece.len()) {
            Some(left) => left,
            None => return Err(endpoint.too_large(limits.model_answer_bytes)),
        };
        Ok(Some(piece))
    }

    /// Reads what follows the end mark aside, so that the connection can be used for the next request.
    pub fn release(mut self) {
        self.left = self.left.min(ERROR_BYTES);
        self.last = Instant::now() + Duration::from_secs(1);
        tokio::spawn(async move { while let Ok(Some(_)) = self.piece().await {} });
    }
}
