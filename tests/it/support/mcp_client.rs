//! A client of the Model Context Protocol: the package's own, which keeps what it is told.
#![allow(dead_code, reason = "not every test uses everything")]

use std::sync::{Arc, Mutex};

use rmcp::model::{CallToolRequest, CallToolRequestParams, CallToolResult, ClientRequest, ProgressNotificationParam};
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestHandle, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, RoleClient, ServiceExt as _};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::Notify;

use super::server::within;

/// What a client is told.
#[derive(Clone, Default)]
pub struct Told {
    lines: Arc<Mutex<Vec<String>>>,
    came: Arc<Notify>,
}

impl Told {
    /// Everything so far.
    pub fn all(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits until it was told this.
    pub async fn wait_for(&self, line: &str) {
        let wait = async {
            loop {
                let came = self.came.notified();
                if self.all().iter().any(|told| told == line) {
                    return;
                }
                came.await;
            }
        };
        within(line, wait).await;
    }

    fn add(&self, line: String) {
        self.lines.lock().unwrap().push(line);
        self.came.notify_waiters();
    }
}

impl ClientHandler for Told {
    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.add(format!("{} {}", params.progress, params.message.unwrap_or_default()));
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.add("tools changed".to_owned());
    }
}

/// A client that is connected.
pub struct McpClient {
    /// The connection.
    pub peer: RunningService<RoleClient, Told>,
    /// What it was told.
    pub told: Told,
}

impl McpClient {
    /// Over these pipes: what is read, and what is written.
    pub async fn over<R, W>(pipes: (R, W)) -> Self
    where
        R: tokio::io::AsyncRead + Send + Unpin + 'static,
        W: tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        let told = Told::default();
        let peer = within("a client is greeted", told.clone().serve(pipes)).await.unwrap();
        Self { peer, told }
    }

    /// Starts a program, and speaks to it over its standard input and output.
    pub async fn of_program(command: std::process::Command) -> (Self, Child) {
        let mut command = Command::from(command);
        command.stdin(std::process::Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        (Self::over((stdout, stdin)).await, child)
    }

    /// Over HTTP, with a token where there is one.
    pub async fn at(url: &str, token: Option<&str>) -> Self {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        let roots: Vec<_> = roots.map(|der| reqwest::Certificate::from_der(der).unwrap()).collect();
        let http = reqwest::Client::builder().no_proxy().tls_certs_merge(roots).build().unwrap();
        let mut config = StreamableHttpClientTransportConfig::with_uri(url);
        if let Some(token) = token {
            config = config.auth_header(token);
        }
        let told = Told::default();
        let transport = StreamableHttpClientTransport::with_client(http, config);
        let peer = within("a client is greeted", told.clone().serve(transport)).await.unwrap();
        Self { peer, told }
    }

    /// Calls a tool, and waits for what it gives.
    pub async fn call(&self, tool: &str, arguments: Value) -> CallToolResult {
        let handle = self.begin(tool, arguments).await;
        within(tool, result(handle)).await
    }

    /// Calls a tool.
    pub async fn begin(&self, tool: &str, arguments: Value) -> RequestHandle<RoleClient> {
        let mut params = CallToolRequestParams::new(tool.to_owned());
        params.arguments = arguments.as_object().cloned();
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        self.peer.send_cancellable_request(request, PeerRequestOptions::no_options()).await.unwrap()
    }
}

/// What came of a call.
pub async fn result(handle: RequestHandle<RoleClient>) -> CallToolResult {
    match handle.await_response().await.unwrap() {
        rmcp::model::ServerResult::CallToolResult(result) => result,
        other => panic!("{other:?}"),
    }
}

/// The texts of a result.
pub fn texts(result: &CallToolResult) -> Vec<String> {
    result.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.clone()).collect()
}

/// What programs read of a result.
pub fn structured(result: &CallToolResult) -> Value {
    result.structured_content.clone().unwrap_or_default()
}
