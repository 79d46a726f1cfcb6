//! What goes wrong in a workspace, in words that a model can act on.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::domain::{Cause, Error, ErrorCode};

use super::shown;

/// The path leads out of the workspace.
pub fn outside(path: &Path) -> Error {
    Error::new(ErrorCode::Forbidden, format!("`{}` leads out of the workspace", shown(path)))
        .hint("use a path that is relative to the workspace, such as `src/main.rs`")
}

/// The path is a folder where a file is needed.
pub fn folder(path: &Path) -> Error {
    Error::invalid(format!("`{}` is a folder, not a file", shown(path))).hint("list it, or name a file in it")
}

/// The path is a pipe, a socket or a device.
pub fn special(path: &Path) -> Error {
    Error::invalid(format!("`{}` is no regular file but a pipe, a socket or a device; it is not opened", shown(path)))
}

/// The folder of the workspace itself cannot be opened; `name` is safe to show.
pub fn of_root(name: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(ErrorCode::NotFound, format!("workspace `{name}` does not exist")),
        io::ErrorKind::NotADirectory => Error::invalid(format!("workspace `{name}` is not a folder")),
        io::ErrorKind::PermissionDenied => {
            Error::new(ErrorCode::Forbidden, format!("workspace `{name}` may not be read: {error}"))
        }
        _ => Error::new(ErrorCode::Unavailable, format!("workspace `{name}` cannot be opened: {error}")),
    }
}

/// The system refused to do `verb` with a path of the workspace.
pub fn refused(verb: &str, path: &Path, error: &io::Error) -> Error {
    // Without a number of the system it is the capability that refused: a link, or a way up, that leads out.
    let Some(number) = error.raw_os_error() else {
        return match error.kind() {
            io::ErrorKind::PermissionDenied => outside(path),
            io::ErrorKind::IsADirectory => folder(path),
            _ => Error::new(ErrorCode::Unavailable, format!("cannot {verb} `{}`: {error}", shown(path))),
        };
    };
    let name = shown(path);
    match Errno::from_raw_os_error(number) {
        Errno::NOENT => Error::new(ErrorCode::NotFound, format!("`{name}` does not exist"))
            .hint("list the folder, or find the file by its name"),
        Errno::XDEV => outside(path),
        Errno::LOOP => Error::new(ErrorCode::Forbidden, format!("`{name}` is a symbolic link that is not followed")),
        Errno::ISDIR => folder(path),
        Errno::NOTDIR => Error::invalid(format!("`{name}` goes through something that is not a folder")),
        Errno::NXIO | Errno::NODEV => special(path),
        Errno::NAMETOOLONG => Error::invalid(format!("the path `{name}` is too long")),
        Errno::ACCESS | Errno::PERM => Error::new(ErrorCode::Forbidden, format!("cannot {verb} `{name}`: {error}")),
        Errno::ROFS => Error::new(ErrorCode::Forbidden, format!("cannot {verb} `{name}`: {error}")).because(Cause::ReadOnly),
        Errno::NOSPC | Errno::DQUOT => {
            Error::new(ErrorCode::Unavailable, format!("cannot {verb} `{name}`: {error}")).because(Cause::Full)
        }
        _ => Error::new(ErrorCode::Unavailable, format!("cannot {verb} `{name}`: {error}")),
    }
}
