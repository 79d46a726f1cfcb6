//! The program `ombud`.

mod agents;
mod cli;
mod completions;
mod config;
mod context;
mod output;
mod trust;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use ombud::config::{Environment, resolve};
use ombud::domain::{Error, Result};

use cli::{Cli, Command};
use context::{Context, Exit, Manner};
use output::Output;

fn main() -> ExitCode {
    match execute(&Cli::parse()) {
        Ok(exit) => ExitCode::from(exit.0),
        Err(error) => {
            let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            let _ = writeln!(std::io::stderr(), "ombud: {}{hint}", error.message);
            ExitCode::from(error.code.exit_code())
        }
    }
}

fn execute(cli: &Cli) -> Result<Exit> {
    let out = Output::stdout();
    if let Command::Completions(arguments) = &cli.command {
        return completions::execute(arguments, &out);
    }
    let environment = Environment::of_process();
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let manner = Manner::of(&cli.global, &environment, terminal)?;
    let resolved = resolve(&cli.flags(), &environment)?;
    if !cli.global.quiet {
        for notice in &resolved.notices {
            let _ = writeln!(std::io::stderr(), "ombud: {notice}");
        }
    }
    let context = Context { resolved, out, manner };
    match &cli.command {
        Command::Agents(command) => agents::execute(command, &context),
        Command::Config(command) => config::execute(command, &context),
        Command::Trust(arguments) => trust::execute(arguments, &context),
        _ => Err(Error::new(ombud::domain::ErrorCode::NotSupported, "this command is not here yet")),
    }
}
