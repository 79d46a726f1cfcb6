//! Options of the commands about accounts of people.

use clap::{Args, Subcommand, ValueEnum};
use ombud::domain::Role;

pub const EXAMPLES: &str = "\
Examples:
  ombud users add ana --role admin
  ombud users list
  ombud users passwd ana
  ombud users remove ana";

const ADD_EXAMPLES: &str = "\
Examples:
  ombud users add ana --role admin
  ombud users add bob --role developer --email bob@example.org --password-stdin < bob.password
  ombud users add wall --role viewer --password-stdin --server https://agents.example < wall.password";

const LIST_EXAMPLES: &str = "\
Examples:
  ombud users list
  ombud users list --format json | jq -r '.users[] | select(.role == \"admin\") | .name'";

const PASSWD_EXAMPLES: &str = "\
Examples:
  ombud users passwd ana
  ombud users passwd ana --password-stdin < ana.password";

const UPDATE_EXAMPLES: &str = "\
Examples:
  ombud users update bob --role viewer
  ombud users update bob --email \"\"";

const REMOVE_EXAMPLES: &str = "\
Examples:
  ombud users remove bob
  ombud users remove bob --server https://agents.example";

const TOKEN_EXAMPLES: &str = "\
Examples:
  ombud users token ci > ci.token
  ombud users token ci --ttl 2592000 > ci.token";

const ROTATE_EXAMPLES: &str = "\
Examples:
  ombud users rotate-key
  ombud users rotate-key --end-all";

/// Commands about accounts of people.
#[derive(Clone, Debug, Subcommand)]
pub enum UsersCommand {
    Add(UsersAdd),
    /// List the accounts that there are
    #[command(after_long_help = LIST_EXAMPLES)]
    List,
    Update(UsersUpdate),
    /// Set a new password; all tokens of the user end
    #[command(after_long_help = PASSWD_EXAMPLES)]
    Passwd {
        /// The user, by name or id
        #[arg(value_name = "NAME")]
        name: String,

        /// Read the password from standard input, a line or all of it
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove an account; its tokens end
    ///
    /// They open nothing after that: at once on the server that is asked, within two seconds on others that use the same store.
    #[command(after_long_help = REMOVE_EXAMPLES)]
    Remove {
        /// The user, by name or id
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Sign a token for an account and print it, for programs that cannot log in
    ///
    /// It is printed this once, alone on standard output. It ends by itself, with the account, and with its next password.
    #[command(after_long_help = TOKEN_EXAMPLES)]
    Token {
        /// The user, by name or id
        #[arg(value_name = "NAME")]
        name: String,

        /// Seconds that it counts, at most a year; default: 3600
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
        ttl: Option<u64>,
    },
    /// Let a new key sign tokens from now on
    ///
    /// What older keys have signed counts until it ends, unless all of it is to end now.
    #[command(after_long_help = ROTATE_EXAMPLES)]
    RotateKey {
        /// End all tokens of all users now
        #[arg(long)]
        end_all: bool,
    },
}

/// Make an account
///
/// The password is asked for on a terminal, twice, or comes from standard input; what is kept of it is an argon2id hash. There
/// is no account, and no password, that nobody has made.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = ADD_EXAMPLES)]
pub struct UsersAdd {
    /// The name: letters, digits, `.`, `_`, `@` and `-`
    #[arg(value_name = "NAME")]
    pub name: String,

    /// What they may do
    #[arg(long, value_name = "ROLE")]
    pub role: UserRole,

    /// Their address
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,

    /// Read the password from standard input, a line or all of it
    #[arg(long)]
    pub password_stdin: bool,
}

/// Change role or address of an account
///
/// A new role counts for what is asked from then on, also with tokens that were signed before.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = UPDATE_EXAMPLES)]
pub struct UsersUpdate {
    /// The user, by name or id
    #[arg(value_name = "NAME")]
    pub name: String,

    /// What they may do
    #[arg(long, value_name = "ROLE", required_unless_present = "email")]
    pub role: Option<UserRole>,

    /// Their address; empty = none
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
}

/// What somebody with an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UserRole {
    /// Everything
    Admin,
    /// Use everything, and administer nothing
    #[value(alias = "member")]
    Developer,
    /// Read everything, and change nothing
    Viewer,
}

impl From<UserRole> for Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::Admin => Self::Admin,
            UserRole::Developer => Self::Developer,
            UserRole::Viewer => Self::Viewer,
        }
    }
}
