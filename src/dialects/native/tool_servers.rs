//! Tool servers. Values of variables and headers come in, and never go out.

use axum::extract::State;
use http::StatusCode;
use utoipa::ToSchema;

use super::request::{Answer, Given, Gives};
use crate::engine::{NewToolServer, ToolServerItem};
use crate::http::{Caller, Door, Needs, Route, Routes};
use crate::remote::wire::{LinesOf, Nothing, OfToolServer, ToolList, ToolServerLines, ToolServerList, UpdateToolServer};

/// What a tool server is to be.
#[derive(ToSchema)]
#[schema(as = NewToolServer)]
#[expect(dead_code, reason = "read by the description only")]
struct Described {
    /// Its name.
    name: String,
    /// Its slug; absent = made of the name.
    slug: Option<String>,
    /// `{"program": {"command", "arguments", "variables"}}`, or `{"address": {"url", "headers"}}`, with the names of
    /// variables or headers.
    #[schema(value_type = Object)]
    source: serde_json::Value,
    /// The values of its variables or headers, by name.
    #[schema(value_type = Option<Object>)]
    secrets: serde_json::Value,
    /// Whether every agent is offered its tools that does not name its tool servers.
    for_all: Option<bool>,
}

/// A tool server, and how it is in the process that answers.
#[derive(ToSchema)]
#[schema(as = ToolServerItem)]
#[expect(dead_code, reason = "read by the description only")]
struct DescribedItem {
    /// What is kept of it.
    #[schema(value_type = Object)]
    server: serde_json::Value,
    /// Whether the configuration defines it.
    configured: bool,
    /// `stopped`, `starting`, `running` or `failed`.
    state: String,
    /// Groups of what it offers.
    capabilities: Vec<String>,
    /// Why it failed last.
    error: Option<String>,
}

/// The routes.
pub fn routes() -> Routes {
    let one = |route: Route, told: &'static str| route.gives::<DescribedItem>(StatusCode::OK, told);
    vec![
        Route::post("/ombud/v1/tool-servers", tool_servers)
            .about("The tool servers that there are, without the values of variables and headers")
            .takes::<Nothing>()
            .gives::<ToolServerList>(StatusCode::OK, "The tool servers, by slug."),
        one(Route::post("/ombud/v1/tool-server", tool_server).about("One tool server").takes::<OfToolServer>(), "It."),
        one(
            Route::post("/ombud/v1/create-tool-server", create)
                .about("Makes a tool server; it does not run yet")
                .needs(Needs::Admin)
                .takes::<Described>(),
            "It.",
        ),
        one(
            Route::post("/ombud/v1/update-tool-server", update)
                .about("Changes a tool server; where it is counts from its next start on")
                .needs(Needs::Admin)
                .takes::<UpdateToolServer>(),
            "It, as it is now.",
        ),
        one(
            Route::post("/ombud/v1/remove-tool-server", remove)
                .about("Stops a tool server, and removes it with its secrets and its folder")
                .needs(Needs::Admin)
                .takes::<OfToolServer>(),
            "It, as it was.",
        ),
        one(
            Route::post("/ombud/v1/start-tool-server", start)
                .about("Starts a tool server, now and whenever this server starts")
                .needs(Needs::Admin)
                .takes::<OfToolServer>(),
            "It. It may still be starting.",
        ),
        one(
            Route::post("/ombud/v1/stop-tool-server", stop)
                .about("Stops a tool server")
                .needs(Needs::Admin)
                .takes::<OfToolServer>(),
            "It. Nothing of it runs any more.",
        ),
        one(
            Route::post("/ombud/v1/restart-tool-server", restart)
                .about("Stops a tool server, and starts it again")
                .needs(Needs::Admin)
                .takes::<OfToolServer>(),
            "It. It may still be starting.",
        ),
        Route::post("/ombud/v1/tool-server-lines", lines)
            .about("The newest lines of what a tool server wrote, and of what was done with it")
            .takes::<LinesOf>()
            .gives::<ToolServerLines>(StatusCode::OK, "The lines, the oldest first."),
        Route::post("/ombud/v1/tools-of-server", tools)
            .about("The tools of a tool server; one that does not run is started for that, and stopped again")
            .needs(Needs::Admin)
            .takes::<OfToolServer>()
            .gives::<ToolList>(StatusCode::OK, "The tools."),
    ]
}

async fn tool_servers(State(door): State<Door>, Caller(caller): Caller, Given(_): Given<Nothing>) -> Answer<ToolServerList> {
    Ok(Gives(ToolServerList { servers: door.engine.tool_servers().tool_servers(&caller).await? }))
}

async fn tool_server(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(of): Given<OfToolServer>,
) -> Answer<ToolServerItem> {
    Ok(Gives(door.engine.tool_servers().tool_server(&caller, &of.server).await?))
}

async fn create(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(new): Given<NewToolServer>,
) -> Answer<ToolServerItem> {
    Ok(Gives(door.engine.tool_servers().create_tool_server(&caller, new).await?))
}

async fn update(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(update): Given<UpdateToolServer>,
) -> Answer<ToolServerItem> {
    Ok(Gives(door.engine.tool_servers().update_tool_server(&caller, &update.server, update.change).await?))
}

async fn remove(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfToolServer>) -> Answer<ToolServerItem> {
    Ok(Gives(door.engine.tool_servers().remove_tool_server(&caller, &of.server).await?))
}

async fn start(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfToolServer>) -> Answer<ToolServerItem> {
    Ok(Gives(door.engine.tool_servers().start_tool_server(&caller, &of.server).await?))
}

async fn stop(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfToolServer>) -> Answer<ToolServerItem> {
    Ok(Gives(door.engine.tool_servers().stop_tool_server(&caller, &of.server).await?))
}

async fn restart(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(of): Given<OfToolServer>,
) -> Answer<ToolServerItem> {
    Ok(Gives(door.engine.tool_servers().restart_tool_server(&caller, &of.server).await?))
}

async fn lines(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<LinesOf>) -> Answer<ToolServerLines> {
    let lines = door.engine.tool_servers().tool_server_lines(&caller, &of.server, of.limit).await?;
    Ok(Gives(ToolServerLines { lines }))
}

async fn tools(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfToolServer>) -> Answer<ToolList> {
    Ok(Gives(ToolList { tools: door.engine.tool_servers().tools_of_server(&caller, &of.server).await? }))
}
