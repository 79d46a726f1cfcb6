//! `ombud completions`: what shells read to complete the command line. The files in `completions/` are the same texts. They
//! ask the program itself with each Tab, so that they know the sessions, agents and models of now.

mod live;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_complete::env::{Bash, CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Zsh};
use ombud::config::Environment;
use ombud::domain::{Error, Result};

use super::cli::{Cli, CompletionsArguments};
use super::context::Exit;
use super::output::Output;

/// The variable by which a shell says that it asks.
const ASKS: &str = "OMBUD_COMPLETE";

/// Whether it is a shell that asks.
pub fn is_asked(environment: &Environment) -> bool {
    environment.get(ASKS).is_some_and(|shell| !shell.is_empty() && shell != "0")
}

/// Answers a shell that asks.
///
/// # Errors
/// `internal` when the shell is not known, or does not read.
pub fn answer(words: Vec<std::ffi::OsString>, environment: &Environment) -> Result<()> {
    let after = words.iter().skip_while(|word| *word != "--").skip(2);
    let said: live::Said = after.filter_map(|word| word.to_str().map(str::to_owned)).collect();
    let asked = CompleteEnv::with_factory(|| live::completed(Cli::command(), &said)).var(ASKS);
    let answered = asked.try_complete(words, environment.folder.as_deref());
    answered.map(drop).map_err(|error| Error::internal(error.to_string()))
}

/// Prints the script of a shell. It needs no settings.
pub fn execute(arguments: &CompletionsArguments, out: &Output) -> Result<Exit> {
    out.write(&script(arguments.shell)?)?;
    Ok(Exit::OK)
}

/// What bash wants beside the script: it breaks words at `:`, which ids and models hold, and gives words to the program as
/// they are typed, with their quotes, but takes them without any.
const OF_BASH: &str = r#"
_ombud() {
    local -a joined=()
    local at last=-1
    for (( at = 0; at <= COMP_CWORD; at++ )); do
        if (( last > 0 )) && [[ ${COMP_WORDS[at]} == :* || ${joined[last]} == *: ]]; then
            joined[last]+=${COMP_WORDS[at]}
        else
            joined[++last]=${COMP_WORDS[at]}
        fi
    done
    local typed=${joined[last]//\\/}
    typed=${typed#[\"\']}
    local COMP_CWORD=$last
    local -a COMP_WORDS=("${joined[@]}")
    _clap_complete_ombud "$1" "$typed" "$3"
    # What stands before the last colon is there already.
    local there=${typed%"${typed##*:}"} reply
    [[ -n $there ]] && COMPREPLY=("${COMPREPLY[@]#"$there"}")
    for reply in "${COMPREPLY[@]}"; do
        if [[ $reply == *[[:space:]\"\'\\\$\&\;\<\>\|\(\)\*\?\`]* ]]; then
            # Then bash quotes what it takes.
            compopt -o filenames 2> /dev/null
            break
        fi
    done
}
complete -F _ombud -o nospace -o bashdefault -o nosort ombud 2> /dev/null || complete -F _ombud -o nospace -o bashdefault ombud
"#;

/// The script of a shell.
fn script(shell: Shell) -> Result<String> {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        Shell::Zsh => &Zsh,
        other => {
            return Err(Error::invalid(format!("there is no script for {other}"))
                .hint("there is one for bash, elvish, fish, powershell and zsh"));
        }
    };
    let mut bytes = Vec::new();
    let written = completer.write_registration(ASKS, "ombud", "ombud", "ombud", &mut bytes);
    written.map_err(|error| Error::internal(format!("the completion script cannot be made: {error}")))?;
    if shell == Shell::Bash {
        bytes.extend_from_slice(OF_BASH.as_bytes());
    }
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
