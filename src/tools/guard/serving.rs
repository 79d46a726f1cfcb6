//! The guard of a tool server: the program speaks over the guard's own standard input and output, so there is no room for
//! a lifeline there. The guard watches the pipe of its standard output instead: when nobody reads it any more, the house
//! is gone, or wants an end; then the guard ends everything and goes, as it does when the program ends by itself.
//!
//! It is started as `ombud __guard --serve [--files N] [--data BYTES] -- PROGRAM ARGUMENTS…`, passes on the program's exit
//! code, or 128 and its signal, and says on standard error why it could not do its work.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};

use super::{FAILED, descendants, wait_for};

/// The word after [`super::WORD`] that asks for this kind of guard.
pub(super) const SERVE: &str = "--serve";

/// What the guard exits with when the program cannot be started, as shells do.
const NOT_STARTED: u8 = 127;

/// What a guard of a tool server is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tools) struct ServedProgram {
    /// The program.
    pub(in crate::tools) program: OsString,
    /// Its arguments.
    pub(in crate::tools) arguments: Vec<OsString>,
    /// Most files that each of its processes may have open.
    pub(in crate::tools) files: Option<u64>,
    /// Most bytes of memory that each of its processes may use for data.
    pub(in crate::tools) data: Option<u64>,
}

impl ServedProgram {
    /// The orders as arguments of this program.
    pub(in crate::tools) fn orders(&self) -> Vec<OsString> {
        let mut orders: Vec<OsString> = vec![super::WORD.into(), SERVE.into()];
        for (word, limit) in [("--files", self.files), ("--data", self.data)] {
            if let Some(limit) = limit {
                orders.extend([word.into(), limit.to_string().into()]);
            }
        }
        orders.push("--".into());
        orders.push(self.program.clone());
        orders.extend(self.arguments.iter().cloned());
        orders
    }

    fn parse(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut served = Self::default();
        loop {
            let argument = arguments.next()?;
            match argument.to_str() {
                Some("--files") => served.files = Some(arguments.next()?.to_str()?.parse().ok()?),
                Some("--data") => served.data = Some(arguments.next()?.to_str()?.parse().ok()?),
                Some("--") => break,
                _ => return None,
            }
        }
        served.program = arguments.next()?;
        served.arguments = arguments.collect();
        Some(served)
    }
}

/// Is the guard, with the arguments after [`SERVE`].
pub(super) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(served) = ServedProgram::parse(arguments) else {
        return told(FAILED, "the guard does not understand its orders");
    };
    keep_watch(&served).unwrap_or_else(|(code, cause)| told(code, &cause))
}

/// Says why there is no exit code of the program.
fn told(code: u8, cause: &str) -> ExitCode {
    // It goes to the house, which reads it as the program's own words. Nobody may be there any more.
    let _ = rustix::io::write(rustix::stdio::stderr(), format!("{cause}\n").as_bytes());
    ExitCode::from(code)
}

fn keep_watch(served: &ServedProgram) -> Result<ExitCode, (u8, String)> {
    let failed = |what: &'static str| move |error: io::Error| (FAILED, format!("the guard cannot {what}: {error}"));
    // Fails only when we lead a process group already: then others took care of the terminal.
    let _ = rustix::process::setsid();
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| failed("become the reaper of the program")(error.into()))?;
    limit(served);
    // The pipe to the house: of this process it is not standard output, where the answer of a command goes.
    let house = rustix::stdio::stdout().try_clone_to_owned().map_err(failed("watch its house"))?;
    let nothing = File::open("/dev/null").map_err(failed("open /dev/null"))?;
    let mut command = Command::new(&served.program);
    let program = command.args(&served.arguments).process_group(0).spawn();
    drop(command);
    let program = program
        .map_err(|error| (NOT_STARTED, format!("`{}` cannot be started: {error}", served.program.to_string_lossy())))?;
    // What is sent is the program's alone: when it is gone, whoever sends must notice.
    rustix::stdio::dup2_stdin(&nothing).map_err(|error| failed("let go of its input")(error.into()))?;
    let Some(group) = i32::try_from(program.id()).ok().and_then(Pid::from_raw) else {
        return Err((FAILED, "the program has no process id".to_owned()));
    };
    // The thread ends with the process.
    let watch = std::thread::Builder::new().spawn(move || {
        wait_until_unread(&house);
        descendants::end(group);
    });
    if let Err(error) = watch {
        descendants::end_all(group);
        return Err(failed("watch its house")(error));
    }
    let ended = wait_for(group);
    descendants::end_all(group);
    let ended = ended.ok_or_else(|| (FAILED, "the guard lost the program".to_owned()))?;
    let code = ended.terminating_signal().map_or_else(|| ended.exit_status().unwrap_or_default(), |signal| 128 + signal);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(FAILED)))
}

/// Lowers what this process, and so the program, may use. What is lower already stays.
fn limit(served: &ServedProgram) {
    let wanted = [(Resource::Core, Some(0)), (Resource::Nofile, served.files), (Resource::Data, served.data)];
    for (resource, most) in wanted {
        let Some(most) = most else { continue };
        let now = getrlimit(resource);
        let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
        // A limit that cannot be set is not worth to give up the program for.
        let _ = setrlimit(resource, Rlimit { current: lower(now.current), maximum: lower(now.maximum) });
    }
}

/// Returns when nobody reads any more what is written to a pipe.
fn wait_until_unread(pipe: &OwnedFd) {
    loop {
        let mut watched = [PollFd::new(pipe, PollFlags::empty())];
        match poll(&mut watched, None) {
            Ok(_) if watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) => return,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_understood_as_they_were_given() {
        let served = ServedProgram {
            program: "server".into(),
            arguments: vec!["--".into(), "--files".into(), "a b".into()],
            files: Some(64),
            data: None,
        };
        let mut orders = served.orders().into_iter();
        assert_eq!((orders.next(), orders.next()), (Some(super::super::WORD.into()), Some(SERVE.into())));
        assert_eq!(ServedProgram::parse(orders), Some(served));
        for wrong in [&["--"][..], &["--files", "x", "--", "a"], &["a"], &[]] {
            assert_eq!(ServedProgram::parse(wrong.iter().map(OsString::from)), None, "{wrong:?}");
        }
    }
}
