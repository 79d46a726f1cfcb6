//! The program `ombud`: floor 8. It parses the command line, resolves the settings, and calls one command.

mod agents;
mod answer_file;
mod approver;
mod attachments;
mod caller_tools;
mod cli;
mod completions;
mod config;
mod context;
mod dialog;
mod distance;
mod doctor;
mod follow;
mod keys;
mod mcp;
mod models;
mod naming;
mod oneshot;
mod output;
mod program;
mod prompt;
mod questions;
mod render;
mod restore;
mod run;
mod serve;
mod sessions;
mod share;
mod signals;
mod trust;
mod users;
mod version;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use ombud::config::{Environment, Flags, Resolved, Settings, resolve};
use ombud::domain::{Error, Result};
use ombud::observe::{Traces, Watched};

use self::cli::{Cli, Command, ConfigCommand, McpCommand, SessionsCommand};
use self::context::Manner;
use self::distance::Server;
use self::output::Output;
use self::program::Program;
use self::render::{note, refused, result::error_line};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.next_if(|word| word == ombud::tools::guard::WORD).is_some() {
        return ombud::tools::guard::main(arguments);
    }
    let environment = Environment::of_process();
    if completions::is_asked(&environment) {
        return match completions::answer(std::env::args_os().collect(), &environment) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => ExitCode::from(error.code.exit_code()),
        };
    }
    match execute(Cli::parse(), environment) {
        _ if dialog::was_interrupted() => ExitCode::from(dialog::INTERRUPTED),
        Ok(exit_code) => ExitCode::from(exit_code),
        Err(error) => {
            note(&error_line(&error));
            ExitCode::from(error.code.exit_code())
        }
    }
}

fn execute(cli: Cli, environment: Environment) -> Result<u8> {
    let out = Output::stdout();
    if let Command::Completions(arguments) = &cli.command {
        return completions::execute(arguments, &out).map(|exit| exit.0);
    }
    if let Command::Version(_) = &cli.command {
        let manner = Manner::of(&cli.global, &environment, false)?;
        return version::execute(manner.format, &out).map(|exit| exit.0);
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let manner = Manner::of(&cli.global, &environment, terminal)?;
    let (server, resolved) = match settings(&cli, &environment) {
        Err(error) if matches!(cli.command, Command::Oneshot(_) | Command::Run(_)) => {
            return Ok(refused(&out, manner.format, &error));
        }
        Err(error) if matches!(cli.command, Command::Doctor(_)) => {
            return doctor::without_settings(&out, manner.format, &error);
        }
        // It may be there to be written anew.
        Err(_) if matches!(cli.command, Command::Config(ConfigCommand::Init(_))) => {
            let flags = Flags { bare: true, config: None, ..cli.flags() };
            (None, resolve(&flags, &environment)?)
        }
        resolved => resolved?,
    };
    let traces = match &cli.command {
        Command::Serve(arguments) if !arguments.print_routes => watch(&cli, &environment, &resolved.settings, manner)?,
        Command::Mcp(McpCommand::Serve(arguments)) if arguments.http.is_some() => {
            watch(&cli, &environment, &resolved.settings, manner)?
        }
        _ => {
            observe(&cli, &environment, manner);
            None
        }
    };
    let tape = match program::tape(&cli.command) {
        Err(error) => return Ok(refused(&out, manner.format, &error)),
        Ok(tape) => tape,
    };
    let program = Program { tape, ..Program::new(cli.global, environment, (server, resolved), manner) };
    // What is ignored is listed by the commands that show settings; those that ask list it with their result, and `trust`
    // decides about it.
    let shows_settings = program.server.is_none() && matches!(cli.command, Command::Agents(_) | Command::Config(_));
    if shows_settings && !program.global.quiet {
        program.context.resolved.notices.iter().for_each(|notice| note(&format!("note: {notice}")));
    }
    let exit_code = match &cli.command {
        Command::Agents(command) => in_runtime(async { Ok(agents::execute(command, &program).await?.0) }),
        Command::Config(command) => in_runtime(dialog::interruptible(async {
            config::execute(command, &program.context, &program.environment).map(|exit| exit.0)
        })),
        Command::Models(arguments) => in_runtime(models::execute(&program, arguments)),
        Command::Doctor(arguments) => in_runtime(doctor::execute(&program, arguments)),
        Command::Trust(arguments) => {
            in_runtime(dialog::interruptible(async { trust::execute(arguments, &program.context).map(|exit| exit.0) }))
        }
        Command::Completions(_) | Command::Version(_) => Ok(0),
        Command::Oneshot(arguments) => in_runtime(async { Ok(oneshot::execute(&program, arguments).await) }),
        Command::Run(arguments) => in_runtime(run::execute(&program, arguments))
            .or_else(|error| Ok(refused(&program.context.out, manner.format, &error))),
        Command::Keys(command) => in_runtime(keys::execute(&program, command)),
        Command::Users(command) => in_runtime(users::execute(&program, command)),
        Command::Mcp(command) => in_runtime(mcp::execute(&program, command)),
        // It ends by Ctrl-C, and well.
        Command::Sessions(command @ SessionsCommand::Tail(_)) => in_runtime(sessions::execute(&program, command)),
        Command::Sessions(command) => in_runtime(dialog::interruptible(sessions::execute(&program, command))),
        Command::Share(arguments) => in_runtime(dialog::interruptible(share::execute(&program, arguments))),
        Command::Serve(arguments) => in_runtime(serve::execute(&program, arguments)),
        Command::Restore(arguments) => in_runtime(restore::execute(&program, arguments)),
    };
    if let Some(traces) = traces {
        traces.end();
    }
    exit_code
}

/// Log lines and traces of a server.
fn watch(cli: &Cli, environment: &Environment, settings: &Settings, manner: Manner) -> Result<Option<Traces>> {
    let level = settings.server.log_level.as_deref();
    let filter = match (environment.get("RUST_LOG"), cli.global.quiet, cli.global.verbose) {
        (Some(filter), ..) => filter,
        (None, true, _) => "error",
        (None, false, 0) => match level {
            Some("debug") => "info,ombud=debug",
            Some(level @ ("warn" | "error" | "off")) => level,
            _ => "warn,ombud=info",
        },
        (None, false, 1) => "warn,ombud=info",
        (None, false, 2) => "info,ombud=debug",
        (None, false, _) => "debug",
    };
    ombud::observe::watch(&Watched {
        filter: filter.to_owned(),
        json: settings.server.json_logs,
        colour: manner.is_coloured(environment),
        traces: settings.server.otlp_endpoint.clone(),
    })
}

/// The server that is asked, where one is named, and what else the user wants.
fn settings(cli: &Cli, environment: &Environment) -> Result<(Option<Server>, Resolved)> {
    let server = Server::of(cli, environment)?;
    if server.is_none() {
        return Ok((None, resolve(&cli.flags(), environment)?));
    }
    let mut resolved = resolve(&cli.flags_of_caller(), environment)?;
    // They are about settings that do not count there.
    resolved.notices.clear();
    Ok((server, resolved))
}

/// Log lines, for those who ask for them.
fn observe(cli: &Cli, environment: &Environment, manner: Manner) {
    let filter = match (environment.get("RUST_LOG"), cli.global.verbose) {
        (Some(filter), _) => filter,
        (None, 0 | 1) => return,
        (None, 2) => "ombud=debug",
        (None, _) => "debug",
    };
    ombud::observe::log_to_stderr(filter, manner.is_coloured(environment));
}

fn in_runtime(command: impl Future<Output = Result<u8>>) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("no runtime: {error}")))?;
    let exit_code = runtime.block_on(command);
    // What still blocks, such as a thread that waits for the keyboard, must not keep the program from ending.
    runtime.shutdown_background();
    exit_code
}
