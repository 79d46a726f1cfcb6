//! Names, records and secrets: a small file each, changed only under the lock of the store.
//!
//! An append that brings new names or records must be there with all of them or not at all, although its log and their
//! files are several. So they are first written to a *journal*, then the log is appended to, with the journal's checksum
//! in its commit, then the files are written and the journal is removed. Whoever finds a journal takes the lock of the
//! store, which waits for a living writer; after a dead one the log tells whether the append was done: then the files
//! are written now, else the journal is thrown away.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::place::{self, Keep, Lock, corrupt};
use crate::domain::{Error, SessionId};
use crate::storage::rules::{file_name, hex};
use crate::storage::{Alias, Append, AppendError, Record};

/// What an append brings beside its log.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    /// The session.
    pub(super) session: SessionId,
    /// Its incarnation.
    pub(super) incarnation: u64,
    /// The last entry of the append.
    pub(super) seq: u64,
    aliases: Vec<(String, String, String)>,
    records: Vec<(String, String, String)>,
}

/// The part of a store that is not logs.
pub(super) struct Kept {
    root: PathBuf,
}

impl Kept {
    /// In the folder of a store.
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    fn alias(&self, namespace: &str, key: &str) -> PathBuf {
        self.root.join("aliases").join(file_name(namespace)).join(file_name(key))
    }

    fn names_of(&self, entity: &str) -> PathBuf {
        self.root.join("entities").join(file_name(entity))
    }

    fn kind(&self, kind: &str) -> PathBuf {
        self.root.join("records").join(file_name(kind))
    }

    fn owner(&self, owner: &str) -> PathBuf {
        self.root.join("secrets").join(file_name(owner))
    }

    /// The lock of the store. It is taken before the lock of a session, never after.
    pub(super) fn lock(&self) -> Result<Lock, Error> {
        Lock::take(&self.root.join("lock"))
    }

    /// The journal that somebody has left, with its checksum.
    pub(super) fn unfinished(&self) -> Result<Option<(Journal, u32)>, Error> {
        let path = self.journal();
        let Some(bytes) = place::read(&path)? else { return Ok(None) };
        let journal = serde_json::from_slice(&bytes).map_err(|error| corrupt(&path, &error.to_string()))?;
        Ok(Some((journal, crc32fast::hash(&bytes))))
    }

    /// Whether there is a journal: then its append is being done, or its writer has died.
    pub(super) fn has_journal(&self) -> bool {
        self.journal().exists()
    }

    /// Whether an append changes anything here.
    pub(super) fn is_changed_by(&self, append: &Append) -> Result<bool, Error> {
        for alias in &append.aliases {
            if self.resolve(&alias.namespace, &alias.key)?.as_ref() != Some(&alias.entity) {
                return Ok(true);
            }
        }
        for record in &append.records {
            if self.record(&record.kind, &record.id)?.as_ref() != Some(record) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the journal of an append, unless one of its names is taken. Answers its checksum.
    pub(super) fn announce(&self, append: &Append) -> Result<u32, AppendError> {
        let mut aliases: Vec<(String, String, String)> = Vec::new();
        for alias in &append.aliases {
            let known = aliases.iter().find(|(space, key, _)| *space == alias.namespace && *key == alias.key);
            let known = known.map(|(_, _, entity)| entity.clone());
            let taken = known.map_or_else(|| self.resolve(&alias.namespace, &alias.key), |entity| Ok(Some(entity)))?;
            if taken.is_some_and(|entity| entity != alias.entity) {
                return Err(AppendError::AliasTaken(alias.clone()));
            }
            let Alias { namespace, key, entity } = alias.clone();
            aliases.push((namespace, key, entity));
        }
        let records = append.records.iter().cloned().map(|Record { kind, id, body }| (kind, id, body)).collect();
        let journal = Journal {
            session: append.session.clone(),
            incarnation: append.incarnation,
            seq: append.after + append.entries.len() as u64,
            aliases,
            records,
        };
        let bytes = json(&journal)?;
        place::replace(&self.journal(), &bytes, Keep::Durably)?;
        Ok(crc32fast::hash(&bytes))
    }

    /// Writes what the journal of a finished append says.
    pub(super) fn carry_out(&self, journal: &Journal) -> Result<(), Error> {
        for (namespace, key, entity) in &journal.aliases {
            let folder = self.names_of(entity);
            place::make_folder(&folder)?;
            let name = hex(&Sha256::digest(format!("{namespace}\0{key}").as_bytes()));
            place::replace(&folder.join(name), &json(&(namespace, key))?, Keep::Durably)?;
            put(&self.alias(namespace, key), &json(&(namespace, key, entity))?)?;
        }
        for (kind, id, body) in &journal.records {
            put(&self.kind(kind).join(file_name(id)), &json(&(kind, id, body))?)?;
        }
        self.forget()
    }

    /// Throws the journal away.
    pub(super) fn forget(&self) -> Result<(), Error> {
        place::remove_durably(&self.journal()).map(|_| ())
    }

    /// What a name stands for.
    pub(super) fn resolve(&self, namespace: &str, key: &str) -> Result<Option<String>, Error> {
        let alias: Option<(String, String, String)> = get(&self.alias(namespace, key))?;
        Ok(alias.map(|(_, _, entity)| entity))
    }

    /// Takes all names of a thing away. Nobody else can give them to another thing before, for they are taken.
    pub(super) fn remove_names_of(&self, entity: &str) -> Result<(), Error> {
        let folder = self.names_of(entity);
        for name in place::names(&folder)? {
            let Some((namespace, key)) = get::<(String, String)>(&folder.join(name))? else { continue };
            if self.resolve(&namespace, &key)?.as_deref() == Some(entity) {
                place::remove_durably(&self.alias(&namespace, &key))?;
            }
        }
        place::remove_folder(&folder)
    }

    /// A record.
    pub(super) fn record(&self, kind: &str, id: &str) -> Result<Option<Record>, Error> {
        Ok(get(&self.kind(kind).join(file_name(id)))?.map(|(kind, id, body)| Record { kind, id, body }))
    }

    /// All records of a kind, by id.
    pub(super) fn records(&self, kind: &str) -> Result<Vec<Record>, Error> {
        let folder = self.kind(kind);
        let mut records = Vec::new();
        for name in place::names(&folder)? {
            let record = get(&folder.join(name))?;
            records.extend(record.map(|(kind, id, body)| Record { kind, id, body }));
        }
        records.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(records)
    }

    /// Puts a record. The lock of the store must be held.
    pub(super) fn put_record(&self, record: &Record) -> Result<(), Error> {
        let path = self.kind(&record.kind).join(file_name(&record.id));
        put(&path, &json(&(&record.kind, &record.id, &record.body))?)
    }

    /// Takes a record away. The lock of the store must be held.
    pub(super) fn remove_record(&self, kind: &str, id: &str) -> Result<bool, Error> {
        place::remove_durably(&self.kind(kind).join(file_name(id)))
    }

    /// A secret.
    pub(super) fn secret(&self, owner: &str, name: &str) -> Result<Option<SecretString>, Error> {
        let path = self.owner(owner).join(file_name(name));
        let text = place::read(&path)?.map(String::from_utf8).transpose();
        Ok(text.map_err(|_| corrupt(&path, "it is no text"))?.map(SecretString::from))
    }

    /// All secrets.
    pub(super) fn secrets(&self) -> Result<Vec<SecretString>, Error> {
        let mut secrets = Vec::new();
        let root = self.root.join("secrets");
        for owner in place::names(&root)? {
            for name in place::names(&root.join(&owner))? {
                let text = place::read(&root.join(&owner).join(&name))?.map(String::from_utf8);
                secrets.extend(text.and_then(Result::ok).map(SecretString::from));
            }
        }
        Ok(secrets)
    }

    /// Keeps or removes a secret. The lock of the store must be held.
    pub(super) fn put_secret(&self, owner: &str, name: &str, value: Option<&SecretString>) -> Result<(), Error> {
        let path = self.owner(owner).join(file_name(name));
        match value {
            Some(value) => put(&path, value.expose_secret().as_bytes()),
            None => place::remove_durably(&path).map(|_| ()),
        }
    }

    /// Takes all records of a kind away.
    pub(super) fn remove_records(&self, kind: &str) -> Result<(), Error> {
        place::remove_folder(&self.kind(kind))
    }

    /// Removes all secrets of an owner.
    pub(super) fn remove_secrets_of(&self, owner: &str) -> Result<(), Error> {
        place::remove_folder(&self.owner(owner))
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    path.parent().map_or(Ok(()), place::make_folder)?;
    place::replace(path, bytes, Keep::Durably)
}

fn get<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let Some(bytes) = place::read(path)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| corrupt(path, &error.to_string()))
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::internal(format!("a file cannot be written as JSON: {error}")))
}
