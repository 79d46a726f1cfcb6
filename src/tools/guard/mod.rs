//! The guard: the process that stands between this program and a command, so that nothing of the command is left when it
//! ends, is cancelled, or when this program dies, even by SIGKILL.
//!
//! The program starts itself as `ombud __guard …` and holds the other end of the guard's standard input, the *lifeline*:
//! when that closes, for whatever reason, the guard ends everything and goes. A parent-death signal would not do: it comes
//! when the *thread* that started the guard ends, and it would end the guard before it could clean up.
//!
//! The guard is the reaper of everything that the command starts, also of what left its process group or session. Only
//! the command is confined (Landlock), not the guard: so a command can neither end nor trace its guard. The guard has a
//! session of its own, without a terminal: a command can neither ask there nor write there.
//!
//! On the lifeline the guard tells, a line each: `confined`, `partly confined`, `not confined: CAUSE` or `unconfined` (as
//! it was told); and in the end, when nothing is left, `over memory` where it was ended because it used too much, and
//! `exited CODE` or `killed SIGNAL`; or `failed CAUSE`.
//! Tool servers have a guard of their own kind: `serving`.
//!
//! On systems other than Linux only process groups are ended, and nothing is confined.

#[cfg(target_os = "linux")]
mod confine;
mod descendants;
mod memory;
mod serving;
mod starting;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

pub(super) use descendants::{ask_session_to_end, end_session};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus};
pub(super) use serving::ServedProgram;
pub(super) use starting::{Guarded, PATH, quoted, temporary, writable};

/// The first argument by which the program knows that it is to be a guard.
pub const WORD: &str = "__guard";

/// What the guard exits with when it could not do its work.
const FAILED: u8 = 125;

/// What a guard is told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    /// The command line, for `/bin/sh -c`.
    pub(super) command: OsString,
    /// What the command may write to.
    pub(super) writable: Vec<PathBuf>,
    /// Whether nothing is confined.
    pub(super) unconfined: bool,
    /// Most bytes of memory of all that runs.
    pub(super) memory: Option<u64>,
}

impl Orders {
    /// The orders as arguments, without [`WORD`].
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        for path in &self.writable {
            arguments.extend(["--write".into(), path.into()]);
        }
        if self.unconfined {
            arguments.push("--unconfined".into());
        }
        if let Some(memory) = self.memory {
            arguments.extend(["--memory".into(), memory.to_string().into()]);
        }
        arguments.extend(["--".into(), self.command.clone()]);
        arguments
    }

    fn parse(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut orders = Self::default();
        loop {
            let argument = arguments.next()?;
            match argument.to_str() {
                Some("--write") => orders.writable.push(arguments.next()?.into()),
                Some("--unconfined") => orders.unconfined = true,
                Some("--memory") => orders.memory = Some(arguments.next()?.to_str()?.parse().ok()?),
                Some("--") => break,
                _ => return None,
            }
        }
        orders.command = arguments.next()?;
        arguments.next().is_none().then_some(orders)
    }
}

/// Is the guard: to be called by the program before anything else, with the arguments after [`WORD`]. Starts no runtime.
/// Passes on the command's exit code, or 128 and its signal.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.peekable();
    if arguments.next_if(|word| word == serving::SERVE).is_some() {
        return serving::main(arguments);
    }
    let lifeline = match io::stdin().as_fd().try_clone_to_owned() {
        Ok(lifeline) => File::from(lifeline),
        Err(_) => return ExitCode::from(FAILED),
    };
    let code = match Orders::parse(arguments) {
        Some(orders) => keep_watch(&orders, &lifeline),
        None => Err("the guard does not understand its orders".to_owned()),
    };
    code.unwrap_or_else(|cause| {
        tell(&lifeline, &format!("failed {cause}"));
        ExitCode::from(FAILED)
    })
}

/// Says a line to whoever holds the lifeline; nobody may be there any more.
fn tell(mut lifeline: &File, line: &str) {
    let _ = lifeline.write_all(format!("{line}\n").as_bytes());
}

fn keep_watch(orders: &Orders, lifeline: &File) -> Result<ExitCode, String> {
    // Fails only when we are the leader of a process group already: then others took care of the terminal.
    let _ = rustix::process::setsid();
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| format!("the guard cannot become the reaper of the command: {error}"))?;
    let watched = lifeline.try_clone().map_err(|error| format!("the guard cannot watch its lifeline: {error}"))?;
    if let Some(most) = orders.memory {
        memory::limit_each(most);
    }
    let group = start(orders, lifeline)?;
    // After the start, so that an early end finds something to end. The thread ends with the process.
    let watch = std::thread::Builder::new().spawn(move || {
        wait_for_close(watched);
        descendants::end(group);
    });
    if let Err(error) = watch {
        descendants::end_all(group);
        return Err(format!("the guard cannot watch its lifeline: {error}"));
    }
    let over = orders.memory.map(|most| memory::watch(most, group));
    let ended = wait_for(group);
    descendants::end_all(group);
    if over.is_some_and(|over| over.load(std::sync::atomic::Ordering::Acquire)) {
        tell(lifeline, "over memory");
    }
    let ended = ended.ok_or_else(|| "the guard lost the shell".to_owned())?;
    let (word, number, code) = match (ended.exit_status(), ended.terminating_signal()) {
        (_, Some(signal)) => ("killed", signal, 128 + signal),
        (code, None) => ("exited", code.unwrap_or_default(), code.unwrap_or_default()),
    };
    tell(lifeline, &format!("{word} {number}"));
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(FAILED)))
}

/// Starts the shell in a process group of its own, confined.
fn start(orders: &Orders, lifeline: &File) -> Result<Pid, String> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(&orders.command).stdin(Stdio::null()).process_group(0);
    // Landlock holds for a thread and what it starts. So the shell is started by a thread of its own, and the guard
    // itself stays out of the command's reach.
    let (writable, unconfined) = (orders.writable.clone(), orders.unconfined);
    let thread = std::thread::Builder::new().spawn(move || {
        let state = if unconfined { Ok("unconfined".to_owned()) } else { confined(&writable) };
        state.map(|state| (state, command.spawn()))
    });
    let thread = thread.map_err(|error| format!("the guard cannot start a thread: {error}"))?;
    let (state, shell) = thread.join().map_err(|_| "the guard broke off".to_owned())??;
    tell(lifeline, &state);
    let shell = shell.map_err(|error| format!("/bin/sh cannot be started: {error}"))?;
    i32::try_from(shell.id()).ok().and_then(Pid::from_raw).ok_or_else(|| "the shell has no process id".to_owned())
}

/// Confines the calling thread and what it starts, and says how well.
fn confined(writable: &[PathBuf]) -> Result<String, String> {
    #[cfg(target_os = "linux")]
    return confine::this_thread(writable);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = writable;
        Ok("not confined: this system has no Landlock".to_owned())
    }
}

/// Returns when nobody holds the other end any more. What comes over it is not for us.
fn wait_for_close(mut lifeline: File) {
    let mut buffer = [0; 64];
    loop {
        match lifeline.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Waits for the shell, and buries orphans that come to us meanwhile. Nothing when there is no shell to wait for.
fn wait_for(shell: Pid) -> Option<WaitStatus> {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == shell => return Some(status),
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_understood_as_they_were_given() {
        let orders = Orders {
            command: "echo -- --write x".into(),
            writable: vec!["/work".into(), "/tmp/a b".into()],
            unconfined: true,
            memory: Some(1 << 30),
        };
        assert_eq!(Orders::parse(orders.arguments().into_iter()), Some(orders));
        for wrong in [&["--"][..], &["--write", "--"], &["--other", "--", "x"], &["--", "x", "y"], &[]] {
            assert_eq!(Orders::parse(wrong.iter().map(OsString::from)), None, "{wrong:?}");
        }
    }
}
