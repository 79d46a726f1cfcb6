//! What `/metrics` tells, in the form of Prometheus.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body::{Frame, SizeHint};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::domain::{Error, Result};
use crate::engine::Health;
use crate::http::Unread;
use crate::observe::COUNTS;

/// Bounds of the times of answers, in seconds.
const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    dialect: String,
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Place {
    dialect: String,
    route: String,
}

/// The measurements of one server.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Answer, Counter>,
    seconds: Family<Place, Histogram, fn() -> Histogram>,
    connections: Gauge,
    streams: Gauge,
    runs: Gauge,
    sessions: Gauge,
    active: Gauge,
    unread: (Arc<Unread>, Gauge, Counter),
}

impl Metrics {
    /// Nothing is measured yet.
    pub(super) fn new(unread: Arc<Unread>) -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(BOUNDS);
        let mut this = Self {
            registry: Registry::with_prefix("ombud"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            connections: Gauge::default(),
            streams: Gauge::default(),
            runs: Gauge::default(),
            sessions: Gauge::default(),
            active: Gauge::default(),
            unread: (unread, Gauge::default(), Counter::default()),
        };
        let registry = &mut this.registry;
        registry.register("http_requests", "Requests that were answered", this.requests.clone());
        registry.register(
            "http_request_seconds",
            "From the head of a request to the head of its answer",
            this.seconds.clone(),
        );
        registry.register("connections", "Open connections", this.connections.clone());
        registry.register("streams", "Open streams of events", this.streams.clone());
        registry.register("runs_at_work", "Runs that this process works on", this.runs.clone());
        registry.register("sessions", "Sessions that are not deleted", this.sessions.clone());
        registry.register("sessions_active", "Sessions with a run that has not ended", this.active.clone());
        registry.register("unread_bytes", "Bytes that wait for readers", this.unread.1.clone());
        registry.register("readers_cut", "Readers that were cut off because too much waited", this.unread.2.clone());
        registry.register_collector(Box::new(OfProcess));
        this
    }

    /// A request was answered. Methods that nobody knows count as one: they come from outside.
    pub(super) fn answered(&self, dialect: &str, route: &str, method: &Method, status: StatusCode, elapsed: Duration) {
        const KNOWN: [Method; 7] =
            [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
        let method = if KNOWN.contains(method) { method.as_str() } else { "other" };
        let (dialect, route) = (dialect.to_owned(), route.to_owned());
        let place = Place { dialect: dialect.clone(), route: route.clone() };
        let answer = Answer { dialect, method: method.to_owned(), route, status: status.as_u16() };
        self.requests.get_or_create(&answer).inc();
        self.seconds.get_or_create(&place).observe(elapsed.as_secs_f64());
    }

    /// A connection is open for as long as what is given is kept.
    pub(super) fn connection(self: &Arc<Self>) -> Open {
        Open::new(&self.connections)
    }

    /// All of it as text; `health` = how the house is now.
    ///
    /// # Errors
    /// `internal` when it cannot be written.
    pub(super) fn text(&self, health: &Health) -> Result<String> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.runs.set(number(health.runs_here));
        self.sessions.set(number(health.sessions));
        self.active.set(number(health.active));
        let (unread, bytes, cut) = &self.unread;
        bytes.set(number(u64::try_from(unread.bytes()).unwrap_or(u64::MAX)));
        cut.inner().store(unread.cut(), std::sync::atomic::Ordering::Relaxed);
        let mut out = String::new();
        text::encode(&mut out, &self.registry)
            .map_err(|error| Error::internal(format!("the measurements cannot be written: {error}")))?;
        Ok(out)
    }
}

/// Something that is open, and counted until it is dropped.
pub(super) struct Open(Gauge);

impl Open {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A body that counts as an open stream until it is dropped.
pub(super) fn counted(body: Body, metrics: Arc<Metrics>) -> Body {
    Body::new(Counted { inner: body, _open: Open::new(&metrics.streams) })
}

struct Counted {
    inner: Body,
    _open: Open,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// What the process has done since it began.
#[derive(Debug)]
struct OfProcess;

impl Collector for OfProcess {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        for (name, about, count) in [
            ("runs", "Runs that ended here", &COUNTS.runs),
            ("model_calls", "Calls of models", &COUNTS.model_calls),
            ("tool_calls", "Calls of tools", &COUNTS.tool_calls),
            ("input_tokens", "Tokens that models were shown", &COUNTS.input_tokens),
            ("output_tokens", "Tokens that models answered", &COUNTS.output_tokens),
            ("trace_spans", "Spans of traces that ended", &COUNTS.spans),
            ("trace_spans_sent", "Spans of traces that were sent", &COUNTS.spans_sent),
            ("trace_spans_failed", "Spans of traces that could not be sent", &COUNTS.spans_failed),
        ] {
            let counter = ConstCounter::new(count.get());
            let metric = encoder.encode_descriptor(name, about, None, prometheus_client::metrics::MetricType::Counter)?;
            counter.encode(metric)?;
        }
        Ok(())
    }
}
