//! Files of the user and of the project: found, opened without surprises, and read once.
//!
//! A project's folder comes from somebody else: nothing in it is followed (no symbolic links), waited for (no pipes) or
//! read without end. The bytes that were read are the bytes that are hashed and parsed.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::text;
use crate::domain::{Error, ErrorCode};

/// Largest file of config.
pub const MAX_BYTES: u64 = 1 << 20;
/// Most definitions of agents in one folder.
pub const MAX_AGENTS: usize = 256;
/// Names of a config file.
const CONFIG_NAMES: [&str; 4] = ["config.toml", "config.yaml", "config.yml", "config.json"];
/// Endings of definitions of agents.
const AGENT_ENDINGS: [&str; 4] = ["toml", "yaml", "yml", "json"];

/// A file that was read. It may hold keys, so it has no form for debugging.
#[derive(Clone, PartialEq, Eq)]
pub struct FileText {
    /// Its path.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
}

/// Whether symbolic links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// They are: the folder is the user's own.
    Followed,
    /// They are refused: the folder comes from somebody else.
    Refused,
}

/// Definitions of agents, by path; an error for each that cannot be read.
pub type AgentFiles = Vec<(PathBuf, Result<String, Error>)>;

/// What stands in a folder of config.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConfigFolder {
    /// The config file.
    pub config: Option<FileText>,
    /// Definitions of agents, by name of the file.
    pub agents: AgentFiles,
}

impl ConfigFolder {
    /// Reads a folder; one that is not there is empty.
    ///
    /// # Errors
    /// `invalid_input` when there are two config files, too many agents, or the folder or the config file is not what
    /// it should be.
    pub fn read(folder: &Path, links: Links) -> Result<Self, Error> {
        let Some(opened) = open_folder(folder, links)? else { return Ok(Self::default()) };
        let mut config: Option<FileText> = None;
        for name in CONFIG_NAMES {
            let path = folder.join(name);
            let Some(text) = read_in(&opened, name, &path, links)? else { continue };
            if let Some(first) = &config {
                let (first, second) = (text::shown(&first.path), text::shown(&path));
                return Err(
                    Error::invalid(format!("there are two config files: {first} and {second}")).hint("keep one of them")
                );
            }
            config = Some(FileText { path, text });
        }
        Ok(Self { config, agents: read_agents(&folder.join("agents"), links)? })
    }

    /// Whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.config.is_none() && self.agents.is_empty()
    }
}

/// Reads one file that the user named.
///
/// # Errors
/// `not_found` when it is not there, `invalid_input` when it is no regular file, too large or no text.
pub fn read_named(path: &Path) -> Result<String, Error> {
    let file = open(rustix::fs::CWD, path, path, Links::Followed, OFlags::empty())?;
    let file = file.ok_or_else(|| Error::not_found("file", text::shown(path)))?;
    read_text(File::from(file), path, MAX_BYTES)
}

fn read_agents(folder: &Path, links: Links) -> Result<AgentFiles, Error> {
    let Some(opened) = open_folder(folder, links)? else { return Ok(Vec::new()) };
    let wrong = |errno: Errno| cannot_read(folder, errno);
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(&opened).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if !name.starts_with('.') && AGENT_ENDINGS.contains(&ending) {
            names.push(name.to_owned());
        }
        if names.len() > MAX_AGENTS {
            return Err(Error::invalid(format!("{} holds more than {MAX_AGENTS} agents", text::shown(folder))));
        }
    }
    names.sort();
    let mut agents = Vec::new();
    for name in names {
        let path = folder.join(&name);
        match read_in(&opened, &name, &path, links) {
            Ok(Some(text)) => agents.push((path, Ok(text))),
            Ok(None) => {}
            Err(error) => agents.push((path, Err(error))),
        }
    }
    Ok(agents)
}

fn read_in(folder: &std::os::fd::OwnedFd, name: &str, path: &Path, links: Links) -> Result<Option<String>, Error> {
    match open(folder, Path::new(name), path, links, OFlags::empty())? {
        Some(file) => read_text(File::from(file), path, MAX_BYTES).map(Some),
        None => Ok(None),
    }
}

fn open_folder(folder: &Path, links: Links) -> Result<Option<std::os::fd::OwnedFd>, Error> {
    open(rustix::fs::CWD, folder, folder, links, OFlags::DIRECTORY)
}

/// Opens for reading without waiting; `None` when there is nothing.
fn open(
    folder: impl std::os::fd::AsFd,
    name: &Path,
    path: &Path,
    links: Links,
    more: OFlags,
) -> Result<Option<std::os::fd::OwnedFd>, Error> {
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | more;
    if links == Links::Refused {
        flags |= OFlags::NOFOLLOW;
    }
    match rustix::fs::openat(folder, name, flags, Mode::empty()) {
        Ok(file) => Ok(Some(file)),
        Err(Errno::NOENT) => Ok(None),
        // Also a home that is no folder, such as /dev/null, holds nothing.
        Err(Errno::NOTDIR) if links == Links::Followed && more.contains(OFlags::DIRECTORY) => Ok(None),
        // A link, where none is followed: which of the two depends on whether a folder was asked for.
        Err(Errno::LOOP | Errno::NOTDIR) if links == Links::Refused => {
            if !more.contains(OFlags::DIRECTORY) || path.is_symlink() {
                return Err(refused(path, "is a symbolic link"));
            }
            Err(refused(path, "is not a folder"))
        }
        Err(errno) => Err(cannot_read(path, errno)),
    }
}

/// Reads the text of an opened file.
fn read_text(file: File, path: &Path, most: u64) -> Result<String, Error> {
    let wrong = |error: &std::io::Error| {
        Error::invalid(format!("{} cannot be read: {error}", text::shown(path))).hint("check its permissions")
    };
    let about = file.metadata().map_err(|error| wrong(&error))?;
    if !about.is_file() {
        return Err(refused(path, "is not a regular file"));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too large, also when it grows meanwhile.
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(Error { code: ErrorCode::TooLarge, ..refused(path, &format!("is larger than {most} bytes")) });
    }
    String::from_utf8(bytes).map_err(|_| refused(path, "is not a text in UTF-8"))
}

fn refused(path: &Path, why: &str) -> Error {
    Error::invalid(format!("{} is not read, because it {why}", text::shown(path)))
        .hint("put a regular file there; `--bare` goes without config files")
}

fn cannot_read(path: &Path, errno: Errno) -> Error {
    let error = std::io::Error::from(errno);
    Error::invalid(format!("{} cannot be read: {error}", text::shown(path))).hint("check its permissions")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn two_config_files_are_one_too_many() {
        let folder = folder();
        fs::write(folder.path().join("config.toml"), "").unwrap();
        fs::write(folder.path().join("config.json"), "{}").unwrap();
        let error = ConfigFolder::read(folder.path(), Links::Refused).err().unwrap();
        let at = folder.path().display();
        assert_eq!(error.message, format!("there are two config files: {at}/config.toml and {at}/config.json"));
    }

    #[test]
    fn nothing_odd_is_read_from_a_project() {
        let outside = folder();
        fs::write(outside.path().join("real.toml"), "agent = \"x\"").unwrap();
        let why = |make: &dyn Fn(&Path)| {
            let folder = folder();
            let own = folder.path().join(".ombud");
            make(&own);
            let error = ConfigFolder::read(&own, Links::Refused).err().unwrap();
            error.message.rsplit(", because it ").next().unwrap().to_owned()
        };
        let link = |own: &Path| {
            fs::create_dir(own).unwrap();
            std::os::unix::fs::symlink(outside.path().join("real.toml"), own.join("config.toml")).unwrap();
        };
        assert_eq!(why(&link), "is a symbolic link");
        let whole = |own: &Path| std::os::unix::fs::symlink(outside.path(), own).unwrap();
        assert_eq!(why(&whole), "is a symbolic link");
        assert_eq!(why(&|own: &Path| fs::write(own, "").unwrap()), "is not a folder");
        let pipe = |own: &Path| {
            fs::create_dir(own).unwrap();
            let made = std::process::Command::new("mkfifo").arg(own.join("config.toml")).status().unwrap();
            assert!(made.success());
        };
        assert_eq!(why(&pipe), "is not a regular file");
        let huge = |own: &Path| {
            fs::create_dir(own).unwrap();
            fs::File::create(own.join("config.toml")).unwrap().set_len(10 << 30).unwrap();
        };
        assert_eq!(why(&huge), "is larger than 1048576 bytes");
        let binary = |own: &Path| {
            fs::create_dir(own).unwrap();
            fs::write(own.join("config.toml"), [0xff, 0xfe]).unwrap();
        };
        assert_eq!(why(&binary), "is not a text in UTF-8");
    }

    #[test]
    fn a_link_of_the_user_is_followed() {
        let (folder, outside) = (folder(), folder());
        fs::write(outside.path().join("real.toml"), "agent = \"x\"").unwrap();
        std::os::unix::fs::symlink(outside.path().join("real.toml"), folder.path().join("config.toml")).unwrap();
        let read = ConfigFolder::read(folder.path(), Links::Followed).unwrap();
        assert_eq!(read.config.unwrap().text, "agent = \"x\"");
    }

    #[test]
    fn agents_are_read_in_order_and_an_odd_one_does_not_hide_the_rest() {
        let folder = folder();
        let agents = folder.path().join("agents");
        fs::create_dir(&agents).unwrap();
        for name in ["b.toml", "a.yaml", ".hidden.toml", "notes.md"] {
            fs::write(agents.join(name), "").unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", agents.join("c.toml")).unwrap();
        let read = ConfigFolder::read(folder.path(), Links::Refused).unwrap();
        let names: Vec<_> =
            read.agents.iter().map(|(path, text)| (path.file_name().unwrap().to_str().unwrap(), text.is_ok())).collect();
        assert_eq!(names, [("a.yaml", true), ("b.toml", true), ("c.toml", false)]);
    }
}
