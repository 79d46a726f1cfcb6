//! Telling whoever started the server that it is ready: on a file descriptor, and to systemd.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;

use ombud::domain::{Error, Result};

use crate::render::note;

/// Tells that the server is ready.
///
/// # Errors
/// `invalid_input` when the descriptor cannot be written.
pub fn tell(descriptor: Option<u32>, notify: Option<&str>) -> Result<()> {
    if let Some(number) = descriptor {
        write(number).map_err(|error| {
            Error::invalid(format!("file descriptor {number} (--ready-fd) cannot be written: {error}"))
                .hint("open it for the program, for example 3>ready")
        })?;
    }
    // A server that systemd was not told of still serves.
    if let Some(Err(error)) = notify.map(|socket| send(socket, b"READY=1\n")) {
        note(&format!("note: systemd could not be told that the server is ready: {error}"));
    }
    Ok(())
}

/// Tells systemd that the server has left.
pub fn leaving(notify: Option<&str>) {
    // It sees the end of the process as well.
    let _ = notify.map(|socket| send(socket, b"STOPPING=1\n"));
}

fn write(number: u32) -> io::Result<()> {
    // By its name, since a number alone cannot be made a file safely.
    OpenOptions::new().write(true).open(format!("/dev/fd/{number}"))?.write_all(b"ready\n")
}

fn send(socket: &str, message: &[u8]) -> io::Result<()> {
    let from = UnixDatagram::unbound()?;
    match socket.strip_prefix('@') {
        None => from.send_to(message, socket)?,
        Some(name) => send_to_abstract(&from, name, message)?,
    };
    Ok(())
}

#[cfg(target_os = "linux")]
fn send_to_abstract(from: &UnixDatagram, name: &str, message: &[u8]) -> io::Result<usize> {
    use std::os::linux::net::SocketAddrExt as _;
    from.send_to_addr(message, &std::os::unix::net::SocketAddr::from_abstract_name(name)?)
}

#[cfg(not(target_os = "linux"))]
fn send_to_abstract(_from: &UnixDatagram, _name: &str, _message: &[u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        tell(None, path.to_str()).unwrap();
        let mut told = [0; 64];
        let length = socket.recv(&mut told).unwrap();
        assert_eq!(&told[..length], b"READY=1\n");
        leaving(path.to_str());
        let length = socket.recv(&mut told).unwrap();
        assert_eq!(&told[..length], b"STOPPING=1\n");
    }
}
