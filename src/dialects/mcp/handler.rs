//! What the protocol asks of a server.

use std::borrow::Cow;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, Extensions, Implementation, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource,
    ResourceContents, ResourceTemplate, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{calling, errors, reading, tools};
use crate::domain::{Principal, Result};
use crate::engine::{Engine, SessionFilter};
use crate::http::Caller;

/// Sessions of a page of resources.
const PAGE: usize = 50;
/// Messages of a session that is read as a resource.
const MESSAGES: usize = 200;

/// What clients are told about the whole.
const ABOUT: &str = "Agents that work on their own, each answer kept in a session. `ask` gives one a task; the sessions are \
                     also resources, ombud://sessions/{id}.";

/// Our agents and sessions, for one connection.
#[derive(Clone)]
pub struct AgentServer {
    /// The one door of the house.
    pub engine: Arc<dyn Engine>,
    /// Who calls, where it is the same for all requests; absent = as the guard found out for each.
    pub caller: Option<Principal>,
    /// What works on requests.
    pub working: TaskTracker,
    /// The process leaves.
    pub leaving: CancellationToken,
}

impl AgentServer {
    fn caller(&self, extensions: &Extensions) -> Principal {
        let of_request = || {
            let parts = extensions.get::<http::request::Parts>()?;
            parts.extensions.get::<Caller>().map(|caller| caller.0.clone())
        };
        let nobody = || Principal { scopes: Vec::new(), ..Principal::unproven() };
        self.caller.clone().or_else(of_request).unwrap_or_else(nobody)
    }

    async fn tools(&self, caller: &Principal) -> ListToolsResult {
        // Who may not see the agents is told of the tools all the same: they say then what is not allowed.
        let agents = self.engine.agents(caller).await.unwrap_or_default();
        ListToolsResult::with_all_items(tools::all(&agents))
    }

    async fn resources(&self, caller: &Principal, after: Option<String>) -> Result<ListResourcesResult> {
        let filter = SessionFilter { after, limit: PAGE, ..SessionFilter::default() };
        let page = self.engine.sessions(caller, &filter).await?;
        let resource = |item: &crate::engine::SessionItem| {
            let session = &item.summary.session;
            let resource = Resource::new(reading::address(&session.id), session.id.to_string())
                .with_description(format!("A session with {}, changed last {}", session.agent, session.updated_at))
                .with_mime_type(reading::MEDIA);
            match &session.title {
                Some(title) => resource.with_title(title.clone()),
                None => resource,
            }
        };
        let mut listed = ListResourcesResult::with_all_items(page.sessions.iter().map(resource).collect());
        listed.next_cursor = page.next;
        Ok(listed)
    }

    async fn resource(&self, caller: &Principal, address: &str) -> Result<ReadResourceResult> {
        let id = reading::session_of(address)?;
        let item = self.engine.session(caller, &id).await?;
        let page = self.engine.messages(caller, &id, None, MESSAGES).await?;
        let text = reading::text(&item, &page.messages, page.before.is_none());
        let contents = ResourceContents::text(text, address).with_mime_type(reading::MEDIA);
        Ok(ReadResourceResult::new(vec![contents]))
    }
}

impl ServerHandler for AgentServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().build();
        let server = Implementation::new("ombud", env!("CARGO_PKG_VERSION")).with_title("ombud: agents and their sessions");
        ServerConfig::new(capabilities).with_server_info(server).with_instructions(ABOUT)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<ListToolsResult, ErrorData> {
        Ok(self.tools(&self.caller(&context.extensions)).await)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<CallToolResponse, ErrorData> {
        let _working = self.working.token();
        let name = request.name.clone();
        let caller = self.caller(&context.extensions);
        match calling::call(self, &caller, request, &context).await {
            Some(Ok(result)) => Ok(result.into()),
            Some(Err(error)) => Ok(errors::failed(&error).into()),
            None => {
                let name = crate::config::printable(&name);
                Err(ErrorData::invalid_params(Cow::Owned(format!("tool `{name}` is not known")), None))
            }
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<ListResourcesResult, ErrorData> {
        let after = request.and_then(|request| request.cursor);
        self.resources(&self.caller(&context.extensions), after).await.map_err(|error| errors::refused(&error))
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> std::result::Result<ListResourceTemplatesResult, ErrorData> {
        let template = ResourceTemplate::new(reading::TEMPLATE, "session")
            .with_title("A session")
            .with_description("What was said in a session, as Markdown")
            .with_mime_type(reading::MEDIA);
        Ok(ListResourceTemplatesResult::with_all_items(vec![template]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<ReadResourceResponse, ErrorData> {
        let read = self.resource(&self.caller(&context.extensions), &request.uri).await;
        read.map(Into::into).map_err(|error| errors::refused(&error))
    }
}
