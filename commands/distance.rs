//! `--server`: the engine of another `ombud serve` instead of one in this process; and what cannot be said then.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use ombud::config::Environment;
use ombud::domain::{Error, Result};
use ombud::remote::Remote;
use secrecy::SecretString;

use crate::cli::{AgentsCommand, Cli, Command, GlobalArguments, McpCommand};

/// Most bytes of a file that holds a token.
const TOKEN: u64 = 4_096;

/// The server that is asked.
pub struct Server {
    /// Its address.
    pub url: String,
    /// The folder on it that was chosen.
    pub workspace: Option<String>,
    /// The file that holds its token.
    token_file: Option<PathBuf>,
    token: Option<SecretString>,
}

impl Server {
    /// The server that the command line or the environment names; nothing for commands that work on this machine only.
    /// A config file cannot name one: whoever wrote a folder's config must not choose where its questions are sent.
    ///
    /// # Errors
    /// `invalid_input` naming what cannot be said together with a server.
    pub fn of(cli: &Cli, environment: &Environment) -> Result<Option<Self>> {
        let global = &cli.global;
        let named = global.server.as_deref();
        let Some(url) = named.or_else(|| environment.get("OMBUD_SERVER")) else {
            return match &global.server_token_file {
                Some(_) => Err(Error::invalid("`--server-token-file` says nothing without a server")
                    .hint("name it by `--server` or OMBUD_SERVER")),
                None => Ok(None),
            };
        };
        if let Some(command) = works_here(&cli.command) {
            return match named {
                Some(_) => {
                    Err(Error::invalid(format!("`ombud {command}` works on this machine only: `--server` cannot be said")))
                }
                None => Ok(None),
            };
        }
        let by = if named.is_some() { "`--server`" } else { "a server (OMBUD_SERVER)" };
        if let Some(flag) = cannot_be_said(cli) {
            return Err(Error::invalid(format!("`{flag}` cannot be said together with {by}: it is about this machine"))
                .hint(format!("leave `{flag}` out, or the server")));
        }
        let workspace = workspace(global)?;
        let token = if global.server_token_file.is_some() { None } else { environment.get("OMBUD_SERVER_TOKEN") };
        let of_environment = environment.get("OMBUD_SERVER_TOKEN_FILE").filter(|_| token.is_none()).map(PathBuf::from);
        let token_file = global.server_token_file.clone().or(of_environment);
        let token = token.map(SecretString::from);
        Ok(Some(Self { url: url.to_owned(), workspace, token_file, token }))
    }

    /// Its engine. Nothing is sent yet.
    ///
    /// # Errors
    /// `invalid_input` when address or token cannot be used.
    pub fn open(&self) -> Result<Remote> {
        let of_file = self.token_file.as_deref().map(token).transpose()?;
        Remote::new(&self.url, of_file.as_ref().or(self.token.as_ref()))
    }
}

/// The name of a command that works on this machine only.
fn works_here(command: &Command) -> Option<&'static str> {
    match command {
        Command::Serve(_) => Some("serve"),
        Command::Trust(_) => Some("trust"),
        Command::Config(_) => Some("config"),
        Command::Completions(_) => Some("completions"),
        Command::Version(_) => Some("version"),
        Command::Agents(AgentsCommand::Validate { .. }) => Some("agents validate"),
        Command::Agents(
            AgentsCommand::List | AgentsCommand::Show { .. } | AgentsCommand::Add(_) | AgentsCommand::Remove { .. },
        )
        | Command::Run(_)
        | Command::Oneshot(_)
        | Command::Keys(_)
        | Command::Users(_)
        | Command::Mcp(_)
        | Command::Sessions(_)
        | Command::Share(_)
        | Command::Models(_)
        | Command::Doctor(_)
        | Command::Restore(_) => None,
    }
}

/// An option that was given and means something on this machine only.
fn cannot_be_said(cli: &Cli) -> Option<&'static str> {
    let (ephemeral, no_project, mcp) = match &cli.command {
        Command::Oneshot(oneshot) => (oneshot.ephemeral, oneshot.ask.no_project_instructions, !oneshot.ask.mcp.is_empty()),
        Command::Run(run) => (false, run.ask.no_project_instructions, !run.ask.mcp.is_empty()),
        _ => (false, false, false),
    };
    let (user, project) = match &cli.command {
        Command::Agents(AgentsCommand::Add(add)) => (add.user, add.project),
        _ => (false, false),
    };
    let permits = match &cli.command {
        Command::Mcp(McpCommand::Serve(serve)) => !serve.allow.is_empty() || !serve.deny.is_empty(),
        _ => false,
    };
    let said = [
        (permits, "--allow"),
        (cli.global.store.is_some(), "--store"),
        (ephemeral, "--ephemeral"),
        (no_project, "--no-project-instructions"),
        (mcp, "--mcp"),
        (user, "--user"),
        (project, "--project"),
    ];
    said.into_iter().find(|(said, _)| *said).map(|(_, flag)| flag)
}

/// The folder on the server: it cannot be relative, since nobody stands in a folder there.
fn workspace(global: &GlobalArguments) -> Result<Option<String>> {
    let Some(folder) = &global.workspace else { return Ok(None) };
    match folder.to_str().filter(|_| folder.is_absolute()) {
        Some(folder) => Ok(Some(folder.to_owned())),
        None => Err(Error::invalid(format!("`--workspace {}` is no folder of the server", folder.display()))
            .hint("with a server it names a folder there: write it in full, from `/`")),
    }
}

/// The token that a file holds: one line.
fn token(path: &Path) -> Result<SecretString> {
    let wrong = |why: String| Error::invalid(format!("the token in `{}` cannot be used: {why}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?;
    let mut text = String::new();
    file.take(TOKEN + 1).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    let line = text.trim();
    if line.is_empty() || line.contains('\n') || text.len() as u64 > TOKEN {
        return Err(wrong(format!("it must be one line of at most {TOKEN} bytes")));
    }
    Ok(SecretString::from(line.to_owned()))
}
