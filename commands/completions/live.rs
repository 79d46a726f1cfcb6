//! What the words of a command line can be, from what is there now: sessions, agents, models, tags. A shell asks with each
//! Tab, so all of it has an end: what does not answer soon is left out, and nothing is said about it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use ombud::config::Environment;
use ombud::domain::{Principal, Result};
use ombud::engine::{Engine, SessionFilter};

use crate::cli::{Cli, GlobalArguments, ModelsArguments};
use crate::context::Manner;
use crate::program::Program;
use crate::render::harmless;

/// How long a shell waits at most.
const PATIENCE: Duration = Duration::from_secs(2);
/// Sessions that are offered, the newest first.
const SESSIONS: usize = 100;
/// Sessions whose tags are offered.
const TAGGED: usize = 500;
/// Longest title beside a session, in characters.
const TITLE: usize = 60;

/// The words of the command line so far.
pub type Said = Arc<[String]>;

/// The command line with what its words can be.
pub fn completed(command: Command, said: &Said) -> Command {
    let named = command.get_name().to_owned();
    let others = ["keys", "users", "mcp"].contains(&named.as_str());
    let command = command.mut_args(|argument| if others { argument } else { offered(argument, said) });
    command.mut_subcommands(|command| completed(command, said))
}

fn offered(argument: Arg, said: &Said) -> Arg {
    let id = argument.get_id().as_str().to_owned();
    let value = argument.get_value_names().and_then(|names| names.first()).map(|name| name.as_str().to_owned());
    match (id.as_str(), value.as_deref().unwrap_or_default()) {
        ("session_id", _) => argument,
        (_, "ID" | "ID|FILE") => argument.add(ArgValueCandidates::new(asking(said, sessions))),
        ("agent", _) => argument.add(ArgValueCandidates::new(asking(said, agents))),
        ("model", _) => argument.add(ArgValueCandidates::new(asking(said, models))),
        ("tag" | "tags", _) => argument.add(ArgValueCandidates::new(asking(said, tags))),
        _ => argument,
    }
}

/// What is offered for the words so far.
fn asking(
    said: &Said,
    offer: fn(&Said) -> Vec<CompletionCandidate>,
) -> impl Fn() -> Vec<CompletionCandidate> + Send + Sync + 'static {
    let said = Arc::clone(said);
    move || offer(&said)
}

fn sessions(said: &Said) -> Vec<CompletionCandidate> {
    ask(said, async |house, caller| {
        let filter = SessionFilter { limit: SESSIONS, ..SessionFilter::default() };
        let page = house.sessions(&caller, &filter).await?;
        let one = |item: ombud::engine::SessionItem| {
            let session = item.summary.session;
            let title: String = session.title.unwrap_or_default().chars().take(TITLE).collect();
            CompletionCandidate::new(session.id.to_string()).help(Some(harmless(&title).into()))
        };
        Ok(page.sessions.into_iter().map(one).collect())
    })
}

fn agents(said: &Said) -> Vec<CompletionCandidate> {
    ask(said, async |house, caller| {
        let agents = house.agents(&caller).await?;
        let one = |(name, item): (String, ombud::engine::AgentItem)| {
            CompletionCandidate::new(name).help(Some(harmless(&item.agent.description).into()))
        };
        Ok(agents.into_iter().map(one).collect())
    })
}

fn models(said: &Said) -> Vec<CompletionCandidate> {
    ask(said, async |house, caller| {
        let models = house.models(&caller).await?;
        Ok(models.into_iter().map(|item| CompletionCandidate::new(item.model.to_string())).collect())
    })
}

fn tags(said: &Said) -> Vec<CompletionCandidate> {
    ask(said, async |house, caller| {
        let filter = SessionFilter { limit: TAGGED, ..SessionFilter::default() };
        let page = house.sessions(&caller, &filter).await?;
        let mut tags: Vec<String> =
            page.sessions.iter().flat_map(|item| item.summary.session.labels.tags().map(str::to_owned)).collect();
        tags.sort_unstable();
        tags.dedup();
        Ok(tags.into_iter().map(CompletionCandidate::new).collect())
    })
}

/// Asks the house that the words of the command line name; nothing where that does not work.
fn ask<F>(said: &Said, question: F) -> Vec<CompletionCandidate>
where
    F: AsyncFnOnce(Arc<dyn Engine>, Principal) -> Result<Vec<CompletionCandidate>>,
{
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    let answer = async {
        let program = program(said)?;
        let house = program.open().await?;
        question(house, program.caller()).await
    };
    let answered = runtime.block_on(async { tokio::time::timeout(PATIENCE, answer).await });
    runtime.shutdown_background();
    answered.ok().and_then(Result::ok).unwrap_or_default()
}

/// The program as the words so far have it.
fn program(words: &[String]) -> Result<Program> {
    let global = global(words);
    let environment = Environment::of_process();
    let manner = Manner::of(&global, &environment, false)?;
    let asks = crate::cli::Command::Models(ModelsArguments { provider: None, check: false });
    let cli = Cli { global, command: asks };
    let (server, resolved) = crate::settings(&cli, &environment)?;
    Ok(Program::new(cli.global, environment, (server, resolved), manner))
}

/// The options that say where sessions are and what counts.
fn global(words: &[String]) -> GlobalArguments {
    let value = |names: [&str; 2]| {
        words.iter().enumerate().find_map(|(at, word)| {
            if names.contains(&word.as_str()) {
                return words.get(at + 1).cloned();
            }
            let (name, value) = word.split_once('=')?;
            names.contains(&name).then(|| value.to_owned())
        })
    };
    let path = |names: [&str; 2]| value(names).map(PathBuf::from);
    GlobalArguments {
        config: path(["--config", "--config"]),
        store: value(["--store", "--store"]),
        workspace: path(["--workspace", "-C"]),
        server: value(["--server", "--server"]),
        server_token_file: path(["--server-token-file", "--server-token-file"]),
        bare: words.iter().any(|word| word == "--bare"),
        ..GlobalArguments::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_so_far_say_where_to_look() {
        let words =
            ["sessions", "show", "--store=memory:", "-C", "/tmp", "--bare", "--server", "http://a"].map(str::to_owned);
        let global = global(&words);
        assert_eq!((global.store.as_deref(), global.workspace), (Some("memory:"), Some(PathBuf::from("/tmp"))));
        assert_eq!((global.server.as_deref(), global.bare), (Some("http://a"), true));
        assert!(super::global(&["--store".to_owned()]).store.is_none());
    }
}
