//! A tool server at an address: streamable HTTP, by the library, with our own client for requests that go out.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use reqwest::{Client, Url};
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::service::TxJsonRpcMessage;
use rmcp::transport::Transport;
use rmcp::transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::sync::mpsc;

use super::exchange::Exchange;
use crate::domain::ToolServerSecrets;
use crate::outgoing;

/// A way to an address.
pub struct Way {
    inner: StreamableHttpClientTransport<Client>,
    exchange: Arc<Exchange>,
    sent: mpsc::Receiver<Value>,
}

impl Way {
    /// A way to an address. Nothing is sent yet.
    ///
    /// # Errors
    /// A text that tells what cannot be used. It holds no header's value.
    pub fn new(
        url: &str,
        headers: &ToolServerSecrets,
        exchange: &Arc<Exchange>,
        sent: mpsc::Receiver<Value>,
    ) -> Result<Self, String> {
        let parsed = Url::parse(url).map_err(|error| format!("its address cannot be used: {error}"))?;
        let client = if outgoing::is_local(&parsed) { outgoing::near() } else { outgoing::far() };
        let client = client.map_err(|reason| format!("no secure connections can be made: {reason}"))?;
        let mut custom = HashMap::new();
        for (name, value) in headers {
            let wrong = || format!("its header `{name}` cannot be sent");
            let name = HeaderName::try_from(name.as_str()).map_err(|_| wrong())?;
            let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| wrong())?;
            value.set_sensitive(true);
            custom.insert(name, value);
        }
        let config = StreamableHttpClientTransportConfig::with_uri(url).custom_headers(custom);
        let inner = StreamableHttpClientTransport::with_client(client, config);
        Ok(Self { inner, exchange: Arc::clone(exchange), sent })
    }

    /// Sends a message of the exchange.
    fn pass_on(&mut self, message: Value) {
        let id = message.get("id").cloned().unwrap_or_default();
        let exchange = Arc::clone(&self.exchange);
        match serde_json::from_value::<ClientJsonRpcMessage>(message) {
            Ok(message) => {
                let sending = self.inner.send(message);
                tokio::spawn(async move {
                    let stopped = exchange.closed.clone();
                    tokio::select! {
                        sent = sending => if let Err(error) = sent {
                            exchange.fail(&id, &format!("the tool server cannot be reached: {error}"));
                        },
                        () = stopped.cancelled() => {}
                    }
                });
            }
            Err(error) => exchange.fail(&id, &format!("the message cannot be sent: {error}")),
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.exchange.close();
    }
}

impl Transport<RoleClient> for Way {
    type Error = <StreamableHttpClientTransport<Client> as Transport<RoleClient>>::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            tokio::select! {
                message = self.inner.receive() => {
                    let Some(message) = message else {
                        self.exchange.close();
                        return None;
                    };
                    let ours = serde_json::to_value(&message).is_ok_and(|value| self.exchange.take(&value));
                    if !ours {
                        return Some(message);
                    }
                }
                Some(message) = self.sent.recv() => self.pass_on(message),
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.exchange.close();
        self.inner.close().await
    }
}
