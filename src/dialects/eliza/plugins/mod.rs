//! Plugins: routes of the configuration, answered where no route of any API is. A route is found by its bare path, with the
//! plugin's name before it, both below `/api` as well, and below an agent; `answering` says what becomes of a request.

mod answering;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{Method, StatusCode};

use self::answering::Called;
use super::errors::{ElizaError, Form};
use super::{NAME, agents, ids};
use crate::config::{Plugin, PluginRoute};
use crate::domain::{AgentState, Principal};
use crate::engine::AgentItem;
use crate::http::{Door, query_value};

/// A route that fits.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    plugin: &'a Plugin,
    route: &'a PluginRoute,
}

/// What a path gives to the route that it fits.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fit {
    /// What stands where the route has names.
    named: Vec<(String, String)>,
    /// What is left of the path where the route ends in `*`.
    rest: String,
}

/// What the path of a route says about the path of a request: whether it fits, and what it gives. A folder fits all that
/// is below it.
fn fit(route: &PluginRoute, path: &str) -> Option<Fit> {
    let is_folder = matches!(route.answers, crate::config::PluginAnswers::Folder(_));
    let mut words = path.split('/').filter(|word| !word.is_empty());
    let mut fit = Fit::default();
    for wanted in route.path.split('/') {
        if wanted == "*" {
            fit.rest = words.collect::<Vec<_>>().join("/");
            return Some(fit);
        }
        let word = words.next()?;
        match wanted.strip_prefix(':') {
            Some(name) => fit.named.push((name.to_owned(), word.to_owned())),
            None if wanted == word => {}
            None => return None,
        }
    }
    let rest: Vec<&str> = words.collect();
    if !rest.is_empty() && !is_folder {
        return None;
    }
    fit.rest = rest.join("/");
    Some(fit)
}

/// The first route that answers a method on a path, of one plugin or of all.
fn find<'a>(plugins: &'a [Plugin], name: Option<&str>, method: &Method, path: &str) -> Option<(Found<'a>, Fit)> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let plugins = plugins.iter().filter(|plugin| name.is_none_or(|name| plugin.name == name));
    plugins.flat_map(|plugin| plugin.routes.iter().map(move |route| Found { plugin, route })).find_map(|found| {
        if !found.route.methods.iter().any(|known| known == method) {
            return None;
        }
        Some((found, fit(found.route, path)?))
    })
}

/// The route that a path outside of agents means: by itself, or behind the name of its plugin.
fn find_anywhere<'a>(plugins: &'a [Plugin], method: &Method, path: &str) -> Option<(Found<'a>, Fit)> {
    let path = path.trim_start_matches('/');
    let (name, below) = path.split_once('/').unwrap_or((path, ""));
    find(plugins, Some(name), method, below).or_else(|| find(plugins, None, method, path))
}

/// Whether an agent has a route.
fn has(route: &PluginRoute, item: &AgentItem) -> bool {
    let shown = agents::shown(item);
    route.agents.is_empty() || route.agents.iter().any(|name| *name == item.agent.name || *name == shown)
}

/// Answers where no route of any API does.
pub fn beyond<'a>(
    door: &'a Door,
    caller: Option<&'a Principal>,
    request: Request,
) -> BoxFuture<'a, Result<Response, Request>> {
    Box::pin(async move {
        let plugins = &door.settings.plugins;
        let path = request.uri().path();
        let (is_api, below) = match path.strip_prefix("/api/") {
            Some(below) => (true, below),
            None => (false, path),
        };
        let Some((found, fit)) = find_anywhere(plugins, request.method(), below) else { return Err(request) };
        // Below `/api` a key is wanted in any case.
        let nobody = Principal { scopes: Vec::new(), ..Principal::unproven() };
        let caller = match caller.filter(|caller| caller.may_enter(NAME)) {
            Some(caller) => caller,
            None if found.route.open && !is_api => &nobody,
            None => return Err(request),
        };
        let (parts, body) = request.into_parts();
        match asked_agent(door, found.route, &parts, is_api).await {
            Ok(Asked::Elsewhere) => Err(Request::from_parts(parts, body)),
            Ok(Asked::Of(agent)) => Ok(answer(door, caller, found, fit, agent, parts, body).await),
            Err(error) => Ok(error.into_response()),
        }
    })
}

/// For whom a route is called.
enum Asked {
    /// An agent, or none in particular.
    Of(Option<Box<AgentItem>>),
    /// Nobody: the path is not one of a plugin.
    Elsewhere,
}

/// The agent that the address names, or else the first that has the route.
async fn asked_agent(door: &Door, route: &PluginRoute, parts: &Parts, is_api: bool) -> Result<Asked, ElizaError> {
    let named = query_value(&parts.uri, "agentId");
    let all = door.engine.agents(&Principal::house()).await?;
    let mut having =
        all.into_values().filter(|item| item.agent.state == AgentState::Active && has(route, item)).map(Box::new);
    let Some(id) = named else {
        let first = having.next();
        return Ok(if first.is_none() && !route.agents.is_empty() { Asked::Elsewhere } else { Asked::Of(first) });
    };
    if !ids::is_id(&id) {
        return if is_api {
            Err(ElizaError::bad("INVALID_AGENT_ID", "Invalid agent ID format"))
        } else {
            Ok(Asked::Elsewhere)
        };
    }
    match having.find(|item| agents::id_of(item).eq_ignore_ascii_case(&id)) {
        Some(agent) => Ok(Asked::Of(Some(agent))),
        None if is_api => Err(ElizaError::new(StatusCode::NOT_FOUND, "AGENT_NOT_FOUND", "Agent not found")),
        None => Ok(Asked::Elsewhere),
    }
}

/// Calls a route of one plugin for one agent.
///
/// # Errors
/// 404 when the agent has no such route.
pub async fn call_of_agent(
    door: &Door,
    caller: &Principal,
    agent: AgentItem,
    (plugin, path): (&str, &str),
    parts: Parts,
    body: Body,
) -> Result<Response, ElizaError> {
    let found = find(&door.settings.plugins, Some(plugin), &parts.method, path);
    let found = found.filter(|(found, _)| has(found.route, &agent));
    let (found, fit) = found.ok_or_else(|| ElizaError::not_found("Plugin route not found"))?;
    Ok(answer(door, caller, found, fit, Some(Box::new(agent)), parts, body).await)
}

async fn answer(
    door: &Door,
    caller: &Principal,
    Found { plugin, route }: Found<'_>,
    fit: Fit,
    agent: Option<Box<AgentItem>>,
    parts: Parts,
    body: Body,
) -> Response {
    let agent = agent.as_deref();
    let called = Called { plugin, route, fit, agent, caller };
    match answering::answer(door, called, parts, body).await {
        Ok(response) => response,
        Err(error) => {
            let told = ElizaError::from(error).told_as(Form::Text);
            told.into_response()
        }
    }
}

/// The routes that people are shown for an agent: name and address of each.
pub fn panels(plugins: &[Plugin], item: &AgentItem) -> Vec<(String, String)> {
    let id = agents::id_of(item);
    let routes = plugins.iter().flat_map(|plugin| &plugin.routes);
    let shown =
        routes.filter(|route| route.public && route.methods.iter().any(|method| method == "GET") && has(route, item));
    shown.filter_map(|route| Some((route.name.clone()?, format!("/api/{}?agentId={id}", route.path)))).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::PluginAnswers;

    fn plugin(name: &str, routes: &[(&str, &str)]) -> Plugin {
        let route = |(method, path): &(&str, &str)| PluginRoute {
            path: (*path).to_owned(),
            methods: vec![(*method).to_owned()],
            name: None,
            public: false,
            open: false,
            agents: Vec::new(),
            answers: match *method {
                "STATIC" => PluginAnswers::Folder("/nowhere".into()),
                _ => PluginAnswers::Command { line: String::new(), folder: "/".into(), time: Duration::ZERO },
            },
        };
        let mut routes: Vec<PluginRoute> = routes.iter().map(route).collect();
        routes.iter_mut().filter(|route| route.methods == ["STATIC"]).for_each(|route| route.methods = vec!["GET".into()]);
        Plugin { name: name.to_owned(), routes }
    }

    #[test]
    fn a_path_finds_its_route() {
        let plugins = [
            plugin("one", &[("GET", "now"), ("POST", "things/:id/parts/:part"), ("GET", "all/*"), ("STATIC", "pages")]),
            plugin("two", &[("GET", "now"), ("GET", "one")]),
        ];
        let find = |method: Method, path: &str| {
            let (found, fit) = find_anywhere(&plugins, &method, path)?;
            let named: Vec<String> = fit.named.iter().map(|(name, value)| format!("{name}={value}")).collect();
            Some(format!("{}/{} {} {}", found.plugin.name, found.route.path, named.join(","), fit.rest).trim().to_owned())
        };
        for (method, path, expected) in [
            (Method::GET, "/now", Some("one/now")),
            (Method::HEAD, "now/", Some("one/now")),
            (Method::GET, "/two/now", Some("two/now")),
            (Method::GET, "/one", Some("two/one")),
            (Method::POST, "/now", None),
            (Method::GET, "/now/more", None),
            (Method::POST, "/one/things/7/parts/x", Some("one/things/:id/parts/:part id=7,part=x")),
            (Method::POST, "/things/7/parts", None),
            (Method::GET, "/all/a/b", Some("one/all/*  a/b")),
            (Method::GET, "/all", Some("one/all/*")),
            (Method::GET, "/pages/a.css", Some("one/pages  a.css")),
            (Method::GET, "/pages", Some("one/pages")),
            (Method::GET, "/three/now", None),
            (Method::GET, "/", None),
        ] {
            assert_eq!(find(method.clone(), path).as_deref(), expected, "{method} {path}");
        }
    }
}
