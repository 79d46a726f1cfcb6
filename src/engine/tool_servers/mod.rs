//! Tool servers: their records and secrets (`kept`), the ones that this process keeps running (`rooms`), and what runs are
//! offered of them (`offered`).

mod kept;
mod offered;
mod rooms;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use secrecy::SecretString;

use self::kept::Entry;
use self::rooms::all;
use super::access::{Does, On};
use super::house::{Core, House};
use super::keys::Word;
use crate::domain::{
    Error, ErrorCode, Principal, Result, ToolServer, ToolServerId, ToolServerLine, ToolServerSource, ToolServerState,
    ToolSpec,
};
use crate::tools::{LINES, ToolServerPeer, tools_of};

pub(super) use self::offered::{Offered, Wanted};
pub(super) use self::rooms::{Rooms, begin};

/// Most tool servers of the store.
const MOST: usize = 256;
/// Longest name, in characters.
const NAME: usize = 255;
/// Most bytes of the value of one variable or header.
const VALUE: usize = 64 << 10;

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
    /// Whether it is to run in a server: from the server's next start on.
    pub wanted: Option<bool>,
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

    /// The tools of one as models are told of them. One that does not run is started for that, and stopped again.
    ///
    /// # Errors
    /// `unavailable` with the cause when it cannot be started.
    async fn tools_of_server(&self, caller: &Principal, named: &str) -> Result<Vec<ToolSpec>>;

    /// One that runs, for whoever forwards messages to it.
    ///
    /// # Errors
    /// `unavailable` when it does not run, `not_supported` over a distance.
    async fn peer(&self, caller: &Principal, named: &str) -> Result<Arc<dyn ToolServerPeer>>;
}

#[async_trait]
impl ToolServers for House {
    async fn tool_servers(&self, caller: &Principal) -> Result<Vec<ToolServerItem>> {
        self.check(caller, Does::Reads, On::ToolServers).await?;
        self.core.tool_servers.forget();
        Ok(all(&self.core).await?.iter().map(|entry| item(&self.core, entry)).collect())
    }

    async fn tool_server(&self, caller: &Principal, named: &str) -> Result<ToolServerItem> {
        self.check(caller, Does::Reads, On::ToolServers).await?;
        Ok(item(&self.core, &find(&self.core, named).await?))
    }

    async fn create_tool_server(&self, caller: &Principal, new: NewToolServer) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        create(&self.core, caller, new).await
    }

    async fn update_tool_server(&self, caller: &Principal, named: &str, change: ToolServerChange) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        update(&self.core, named, change).await
    }

    async fn remove_tool_server(&self, caller: &Principal, named: &str) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        let core = &self.core;
        let entry = changeable(core, named).await?;
        core.tool_servers.give_up(&entry.server.id).await;
        kept::remove(&*core.store, &entry.server).await?;
        core.tool_servers.forget();
        if let Some(folder) = rooms::folder(core, &entry.server) {
            // What it kept there is its own; it need not have kept anything.
            let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await;
            tracing::debug!(?removed, "the folder of a tool server");
        }
        Ok(item(core, &entry))
    }

    async fn start_tool_server(&self, caller: &Principal, named: &str) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        let entry = find(&self.core, named).await?;
        rooms::start(&self.core, &entry).await?;
        let entry = want(&self.core, entry, true).await?;
        Ok(item(&self.core, &entry))
    }

    async fn stop_tool_server(&self, caller: &Principal, named: &str) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        let entry = want(&self.core, find(&self.core, named).await?, false).await?;
        if let Some(supervisor) = self.core.tool_servers.supervisor(&entry.server.id) {
            supervisor.stop().await;
        }
        Ok(item(&self.core, &entry))
    }

    async fn restart_tool_server(&self, caller: &Principal, named: &str) -> Result<ToolServerItem> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        let entry = find(&self.core, named).await?;
        if !entry.configured {
            rooms::may_be_started(&self.core, &entry.server.source)?;
        }
        if let Some(supervisor) = self.core.tool_servers.supervisor(&entry.server.id) {
            supervisor.stop().await;
        }
        rooms::start(&self.core, &entry).await?;
        let entry = want(&self.core, entry, true).await?;
        Ok(item(&self.core, &entry))
    }

    async fn tool_server_lines(&self, caller: &Principal, named: &str, limit: usize) -> Result<Vec<ToolServerLine>> {
        self.check(caller, Does::Reads, On::ToolServers).await?;
        let entry = find(&self.core, named).await?;
        let supervisor = self.core.tool_servers.supervisor(&entry.server.id);
        Ok(supervisor.map(|supervisor| supervisor.lines(limit.min(LINES))).unwrap_or_default())
    }

    async fn tools_of_server(&self, caller: &Principal, named: &str) -> Result<Vec<ToolSpec>> {
        self.check(caller, Does::Changes, On::ToolServers).await?;
        let entry = find(&self.core, named).await?;
        let before = self.core.tool_servers.supervisor(&entry.server.id);
        let ran = before.is_some_and(|supervisor| supervisor.standing().state != ToolServerState::Stopped);
        let supervisor = rooms::start(&self.core, &entry).await?;
        let standing = supervisor.settled().await;
        let tools = tools_of(&entry.server.slug, &supervisor, &self.core.settings.limits);
        if !ran {
            supervisor.stop().await;
        }
        match standing.state {
            ToolServerState::Running => Ok(tools.iter().map(|tool| tool.spec().clone()).collect()),
            _ => Err(not_running(&entry.server, standing.error.as_deref())),
        }
    }

    async fn peer(&self, caller: &Principal, named: &str) -> Result<Arc<dyn ToolServerPeer>> {
        self.check(caller, Does::Asks, On::ToolServers).await?;
        let entry = find(&self.core, named).await?;
        let supervisor = self.core.tool_servers.supervisor(&entry.server.id);
        let peer = supervisor.as_ref().and_then(|supervisor| supervisor.peer());
        peer.ok_or_else(|| {
            let error = supervisor.and_then(|supervisor| supervisor.standing().error);
            not_running(&entry.server, error.as_deref())
        })
    }
}

fn not_running(server: &ToolServer, error: Option<&str>) -> Error {
    let why = error.map(|error| format!(": {error}")).unwrap_or_default();
    Error::new(ErrorCode::Unavailable, format!("tool server `{}` does not run{why}", server.slug))
}

/// A tool server, and how it is in this process.
fn item(core: &Core, entry: &Entry) -> ToolServerItem {
    let supervisor = core.tool_servers.supervisor(&entry.server.id);
    let standing = supervisor.map(|supervisor| supervisor.standing()).unwrap_or_default();
    ToolServerItem {
        server: entry.server.clone(),
        configured: entry.configured,
        state: standing.state,
        capabilities: standing.capabilities,
        error: standing.error,
    }
}

/// One, by its slug or its id.
async fn find(core: &Core, named: &str) -> Result<Entry> {
    let named_so = |entry: &&Entry| entry.server.slug == named || entry.server.id.as_str() == named;
    for fresh in [false, true] {
        if fresh {
            // Another process may have made it just now.
            core.tool_servers.forget();
        }
        if let Some(entry) = all(core).await?.iter().find(named_so) {
            return Ok(entry.clone());
        }
    }
    Err(Error::not_found("tool server", crate::config::printable(named)))
}

/// One that can be changed.
async fn changeable(core: &Core, named: &str) -> Result<Entry> {
    let entry = find(core, named).await?;
    if entry.configured {
        let message = format!("tool server `{}` is defined by the configuration", entry.server.slug);
        return Err(Error::new(ErrorCode::Forbidden, message).hint("change it there"));
    }
    Ok(entry)
}

/// Keeps whether one is to run in a server.
async fn want(core: &Core, entry: Entry, wanted: bool) -> Result<Entry> {
    if entry.configured || entry.server.wanted == wanted {
        return Ok(entry);
    }
    let Some(held) = kept::held(&*core.store, &entry.server.id).await? else {
        return Err(Error::not_found("tool server", &entry.server.slug));
    };
    let server = ToolServer { wanted, ..held.server.clone() };
    kept::change(&*core.store, &held, &server).await?;
    core.tool_servers.forget();
    Ok(Entry { server, configured: false })
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!("the name of a tool server must have 1 to {NAME} characters, none of control")));
    }
    Ok(name.to_owned())
}

/// Checks a slug: its form, and that the configuration does not take it.
fn checked_slug(core: &Core, slug: String) -> Result<String> {
    if !ToolServer::is_slug(&slug) {
        let message = format!("`{}` cannot be the slug of a tool server", crate::config::printable(&slug));
        return Err(Error::invalid(message).hint("use small letters and digits, in words joined by `-`, at most 64"));
    }
    if core.settings.tools.mcp.servers.contains_key(&slug) {
        let message = format!("the configuration defines a tool server `{slug}`");
        return Err(Error::new(ErrorCode::Conflict, message).hint("choose another slug"));
    }
    Ok(slug)
}

/// Checks where a server is, and values for its variables or headers.
fn checked_source(core: &Core, source: &ToolServerSource, secrets: &BTreeMap<String, Word>) -> Result<()> {
    if let Some(why) = source.fault() {
        return Err(Error::invalid(format!("the tool server {why}")));
    }
    let names: HashSet<&String> = kept::names(source).iter().collect();
    if names.len() != kept::names(source).len() {
        return Err(Error::invalid("the tool server has two variables or headers of one name"));
    }
    let is_header = matches!(source, ToolServerSource::Address { .. });
    for (name, value) in secrets {
        let shown = crate::config::printable(name);
        if !names.contains(name) {
            return Err(Error::invalid(format!("there is a value for `{shown}`, which the tool server does not have")));
        }
        let value = value.expose();
        let fits = !value.contains('\0') && (!is_header || value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
        if !fits || value.len() > VALUE {
            return Err(Error::invalid(format!("the value of `{shown}` is too long, or holds what cannot stand there")));
        }
    }
    rooms::may_be_started(core, source)
}

fn lacks(name: &str) -> Error {
    Error::invalid(format!("there is no value for `{}` of the tool server", crate::config::printable(name)))
}

fn secret(word: &Word) -> SecretString {
    SecretString::from(word.expose())
}

async fn create(core: &Core, caller: &Principal, new: NewToolServer) -> Result<ToolServerItem> {
    let name = checked_name(&new.name)?;
    let slug = match new.slug {
        Some(slug) => slug,
        None => ToolServer::slug_of(&name).ok_or_else(|| {
            Error::invalid("of this name no slug can be made").hint("give the tool server a slug of its own")
        })?,
    };
    let slug = checked_slug(core, slug)?;
    checked_source(core, &new.source, &new.secrets)?;
    if let Some(name) = kept::names(&new.source).iter().find(|name| !new.secrets.contains_key(*name)) {
        return Err(lacks(name));
    }
    core.tool_servers.forget();
    if all(core).await?.iter().filter(|entry| !entry.configured).count() >= MOST {
        return Err(Error::new(ErrorCode::Conflict, format!("there are {MOST} tool servers already")).hint("remove one"));
    }
    let (id, now) = (ToolServerId::new(&*core.clock), core.clock.now());
    let server = ToolServer {
        id,
        name,
        slug,
        source: new.source,
        for_all: new.for_all,
        wanted: false,
        created_at: now,
        updated_at: now,
        created_by: caller.user.as_ref().map_or_else(|| caller.name.clone(), ToString::to_string),
    };
    kept::take_slug(&*core.store, &server.slug, &server.id).await?;
    // Until the server itself is there, nothing leads to them.
    for (name, value) in &new.secrets {
        kept::put_secret(&*core.store, &server.id, name, Some(&secret(value))).await?;
    }
    kept::put(&*core.store, &server).await?;
    core.tool_servers.forget();
    Ok(item(core, &Entry { server, configured: false }))
}

async fn update(core: &Core, named: &str, change: ToolServerChange) -> Result<ToolServerItem> {
    let entry = changeable(core, named).await?;
    let store = &*core.store;
    let Some(held) = kept::held(store, &entry.server.id).await? else {
        return Err(Error::not_found("tool server", &entry.server.slug));
    };
    let old = &held.server;
    let source = change.source.unwrap_or_else(|| old.source.clone());
    checked_source(core, &source, &change.secrets)?;
    for name in kept::names(&source) {
        let given = change.secrets.contains_key(name);
        // A value that belonged to something of another kind is not handed on to it.
        let same_kind = std::mem::discriminant(&source) == std::mem::discriminant(&old.source);
        let is_kept = same_kind && kept::names(&old.source).contains(name);
        let stays = is_kept && kept::has_secret(store, &old.id, name).await?;
        if !given && !stays {
            return Err(lacks(name));
        }
    }
    let server = ToolServer {
        name: change.name.as_deref().map_or_else(|| Ok(old.name.clone()), checked_name)?,
        slug: change.slug.map_or_else(|| Ok(old.slug.clone()), |slug| checked_slug(core, slug))?,
        source,
        for_all: change.for_all.unwrap_or(old.for_all),
        wanted: change.wanted.unwrap_or(old.wanted),
        updated_at: core.clock.now(),
        ..old.clone()
    };
    if server.slug != old.slug {
        kept::take_slug(store, &server.slug, &server.id).await?;
    }
    if let Err(error) = kept::change(store, &held, &server).await {
        if server.slug != old.slug {
            kept::free_slug(store, &server.slug).await?;
        }
        return Err(error);
    }
    if server.slug != old.slug {
        kept::free_slug(store, &old.slug).await?;
        core.tool_servers.rename(&server.id, &server.slug);
    }
    for name in kept::names(&old.source).iter().filter(|name| !kept::names(&server.source).contains(name)) {
        kept::put_secret(store, &server.id, name, None).await?;
    }
    for (name, value) in &change.secrets {
        kept::put_secret(store, &server.id, name, Some(&secret(value))).await?;
    }
    core.tool_servers.forget();
    Ok(item(core, &Entry { server, configured: false }))
}
