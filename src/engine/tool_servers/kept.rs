//! How tool servers lie in the store, and beside them those of the configuration.
//!
//! - `tool_server`, by id: the server, whole. It is changed by compare and put.
//! - `tool_server_slug`, by slug: the id of the server that has it. It is put first, so of two who want one slug, one gets
//!   it; one that leads to no server is free.
//! - secrets of the owner `tool_server:ID`, by the name of the variable or header.

use secrecy::SecretString;

use crate::config::{ConfiguredToolServer, Settings};
use crate::domain::{
    Cause, Error, ErrorCode, Result, Timestamp, ToolServer, ToolServerId, ToolServerSecrets, ToolServerSource,
};
use crate::storage::{Record, Store};

const SERVER: &str = "tool_server";
const SLUG: &str = "tool_server_slug";

/// A tool server, and where it is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The server.
    pub(super) server: ToolServer,
    /// Whether the configuration defines it.
    pub(super) configured: bool,
}

/// A server of the store, with its text there.
pub(super) struct Held {
    pub(super) server: ToolServer,
    body: String,
}

fn owner(id: &ToolServerId) -> String {
    format!("tool_server:{id}")
}

fn body(server: &ToolServer) -> Result<String> {
    serde_json::to_string(server).map_err(|error| Error::internal(format!("a tool server cannot be written: {error}")))
}

fn read(record: Record) -> Result<Held> {
    match serde_json::from_str(&record.body) {
        Ok(server) => Ok(Held { server, body: record.body }),
        Err(error) => {
            let message = format!("tool server `{}` of the store cannot be read: {error}", record.id);
            Err(Error::store(Some(Cause::Corrupt), message).hint("it may have been written by a newer version"))
        }
    }
}

/// The servers of the configuration: they are for all agents, and meant to run.
pub(super) fn configured(settings: &Settings, opened_at: Timestamp) -> Vec<Entry> {
    let entry = |(slug, server): (&String, &ConfiguredToolServer)| Entry {
        server: ToolServer {
            id: ToolServerId::from_text(slug),
            name: server.name.clone(),
            slug: slug.clone(),
            source: server.source.clone(),
            for_all: true,
            wanted: true,
            created_at: opened_at,
            updated_at: opened_at,
            created_by: "configuration".to_owned(),
        },
        configured: true,
    };
    settings.tools.mcp.servers.iter().map(entry).collect()
}

/// All of the store.
pub(super) async fn all(store: &dyn Store) -> Result<Vec<Entry>> {
    let mut all = Vec::new();
    for record in store.records(SERVER).await? {
        match read(record) {
            Ok(held) => all.push(Entry { server: held.server, configured: false }),
            // One that cannot be read must not hide the others.
            Err(error) => tracing::warn!(%error, "a tool server is left out"),
        }
    }
    Ok(all)
}

/// One of the store by its id.
pub(super) async fn held(store: &dyn Store, id: &ToolServerId) -> Result<Option<Held>> {
    store.record(SERVER, id.as_str()).await?.map(read).transpose()
}

/// Takes a slug for a server.
///
/// # Errors
/// `conflict` when another server has it.
pub(super) async fn take_slug(store: &dyn Store, slug: &str, id: &ToolServerId) -> Result<()> {
    let taken = || {
        Error::new(ErrorCode::Conflict, format!("there is a tool server `{slug}` already"))
            .hint("choose another slug, or remove that one first")
    };
    let before = store.record(SLUG, slug).await?;
    if let Some(record) = &before {
        if record.body == id.as_str() {
            return Ok(());
        }
        if store.record(SERVER, &record.body).await?.is_some() {
            return Err(taken());
        }
    }
    let record = Record { kind: SLUG.to_owned(), id: slug.to_owned(), body: id.to_string() };
    let expected = before.as_ref().map(|record| record.body.as_str());
    if store.put_record_if(record, expected).await? { Ok(()) } else { Err(taken()) }
}

/// Gives a slug back.
pub(super) async fn free_slug(store: &dyn Store, slug: &str) -> Result<()> {
    store.remove_record(SLUG, slug).await.map(drop)
}

/// Keeps a new server; its slug is taken already.
pub(super) async fn put(store: &dyn Store, server: &ToolServer) -> Result<()> {
    store.put_record(Record { kind: SERVER.to_owned(), id: server.id.to_string(), body: body(server)? }).await
}

/// Keeps a changed server.
///
/// # Errors
/// `conflict` when somebody else changed it meanwhile.
pub(super) async fn change(store: &dyn Store, held: &Held, server: &ToolServer) -> Result<()> {
    let record = Record { kind: SERVER.to_owned(), id: server.id.to_string(), body: body(server)? };
    if store.put_record_if(record, Some(&held.body)).await? {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Conflict, format!("tool server `{}` was changed by somebody else meanwhile", server.slug))
        .hint("look at it, and try again"))
}

/// Takes a server away, with its secrets.
pub(super) async fn remove(store: &dyn Store, server: &ToolServer) -> Result<()> {
    for name in names(&server.source) {
        store.put_secret(&owner(&server.id), name, None).await?;
    }
    store.remove_record(SERVER, server.id.as_str()).await?;
    free_slug(store, &server.slug).await
}

/// The names of the variables or headers of a server.
pub(super) fn names(source: &ToolServerSource) -> &[String] {
    match source {
        ToolServerSource::Program { variables, .. } => variables,
        ToolServerSource::Address { headers, .. } => headers,
    }
}

/// Keeps values of a server; with `None` takes one away.
pub(super) async fn put_secret(
    store: &dyn Store,
    id: &ToolServerId,
    name: &str,
    value: Option<&SecretString>,
) -> Result<()> {
    store.put_secret(&owner(id), name, value).await
}

/// Whether the value of a name is kept.
pub(super) async fn has_secret(store: &dyn Store, id: &ToolServerId, name: &str) -> Result<bool> {
    Ok(store.secret(&owner(id), name).await?.is_some())
}

/// The values of a server of the store.
pub(super) async fn secrets(store: &dyn Store, server: &ToolServer) -> Result<ToolServerSecrets> {
    let mut secrets = ToolServerSecrets::new();
    for name in names(&server.source) {
        if let Some(value) = store.secret(&owner(&server.id), name).await? {
            secrets.insert(name.clone(), value);
        }
    }
    Ok(secrets)
}
