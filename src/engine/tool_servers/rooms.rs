//! The tool servers of this process: a supervisor for each that was started, and what is known of all.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::kept::{self, Entry};
use crate::domain::{Error, ErrorCode, Result, ToolServer, ToolServerId, ToolServerSource};
use crate::engine::house::Core;
use crate::engine::notices::HouseNotice;
use crate::tools::{Keeping, Launch, OnChange, Supervisor};

/// How long what was read of the store counts: a run need not read it each time.
const COUNTS: Duration = Duration::from_secs(2);
/// The folder of the state folder in which each has its own.
const FOLDER: &str = "tool-servers";

/// What this process knows of tool servers.
#[derive(Default)]
pub(crate) struct Rooms {
    /// Whether they run for as long as the house does; else they are started when a run needs them.
    serving: AtomicBool,
    /// Whether the house leaves: nothing is started any more.
    leaving: AtomicBool,
    running: Mutex<HashMap<ToolServerId, Room>>,
    known: Mutex<Option<(Instant, Arc<Vec<Entry>>)>>,
}

struct Room {
    supervisor: Arc<Supervisor>,
    /// What it is told of by; it may change.
    slug: Arc<Mutex<String>>,
}

impl Rooms {
    /// Whether they run for as long as the house does.
    pub(super) fn is_serving(&self) -> bool {
        self.serving.load(Ordering::SeqCst)
    }

    /// What was read counts no longer.
    pub(super) fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The supervisor of a server, if it was ever started here.
    pub(super) fn supervisor(&self, id: &ToolServerId) -> Option<Arc<Supervisor>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(id).map(|room| Arc::clone(&room.supervisor))
    }

    /// From now on a server is told of by another slug.
    pub(super) fn rename(&self, id: &ToolServerId, slug: &str) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = running.get(id) {
            *room.slug.lock().unwrap_or_else(PoisonError::into_inner) = slug.to_owned();
        }
    }

    /// Stops a server, and forgets that it ran.
    pub(super) async fn give_up(&self, id: &ToolServerId) {
        let room = self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(room) = room {
            room.supervisor.stop().await;
        }
    }

    /// Ends all, for good.
    pub(crate) async fn end(&self) {
        self.leaving.store(true, Ordering::SeqCst);
        let rooms: Vec<_> = {
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.values().map(|room| Arc::clone(&room.supervisor)).collect()
        };
        join_all(rooms.iter().map(|supervisor| supervisor.stop())).await;
    }
}

/// The tool servers that there are, by slug: those of the configuration before those of the store.
pub(super) async fn all(core: &Core) -> Result<Arc<Vec<Entry>>> {
    let known = core.tool_servers.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((_, entries)) = known.filter(|(read, _)| read.elapsed() < COUNTS) {
        return Ok(entries);
    }
    let mut entries = kept::configured(&core.settings, core.opened_at);
    entries.extend(kept::all(&*core.store).await?);
    // Of two with one slug the configured one stays before the other.
    entries.sort_by(|one, other| one.server.slug.cmp(&other.server.slug));
    let entries = Arc::new(entries);
    *core.tool_servers.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::clone(&entries)));
    Ok(entries)
}

/// The supervisor of a server, whether it runs or not.
pub(super) fn supervisor(core: &Core, server: &ToolServer) -> Arc<Supervisor> {
    let mut running = core.tool_servers.running.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(room) = running.get(&server.id) {
        return Arc::clone(&room.supervisor);
    }
    let slug = Arc::new(Mutex::new(server.slug.clone()));
    let (notices, told) = (core.notices.clone(), Arc::clone(&slug));
    let on_change: OnChange = Arc::new(move |state, why: &str| {
        let slug = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        tracing::info!(slug, ?state, why, "a tool server");
        notices.tell(HouseNotice::ToolServerChanged { slug, state, why: why.to_owned() });
    });
    let supervisor = Arc::new(Supervisor::new(keeping(core), Arc::clone(&core.clock), on_change));
    running.insert(server.id.clone(), Room { supervisor: Arc::clone(&supervisor), slug });
    supervisor
}

fn keeping(core: &Core) -> Keeping {
    let settings = &core.settings.tools;
    let is_passed = |name: &str| matches!(name, "PATH" | "HOME" | "LANG" | "LANGUAGE") || name.starts_with("LC_");
    let variables = settings.environment.iter().filter(|(name, _)| is_passed(name));
    Keeping {
        guard: settings.guard.clone(),
        variables: variables.map(|(name, value)| (name.clone(), value.clone())).collect(),
        start: settings.mcp.start,
        call: settings.mcp.call,
        data: settings.mcp.memory,
        forwards: core.tool_servers.is_serving(),
        ..Keeping::default()
    }
}

/// The folder of a server's own.
pub(super) fn folder(core: &Core, server: &ToolServer) -> Option<PathBuf> {
    let state = &core.settings.paths.state;
    (!state.as_os_str().is_empty()).then(|| state.join(FOLDER).join(server.id.as_str()))
}

async fn launch(core: &Core, entry: &Entry) -> Result<Launch> {
    let server = &entry.server;
    let (secrets, in_workspace) = match core.settings.tools.mcp.servers.get(&server.slug).filter(|_| entry.configured) {
        Some(configured) => (configured.secrets.clone(), configured.in_workspace),
        None => (kept::secrets(&*core.store, server).await?, false),
    };
    let own = folder(core, server).filter(|_| !in_workspace);
    let folder = own.unwrap_or_else(|| core.settings.workspace.clone());
    Ok(Launch { source: server.source.clone(), secrets, folder })
}

/// Starts a server, unless it runs. It may still be starting when this is done.
///
/// # Errors
/// `forbidden` for a program that the settings do not list; `unavailable` when the house leaves.
pub(super) async fn start(core: &Core, entry: &Entry) -> Result<Arc<Supervisor>> {
    if core.tool_servers.leaving.load(Ordering::SeqCst) {
        return Err(Error::new(ErrorCode::Unavailable, "no tool servers are started any more: the house is being left"));
    }
    if !entry.configured {
        may_be_started(core, &entry.server.source)?;
    }
    let launch = launch(core, entry).await?;
    let supervisor = supervisor(core, &entry.server);
    supervisor.start(launch).await;
    Ok(supervisor)
}

/// Checks a program against the list of the settings. An entry is a program, or a program and the arguments that it must
/// begin with.
///
/// # Errors
/// `forbidden`
pub(super) fn may_be_started(core: &Core, source: &ToolServerSource) -> Result<()> {
    let (Some(programs), ToolServerSource::Program { command, arguments, .. }) = (&core.settings.tools.mcp.programs, source)
    else {
        return Ok(());
    };
    let words: Vec<&str> = std::iter::once(command).chain(arguments).map(String::as_str).collect();
    let listed = |entry: &String| {
        let wanted: Vec<&str> = entry.split_whitespace().collect();
        !wanted.is_empty() && words.starts_with(&wanted)
    };
    if programs.iter().any(listed) {
        return Ok(());
    }
    let message = format!("program `{}` may not be a tool server here", crate::config::printable(command));
    Err(Error::new(ErrorCode::Forbidden, message).hint("the setting `tools.mcp.programs` lists which may"))
}

/// From now on they run for as long as the house does: those that are meant to are started.
pub(crate) async fn begin(core: &Arc<Core>) {
    core.tool_servers.serving.store(true, Ordering::SeqCst);
    let entries = match all(core).await {
        Ok(entries) => entries,
        Err(error) => return tracing::warn!(%error, "tool servers cannot be started"),
    };
    for entry in entries.iter().filter(|entry| entry.server.wanted) {
        if let Err(error) = start(core, entry).await {
            tracing::warn!(%error, slug = entry.server.slug, "a tool server cannot be started");
        }
    }
}
