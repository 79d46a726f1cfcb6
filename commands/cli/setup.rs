//! Options of the commands about the set-up: models, doctor, version, and the first config.

use clap::Args;

pub const INIT_EXAMPLES: &str = "\
Examples:
  ombud config init
  ombud config init --model openai/gpt-5-mini --yes
  ombud config init --model local/qwen3 --base-url http://127.0.0.1:8080/v1 --yes
  ombud config init --project --allow write_file --allow 'run_command(cargo test*)' --yes";

/// Write a first config file, in a dialog
///
/// On a terminal it asks which models to use, where their key is, and what agents may do without asking, shows the file and
/// writes it after a yes. With --yes nothing is asked: the file says what the options say. The file is checked before it
/// counts; one that is there is kept unless you say --force, and then beside the new one.
#[derive(Clone, Debug, Default, Args)]
#[command(after_long_help = INIT_EXAMPLES)]
pub struct ConfigInit {
    /// Write the config of the workspace, .ombud/config.toml, instead of your own
    #[arg(long)]
    pub project: bool,

    /// The address of the provider of --model, such as http://127.0.0.1:8080/v1
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,

    /// How the provider of --model is spoken to; default: openai
    #[arg(long, value_name = "WIRE", requires = "base_url")]
    pub wire: Option<String>,

    /// The variable of the environment that holds the key of the provider of --model
    #[arg(long, value_name = "VARIABLE")]
    pub api_key_env: Option<String>,

    /// A call of a tool that is made without asking; repeatable
    #[arg(long, value_name = "TOOL[(PATTERN)]")]
    pub allow: Vec<String>,

    /// Put the new file in the place of one that is there, which is kept with `.old` at its end
    #[arg(long)]
    pub force: bool,

    /// Ask nothing
    #[arg(short, long)]
    pub yes: bool,
}

const MODELS_EXAMPLES: &str = "\
Examples:
  ombud models
  ombud models --check
  ombud models openai --format json | jq -r '.providers[].models[].model'";

/// List the models that can be asked, and what they cost
///
/// A model is asked as PROVIDER/ID, also one that is not in the list: the list is what the catalogue knows of the configured
/// providers. With --check each provider is asked which models it has, with its key. Prices are in US dollars for a million
/// tokens; correct them in the config under `models`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = MODELS_EXAMPLES)]
pub struct ModelsArguments {
    /// Only those of this provider
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// Ask each provider which models it has
    #[arg(long)]
    pub check: bool,
}

const DOCTOR_EXAMPLES: &str = "\
Examples:
  ombud doctor
  ombud doctor --offline
  ombud doctor --format json | jq '.checks[] | select(.status != \"ok\")'
  ombud doctor --server http://127.0.0.1:3000";

/// Look whether everything works, and say what to do where it does not
///
/// It reads the config, opens the store, looks at the workspace, reaches the providers of models, runs a command that does
/// nothing, and starts each configured tool server once. Nothing is changed. The exit code is 0 when all is well, also with
/// warnings, else that of the first thing that failed.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = DOCTOR_EXAMPLES)]
pub struct DoctorArguments {
    /// Reach nobody over the network, and start no tool server
    #[arg(long)]
    pub offline: bool,
}

const VERSION_EXAMPLES: &str = "\
Examples:
  ombud version
  ombud version --format json | jq -r .version";

/// Show the version, and what this program can do
#[derive(Clone, Copy, Debug, Args)]
#[command(after_long_help = VERSION_EXAMPLES)]
pub struct VersionArguments {}
