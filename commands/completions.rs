//! `ombud completions`: what shells read to complete the command line. The files in `completions/` are the same texts.

use clap::CommandFactory;
use clap_complete::Shell;
use ombud::domain::{Error, Result};

use super::cli::{Cli, CompletionsArguments};
use super::context::Exit;
use super::output::Output;

/// Prints the script of a shell. It needs no settings.
pub fn execute(arguments: &CompletionsArguments, out: &Output) -> Result<Exit> {
    out.write(&script(arguments.shell)?)?;
    Ok(Exit::OK)
}

/// The script of a shell.
fn script(shell: Shell) -> Result<String> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ombud", &mut bytes);
    String::from_utf8(bytes).map_err(|error| Error::internal(format!("the completion script is no text: {error}")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::ValueEnum;
    use clap_complete::Generator;

    use super::*;

    /// Writes the files anew when `OMBUD_BLESS` is set.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "a test may be told to write its files")]
    fn the_files_are_fresh() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
        let bless = std::env::var_os("OMBUD_BLESS").is_some();
        for shell in Shell::value_variants() {
            let name = shell.file_name("ombud");
            let text = script(*shell).unwrap();
            if bless {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join(&name), &text).unwrap();
            }
            let kept = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
            let fresh = kept == text;
            assert!(fresh, "completions/{name} is stale: OMBUD_BLESS=1 cargo test --bin ombud completions writes it anew");
        }
    }
}
