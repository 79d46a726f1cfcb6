//! Tool servers of another house.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Remote, not_over_a_distance};
use crate::domain::{Principal, Result, ToolServerLine, ToolSpec};
use crate::engine::{NewToolServer, Reach, ToolServerChange, ToolServerItem, ToolServers};
use crate::tools::mcp::ToolServerPeer;

#[async_trait]
impl ToolServers for Remote {
    async fn tool_servers(&self, _: &Principal) -> Result<Vec<ToolServerItem>> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn tool_server(&self, _: &Principal, _named: &str) -> Result<ToolServerItem> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn create_tool_server(&self, _: &Principal, _new: NewToolServer) -> Result<ToolServerItem> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn update_tool_server(&self, _: &Principal, _named: &str, _change: ToolServerChange) -> Result<ToolServerItem> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn remove_tool_server(&self, _: &Principal, _named: &str) -> Result<ToolServerItem> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn start_tool_server(&self, _: &Principal, _named: &str) -> Result<ToolServerItem> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn stop_tool_server(&self, _: &Principal, _named: &str) -> Result<ToolServerItem> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn restart_tool_server(&self, _: &Principal, _named: &str) -> Result<ToolServerItem> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn tool_server_lines(&self, _: &Principal, _named: &str, _limit: usize) -> Result<Vec<ToolServerLine>> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn tools_of_server(&self, _: &Principal, _named: &str) -> Result<Vec<ToolSpec>> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn reach_tool_server(&self, _: &Principal, _slug: &str, _reach: Reach) -> Result<Arc<dyn ToolServerPeer>> {
        Err(not_over_a_distance("a tool server is reached at its own address there: this cannot be done"))
    }
}
