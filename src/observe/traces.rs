//! Traces, sent to an OpenTelemetry collector over HTTP: in batches, by a thread of their own, from a queue with a limit.
//! A collector that is slow or gone costs spans, which are counted, and nothing else.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter as OtlpExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor,
};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use super::counts::COUNTS;
use crate::domain::{Error, Result};

/// Longest request to the collector.
const SEND_TIME: Duration = Duration::from_secs(5);
/// How long the last batch may take when the program ends.
const LAST_TIME: Duration = Duration::from_secs(3);
/// Spans that wait to be sent.
const WAITING: usize = 2_048;
/// Spans of one request.
const BATCH: usize = 256;
/// Between two requests.
const EVERY: Duration = Duration::from_secs(1);

/// The way of traces to a collector.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// To the collector at an address such as `http://127.0.0.1:4318`.
    pub(super) fn to(endpoint: &str) -> Result<Self> {
        let exporter = OtlpExporter::builder()
            .with_http()
            .with_http_client(client(endpoint)?)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(SEND_TIME)
            .build()
            .map_err(|error| Error::invalid(format!("traces cannot be sent to {endpoint}: {error}")))?;
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(EVERY)
            .build();
        let batches = BatchSpanProcessor::builder(Counted(exporter)).with_batch_config(config).build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Counting(batches))
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_resource(Resource::builder().with_service_name("ombud").build())
            .build();
        Ok(Self { provider })
    }

    /// The layer that makes spans of the program spans of traces.
    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let tracer = self.provider.tracer("ombud");
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_filter(Targets::new().with_target("ombud", LevelFilter::INFO))
    }

    /// Sends what waits. Must be called outside of an async runtime.
    pub fn end(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_TIME) {
            tracing::debug!(%error, "the last traces could not be sent");
        }
        let lost = COUNTS.spans.get().saturating_sub(COUNTS.spans_sent.get());
        if lost > 0 {
            tracing::warn!(lost, "spans of traces were not sent");
        }
    }
}

fn client(endpoint: &str) -> Result<reqwest::blocking::Client> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    let roots = roots.filter_map(|der| reqwest::Certificate::from_der(der).ok());
    reqwest::blocking::Client::builder()
        .timeout(SEND_TIME)
        .tls_certs_merge(roots)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Error::invalid(format!("traces cannot be sent to {endpoint}: {}", error.without_url())))
}

/// Gives a span, in traces, a name that was not known when it began.
pub fn rename(span: &tracing::Span, name: String) {
    use opentelemetry::trace::TraceContextExt as _;
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;
    span.context().span().update_name(name);
}

/// Counts the spans that end.
#[derive(Debug)]
struct Counting(BatchSpanProcessor);

impl SpanProcessor for Counting {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.0.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        COUNTS.spans.add(1);
        self.0.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// Counts the spans that were sent, and those that could not be.
#[derive(Debug)]
struct Counted(OtlpExporter);

impl SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let sent = self.0.export(batch).await;
        if sent.is_ok() { &COUNTS.spans_sent } else { &COUNTS.spans_failed }.add(count);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}
