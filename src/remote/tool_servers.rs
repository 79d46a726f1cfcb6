//! Tool servers of another house.

use std::sync::Arc;

use async_trait::async_trait;

use super::wire::{LinesOf, Nothing, OfToolServer, ToolList, ToolServerLines, ToolServerList, UpdateToolServer};
use super::{Remote, SOON, WORKS, not_over_a_distance};
use crate::domain::{Principal, Result, ToolServerLine, ToolSpec};
use crate::engine::{NewToolServer, ToolServerChange, ToolServerItem, ToolServerPeer, ToolServers};

fn of(named: &str) -> OfToolServer {
    OfToolServer { server: named.to_owned() }
}

#[async_trait]
impl ToolServers for Remote {
    async fn tool_servers(&self, _: &Principal) -> Result<Vec<ToolServerItem>> {
        let ToolServerList { servers } = self.line.call("tool-servers", &Nothing {}, SOON).await?;
        Ok(servers)
    }

    async fn tool_server(&self, _: &Principal, named: &str) -> Result<ToolServerItem> {
        self.line.call("tool-server", &of(named), SOON).await
    }

    async fn create_tool_server(&self, _: &Principal, new: NewToolServer) -> Result<ToolServerItem> {
        self.line.call("create-tool-server", &new, SOON).await
    }

    async fn update_tool_server(&self, _: &Principal, named: &str, change: ToolServerChange) -> Result<ToolServerItem> {
        self.line.call("update-tool-server", &UpdateToolServer { server: named.to_owned(), change }, SOON).await
    }

    async fn remove_tool_server(&self, _: &Principal, named: &str) -> Result<ToolServerItem> {
        self.line.call("remove-tool-server", &of(named), SOON).await
    }

    async fn start_tool_server(&self, _: &Principal, named: &str) -> Result<ToolServerItem> {
        self.line.call("start-tool-server", &of(named), SOON).await
    }

    async fn stop_tool_server(&self, _: &Principal, named: &str) -> Result<ToolServerItem> {
        self.line.call("stop-tool-server", &of(named), SOON).await
    }

    async fn restart_tool_server(&self, _: &Principal, named: &str) -> Result<ToolServerItem> {
        self.line.call("restart-tool-server", &of(named), SOON).await
    }

    async fn tool_server_lines(&self, _: &Principal, named: &str, limit: usize) -> Result<Vec<ToolServerLine>> {
        let wanted = LinesOf { server: named.to_owned(), limit };
        let ToolServerLines { lines } = self.line.call("tool-server-lines", &wanted, SOON).await?;
        Ok(lines)
    }

    async fn tools_of_server(&self, _: &Principal, named: &str) -> Result<Vec<ToolSpec>> {
        let ToolList { tools } = self.line.call("tools-of-server", &of(named), WORKS).await?;
        Ok(tools)
    }

    async fn peer(&self, _: &Principal, _: &str) -> Result<Arc<dyn ToolServerPeer>> {
        Err(not_over_a_distance("messages cannot be forwarded to a tool server"))
    }
}
