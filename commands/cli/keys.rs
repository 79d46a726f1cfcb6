//! Options of the commands about keys.

use clap::{Args, Subcommand, ValueEnum};
use ombud::domain::KeyPermission;

use super::values;

pub const EXAMPLES: &str = "\
Examples:
  ombud keys add shop --permission sessions,mint --expires 90d > shop.key
  ombud keys list
  ombud keys remove shop";

const ADD_EXAMPLES: &str = "\
Examples:
  ombud keys add shop > shop.key
  ombud keys add pipeline --permission agents --expires 12h
  ombud keys add console --doors tarko,ombud
  ombud keys add operator --admin --doors all --server https://agents.example";

const LIST_EXAMPLES: &str = "\
Examples:
  ombud keys list
  ombud keys list --format json | jq -r '.keys[] | select(.expired) | .name'";

const REMOVE_EXAMPLES: &str = "\
Examples:
  ombud keys remove shop
  ombud keys remove shop --server https://agents.example";

/// Commands about keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeysCommand {
    Add(KeysAdd),
    /// List the keys that there are, without their words
    #[command(after_long_help = LIST_EXAMPLES)]
    List,
    /// Take a key away, with all tokens that it minted
    ///
    /// Neither opens anything after that: at once on the server that is asked, within two seconds on others that use the same
    /// store.
    #[command(after_long_help = REMOVE_EXAMPLES)]
    Remove {
        /// The key, by its name or its id
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Make a key for programs, and print it
///
/// The key is printed this once, alone on standard output; what is kept of it is its hash. Programs send it as
/// `Authorization: Bearer KEY` or `X-API-KEY: KEY`. Once there is a key, the Octavus API lets in nobody without one.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = ADD_EXAMPLES)]
pub struct KeysAdd {
    /// Its name: letters, digits, `.`, `_` and `-`
    #[arg(value_name = "NAME")]
    pub name: String,

    /// What it lets its holder do; default: sessions
    #[arg(long = "permission", value_name = "PERMISSION", value_delimiter = ',')]
    pub permissions: Vec<Permission>,

    /// How long it counts, such as 12h, 90d or 52w; default: until it is removed
    #[arg(long, value_name = "TIME", value_parser = values::life)]
    pub expires: Option<u64>,

    /// Let its holder administer the server: run commands, choose folders, make keys
    #[arg(long, conflicts_with = "permissions")]
    pub admin: bool,

    /// The APIs that it opens, by name, or `all`; default: octavus
    ///
    /// Names as in `ombud serve --dialects`; `ombud` is the API of `--server`.
    #[arg(long, value_name = "API", value_delimiter = ',', value_parser = values::door)]
    pub doors: Vec<String>,
}

/// What a key lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Permission {
    /// Make, use and read sessions, with their files; read agents
    Sessions,
    /// Make, change, validate, archive and read agents
    Agents,
    /// Mint tokens for browsers, and revoke them
    Mint,
}

impl From<Permission> for KeyPermission {
    fn from(permission: Permission) -> Self {
        match permission {
            Permission::Sessions => Self::Sessions,
            Permission::Agents => Self::Agents,
            Permission::Mint => Self::Mint,
        }
    }
}
