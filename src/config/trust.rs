//! Trust: a folder may come from somebody else, so its config may only narrow until the user says otherwise.
//!
//! What is trusted is the SHA-256 of all files of the folder that count, as they were read. A file that changes, comes
//! or goes makes the folder unknown again.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::file::{self, ConfigFolder};
use super::keys::{self, Untrusted};
use super::layers::Layer;
use super::text;
use super::{plugins, tool_servers};
use crate::domain::{Agent, Cause, Error, Permission};

/// Whether a folder's config counts in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// It was never trusted.
    Unknown,
    /// It was trusted, and something changed since.
    Changed,
    /// It is trusted.
    Trusted,
}

/// Something in a project's config that does not count, because its folder is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// The file that says it.
    pub file: PathBuf,
    /// Its place, such as `providers.openai.base_url` or `agents.helper.model`.
    pub place: String,
    /// What it would be set to, without control characters; `set` for a secret.
    pub value: String,
}

/// SHA-256 over the names and contents of all files that count, as lower-case hexadecimal.
///
/// # Errors
/// What kept a file from being read: a folder with such a file cannot be trusted.
pub fn digest(folder: &ConfigFolder) -> Result<String, Error> {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    };
    add(b"ombud trust 1");
    let config = folder.config.iter().map(|file| ("config", &file.path, Ok(&file.text)));
    let agents = folder.agents.iter().map(|(path, text)| ("agent", path, text.as_ref()));
    for (kind, path, content) in config.chain(agents) {
        add(kind.as_bytes());
        add(path.file_name().unwrap_or_default().as_encoded_bytes());
        add(content.map_err(Clone::clone)?.as_bytes());
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The folders that the user trusts, kept in `trust.json` of the state folder.
#[derive(Clone, Debug)]
pub struct TrustBook {
    folder: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
struct Pages {
    version: u32,
    /// Digest by absolute path of the workspace.
    folders: BTreeMap<String, String>,
}

/// Longest wait for another process that writes.
const LOCK_WAIT: Duration = Duration::from_secs(5);

impl TrustBook {
    /// The book in a state folder, which need not be there yet.
    pub fn new(state: &Path) -> Self {
        Self { folder: state.to_owned() }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("trust.json")
    }

    fn pages(&self) -> Result<Pages, Error> {
        let path = self.path();
        if !path.try_exists().unwrap_or(true) {
            return Ok(Pages::default());
        }
        let pages: Pages = serde_json::from_str(&file::read_named(&path)?).map_err(|error| {
            Error::store(Some(Cause::Corrupt), format!("{} is damaged: {error}", text::shown(&path)))
                .hint("remove it; every folder is then asked about again")
        })?;
        if pages.version > 1 {
            let message = format!("{} was written by a newer version of ombud", text::shown(&path));
            return Err(Error::store(Some(Cause::Newer), message).hint("use that version"));
        }
        Ok(pages)
    }

    /// The trusted folders with their digests, in alphabetical order.
    ///
    /// # Errors
    /// `store_failed` when the book is damaged or newer, `invalid_input` when it cannot be read.
    pub fn folders(&self) -> Result<BTreeMap<String, String>, Error> {
        Ok(self.pages()?.folders)
    }

    /// How a workspace with this digest stands.
    ///
    /// # Errors
    /// As [`TrustBook::folders`].
    pub fn standing(&self, workspace: &Path, digest: &str) -> Result<Trust, Error> {
        let Some(name) = workspace.to_str() else { return Ok(Trust::Unknown) };
        Ok(match self.pages()?.folders.get(name) {
            None => Trust::Unknown,
            Some(known) if known == digest => Trust::Trusted,
            Some(_) => Trust::Changed,
        })
    }

    /// Trusts a workspace as it is now.
    ///
    /// # Errors
    /// `invalid_input` when the path is not Unicode, `store_failed` when the book cannot be written.
    pub fn trust(&self, workspace: &Path, digest: &str) -> Result<(), Error> {
        let Some(name) = workspace.to_str() else {
            return Err(Error::invalid(format!("{} cannot be trusted: its name is not Unicode", text::shown(workspace))));
        };
        self.change(|pages| {
            pages.folders.insert(name.to_owned(), digest.to_owned());
        })
    }

    /// Trusts a workspace no longer; true when it was trusted.
    ///
    /// # Errors
    /// `store_failed` when the book cannot be written.
    pub fn forget(&self, workspace: &Path) -> Result<bool, Error> {
        let name = workspace.to_string_lossy();
        if !self.pages()?.folders.contains_key(&*name) {
            return Ok(false);
        }
        self.change(|pages| {
            pages.folders.remove(&*name);
        })?;
        Ok(true)
    }

    /// Reads, changes and replaces the book as a whole, while no other process does.
    fn change(&self, change: impl FnOnce(&mut Pages)) -> Result<(), Error> {
        let failed = |error: std::io::Error| {
            let cause = match error.kind() {
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Some(Cause::Full),
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Some(Cause::ReadOnly),
                _ => None,
            };
            Error::store(cause, format!("{} cannot be written: {error}", text::shown(&self.path())))
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
        let _lock = self.lock(failed)?;
        let mut pages = self.pages()?;
        pages.version = 1;
        change(&mut pages);
        let mut content = serde_json::to_vec_pretty(&pages).map_err(std::io::Error::from).map_err(failed)?;
        content.push(b'\n');
        // A temporary file of this crate is readable by its owner only.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed)?;
        file.write_all(&content).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(self.path()).map_err(|error| failed(error.error))?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    fn lock(&self, failed: impl Fn(std::io::Error) -> Error) -> Result<File, Error> {
        let path = self.folder.join("trust.lock");
        let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = open.map_err(&failed)?;
        let step = Duration::from_millis(20);
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
                Err(fs::TryLockError::WouldBlock) if waited >= LOCK_WAIT => {
                    let message = format!("{} is held by another process", text::shown(&path));
                    return Err(Error::store(Some(Cause::Locked), message).hint("try again"));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    std::thread::sleep(step);
                    waited += step;
                }
            }
        }
    }
}

/// Takes from a project's layer all that does not narrow. `below` is what holds without it.
pub fn narrow(layer: Layer, below: &Layer, file: &Path) -> (Layer, Vec<Ignored>) {
    let (mut kept, mut ignored) = (Layer::default(), Vec::new());
    for (place, entry) in layer.0 {
        let key = keys::find(&place);
        let narrows = match key.map_or(Untrusted::Ignored, |key| key.untrusted) {
            Untrusted::Ignored => false,
            Untrusted::Added => true,
            Untrusted::Only(flag) => entry.value == Value::Bool(flag),
            Untrusted::Lower => match (entry.value.as_f64(), below.0.get(&place).and_then(|below| below.value.as_f64())) {
                (Some(wanted), Some(given)) => wanted <= given,
                (Some(_), None) => true,
                (None, _) => false,
            },
        };
        if narrows {
            kept.0.insert(place, entry);
            continue;
        }
        let secret = key.is_none_or(super::keys::Key::is_secret);
        let is_below = |group: &str| place.strip_prefix(group).is_some_and(|rest| rest.starts_with('.'));
        let value = if secret {
            "set".to_owned()
        } else if is_below(tool_servers::PLACE) {
            tool_servers::describe(&entry.value)
        } else if is_below(plugins::PLACE) {
            plugins::describe(&entry.value)
        } else {
            text::plain(&entry.value)
        };
        ignored.push(Ignored { file: file.to_owned(), place: text::printable(&place), value });
    }
    (kept, ignored)
}

/// Takes from an agent of a project all that does not narrow: its model and settings cost money, and rules that ask or
/// allow would come before the user's denials.
pub fn narrow_agent(agent: Agent, file: &Path) -> (Agent, Vec<Ignored>) {
    let mut ignored = Vec::new();
    let mut ignore = |what: &str, value: String| {
        let place = format!("agents.{}.{what}", agent.name);
        ignored.push(Ignored { file: file.to_owned(), place, value: text::printable(&value) });
    };
    if let Some(model) = &agent.model {
        ignore("model", model.to_string());
    }
    if !agent.fallback.is_empty() {
        ignore("fallback", agent.fallback.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    }
    if let Some(judge) = &agent.judge {
        ignore("judge", judge.to_string());
    }
    // Where a conversation goes is not for a folder to say.
    if !agent.endpoints.is_empty() {
        ignore("endpoints", agent.endpoints.keys().cloned().collect::<Vec<_>>().join(", "));
    }
    if agent.settings != crate::domain::ModelSettings::default() {
        ignore("settings", "set".to_owned());
    }
    // None at all narrows.
    let servers = agent.tool_servers.as_ref().filter(|servers| !servers.is_empty());
    if let Some(servers) = servers {
        ignore("tool_servers", servers.join(", "));
    }
    if !agent.attributes.is_empty() {
        ignore("attributes", "set".to_owned());
    }
    if !agent.procedure.is_ordinary() {
        ignore("procedure", format!("{} steps", agent.procedure.steps().len()));
    }
    if !agent.procedures.is_empty() {
        ignore("procedures", agent.procedures.keys().cloned().collect::<Vec<_>>().join(", "));
    }
    if !agent.from_state.is_silent() {
        ignore("from_state", "set".to_owned());
    }
    let (denials, others): (Vec<_>, Vec<_>) =
        agent.permissions.iter().cloned().partition(|rule| rule.permission == Permission::Deny);
    if !others.is_empty() {
        let rules: Vec<String> = others.iter().map(super::permissions::describe).collect();
        ignore("permissions", rules.join(", "));
    }
    let kept = Agent {
        model: None,
        fallback: Vec::new(),
        judge: None,
        endpoints: BTreeMap::new(),
        secrets: Vec::new(),
        settings: crate::domain::ModelSettings::default(),
        attributes: crate::domain::Attributes::new(),
        tool_servers: agent.tool_servers.clone().filter(Vec::is_empty),
        permissions: denials,
        // Each step that asks is paid for.
        procedure: crate::domain::Procedure::default(),
        procedures: BTreeMap::new(),
        from_state: crate::domain::FromState::default(),
        ..agent.clone()
    };
    (kept, ignored)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::file::FileText;
    use super::*;

    fn folder(config: &str, agents: &[(&str, &str)]) -> ConfigFolder {
        ConfigFolder {
            config: Some(FileText { path: "/w/.ombud/config.toml".into(), text: config.to_owned() }),
            agents: agents
                .iter()
                .map(|(name, text)| (PathBuf::from(format!("/w/.ombud/agents/{name}")), Ok((*text).to_owned())))
                .collect(),
        }
    }

    #[test]
    fn every_change_of_a_file_that_counts_changes_the_digest() {
        let all = [
            folder("a", &[]),
            folder("b", &[]),
            folder("a", &[("x.toml", "")]),
            folder("a", &[("y.toml", "")]),
            folder("a", &[("x.toml", "1")]),
            folder("a", &[("x.toml", "1"), ("y.toml", "")]),
            ConfigFolder { config: None, ..folder("a", &[("x.toml", "1")]) },
        ];
        let mut digests: Vec<_> = all.iter().map(|folder| digest(folder).unwrap()).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), all.len());
        assert_eq!(digest(&folder("a", &[])), digest(&folder("a", &[])));
    }

    #[test]
    fn what_an_unknown_agent_does_by_name_does_not_count() {
        let thread = r#"{"kind": "open_thread", "thread": "t", "setup": {"model": "a/b"}}"#;
        let text = format!(
            r#"{{"instructions": "x", "tools": ["read_file"], "from_state": {{"model": "M"}},
                "procedures": {{"one": {{"steps": [{thread}]}}, "two": {{"steps": []}}}}}}"#
        );
        let agent = super::super::agents::parse(Path::new("/w/a.json"), &text).unwrap();
        let (kept, ignored) = narrow_agent(agent.clone(), Path::new("/w/a.json"));
        let ignored: Vec<_> = ignored.iter().map(|ignored| (ignored.place.as_str(), ignored.value.as_str())).collect();
        assert_eq!(ignored, [("agents.a.procedures", "one, two"), ("agents.a.from_state", "set")]);
        let expected = Agent { procedures: BTreeMap::new(), from_state: crate::domain::FromState::default(), ..agent };
        assert_eq!(kept, expected);
    }

    #[test]
    fn where_the_model_of_an_unknown_agent_is_does_not_count() {
        let text = r#"{"instructions": "x", "judge": "a/b", "endpoints": {"openai": {"base_url": "http://h/v1"}}}"#;
        let agent = super::super::agents::parse(Path::new("/w/a.json"), text).unwrap();
        let (kept, ignored) = narrow_agent(agent, Path::new("/w/a.json"));
        let ignored: Vec<_> = ignored.iter().map(|ignored| (ignored.place.as_str(), ignored.value.as_str())).collect();
        assert_eq!(ignored, [("agents.a.judge", "a/b"), ("agents.a.endpoints", "openai")]);
        assert_eq!(kept, Agent { name: "a".into(), instructions: "x".into(), ..Agent::default() });
    }

    #[test]
    fn a_file_that_cannot_be_read_cannot_be_trusted() {
        let broken = ConfigFolder { config: None, agents: vec![("/w/x.toml".into(), Err(Error::invalid("no")))] };
        assert_eq!(digest(&broken), Err(Error::invalid("no")));
    }

    #[test]
    fn the_book_remembers_and_forgets() {
        let state = tempfile::tempdir().unwrap();
        let book = TrustBook::new(&state.path().join("ombud"));
        let place = Path::new("/w");
        assert_eq!(book.standing(place, "1"), Ok(Trust::Unknown));
        book.trust(place, "1").unwrap();
        book.trust(Path::new("/other"), "9").unwrap();
        assert_eq!(book.standing(place, "1"), Ok(Trust::Trusted));
        assert_eq!(book.standing(place, "2"), Ok(Trust::Changed));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&book.path()), mode(&book.folder)), (0o600, 0o700));
        assert_eq!((book.forget(place), book.forget(place)), (Ok(true), Ok(false)));
        assert_eq!(book.folders().unwrap().into_keys().collect::<Vec<_>>(), ["/other"]);
    }

    #[test]
    fn a_damaged_book_trusts_nobody_and_says_so() {
        let state = tempfile::tempdir().unwrap();
        let book = TrustBook::new(state.path());
        fs::write(book.path(), "{").unwrap();
        let error = book.standing(Path::new("/w"), "1").unwrap_err();
        assert_eq!((error.code.word(), error.cause), ("store_failed", Some(Cause::Corrupt)));
        fs::write(book.path(), r#"{"version": 2, "folders": {}}"#).unwrap();
        assert_eq!(book.folders().unwrap_err().cause, Some(Cause::Newer));
    }

    #[test]
    fn many_processes_write_one_after_the_other() {
        let state = tempfile::tempdir().unwrap();
        let book = TrustBook::new(state.path());
        std::thread::scope(|scope| {
            for number in 0..8 {
                let book = &book;
                scope.spawn(move || book.trust(Path::new(&format!("/w{number}")), "1").unwrap());
            }
        });
        assert_eq!(book.folders().unwrap().len(), 8);
    }
}
