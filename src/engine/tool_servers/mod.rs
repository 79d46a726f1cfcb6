//! Tool servers: their records and secrets, and the ones that this process keeps running.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::access::{Does, On};
use super::house::House;
use super::keys::Word;
use crate::domain::{
    Error, ErrorCode, Principal, Result, ToolServer, ToolServerLine, ToolServerSource, ToolServerState, ToolSpec,
};
use crate::tools::mcp::ToolServerPeer;

/// What a tool server is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToolServer {
    /// Its name.
    pub name: String,
    /// Its slug; absent = made of the name.
    #[serde(default)]
    pub slug: Option<String>,
    /// Where it is, with the names of its variables or headers.
    pub source: ToolServerSource,
    /// The values of its variables or headers, by name.
    #[serde(default)]
    pub secrets: BTreeMap<String, Word>,
    /// Whether every agent is offered its tools that does not name its tool servers.
    #[serde(default)]
    pub for_all: bool,
}

/// What is to change about a tool server. Absent = as it is. A new source counts from the next start on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ToolServerChange {
    /// Its name.
    pub name: Option<String>,
    /// Its slug.
    pub slug: Option<String>,
    /// Where it is.
    pub source: Option<ToolServerSource>,
    /// New values of variables or headers of the source; those that it names and that are not here keep their value.
    pub secrets: BTreeMap<String, Word>,
    /// Whether every agent is offered its tools that does not name its tool servers.
    pub for_all: Option<bool>,
}

/// A tool server, and how it is in this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolServerItem {
    /// What is kept of it.
    pub server: ToolServer,
    /// Whether the configuration defines it: then it cannot be changed here.
    pub configured: bool,
    /// Where it stands.
    pub state: ToolServerState,
    /// Groups of what it offers: `tools`, `resources`, `prompts`, `logging`, `completions`; empty unless it runs.
    pub capabilities: Vec<String>,
    /// Why it failed last.
    pub error: Option<String>,
}

/// What is done with a tool server that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What it offers is looked at, and read.
    Reads,
    /// Its tools are called.
    Calls,
}

/// All about tool servers.
#[async_trait]
pub trait ToolServers: Send + Sync {
    /// All of them, by slug.
    async fn tool_servers(&self, caller: &Principal) -> Result<Vec<ToolServerItem>>;

    /// One, by its slug or its id.
    async fn tool_server(&self, caller: &Principal, named: &str) -> Result<ToolServerItem>;

    /// Makes one. It does not run yet.
    ///
    /// # Errors
    /// `forbidden` for who does not administer the house, and for a program that the settings do not list;
    /// `invalid_input`, `conflict` when the slug is taken.
    async fn create_tool_server(&self, caller: &Principal, new: NewToolServer) -> Result<ToolServerItem>;

    /// Changes one.
    ///
    /// # Errors
    /// As [`ToolServers::create_tool_server`]; `forbidden` when the configuration defines it.
    async fn update_tool_server(&self, caller: &Principal, named: &str, change: ToolServerChange) -> Result<ToolServerItem>;

    /// Stops one, and removes it with its secrets.
    async fn remove_tool_server(&self, caller: &Principal, named: &str) -> Result<ToolServerItem>;

    /// Starts one, unless it runs; it may still be starting when this answers.
    async fn start_tool_server(&self, caller: &Principal, named: &str) -> Result<ToolServerItem>;

    /// Stops one. Nothing of it runs any more when this answers.
    async fn stop_tool_server(&self, caller: &Principal, named: &str) -> Result<ToolServerItem>;

    /// Stops it, and starts it again.
    async fn restart_tool_server(&self, caller: &Principal, named: &str) -> Result<ToolServerItem>;

    /// The newest lines of one, at most so many, the oldest first.
    async fn tool_server_lines(&self, caller: &Principal, named: &str, limit: usize) -> Result<Vec<ToolServerLine>>;

    /// The tools of one as models are told of them. Starts it when it does not run.
    async fn tools_of_server(&self, caller: &Principal, named: &str) -> Result<Vec<ToolSpec>>;

    /// One that runs, by its slug, for whoever forwards messages to it.
    ///
    /// # Errors
    /// `unavailable` when it does not run, `not_supported` over a distance.
    async fn reach_tool_server(&self, caller: &Principal, slug: &str, reach: Reach) -> Result<Arc<dyn ToolServerPeer>>;
}

#[async_trait]
impl ToolServers for House {
    async fn tool_servers(&self, caller: &Principal) -> Result<Vec<ToolServerItem>> {
        self.check(caller, Does::Reads, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn tool_server(&self, caller: &Principal, _named: &str) -> Result<ToolServerItem> {
        self.check(caller, Does::Reads, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn create_tool_server(&self, caller: &Principal, _new: NewToolServer) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn update_tool_server(
        &self,
        caller: &Principal,
        _named: &str,
        _change: ToolServerChange,
    ) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn remove_tool_server(&self, caller: &Principal, _named: &str) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn start_tool_server(&self, caller: &Principal, _named: &str) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn stop_tool_server(&self, caller: &Principal, _named: &str) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn restart_tool_server(&self, caller: &Principal, _named: &str) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn tool_server_lines(&self, caller: &Principal, _named: &str, _limit: usize) -> Result<Vec<ToolServerLine>> {
        self.check(caller, Does::Reads, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn tools_of_server(&self, caller: &Principal, _named: &str) -> Result<Vec<ToolSpec>> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn reach_tool_server(&self, caller: &Principal, _slug: &str, reach: Reach) -> Result<Arc<dyn ToolServerPeer>> {
        let does = match reach {
            Reach::Reads => Does::Reads,
            Reach::Calls => Does::Asks,
        };
        self.check(caller, does, On::ToolServers).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }
}
