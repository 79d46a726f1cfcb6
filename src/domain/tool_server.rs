//! Servers that offer tools to agents by the Model Context Protocol: a program of this machine, or an address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Timestamp, ToolServerId};

/// Where a tool server is. It holds no secret: values of variables and headers are kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToolServerSource {
    /// A program that is started, and spoken to over its standard input and output.
    Program {
        /// The program: a name that is looked for in `PATH`, or a path.
        command: String,
        /// Its arguments.
        #[serde(default)]
        arguments: Vec<String>,
        /// The names of its own variables of the environment; their values are secrets.
        #[serde(default)]
        variables: Vec<String>,
    },
    /// An address, spoken to over streamable HTTP.
    Address {
        /// The address.
        url: String,
        /// The names of the headers of every request; their values are secrets.
        #[serde(default)]
        headers: Vec<String>,
    },
}

impl ToolServerSource {
    /// What is wrong with it; `None` when nothing is.
    pub fn fault(&self) -> Option<String> {
        let (names, what, is_name): (_, _, fn(&str) -> bool) = match self {
            Self::Program { command, arguments, variables } => {
                let texts = std::iter::once(command).chain(arguments);
                if command.trim().is_empty() || texts.clone().any(|text| text.contains('\0')) {
                    return Some("has a command that is empty or holds a NUL".to_owned());
                }
                if arguments.len() > 256 || texts.map(String::len).sum::<usize>() > 64 << 10 {
                    return Some("has more than 256 arguments, or more than 64 KiB of them".to_owned());
                }
                (variables, "variable", |name| !name.contains(['=', '\0']))
            }
            Self::Address { url, headers } => {
                if !url.starts_with("http://") && !url.starts_with("https://") {
                    return Some("has an address that does not begin with http:// or https://".to_owned());
                }
                if url.len() > 4 << 10 || !url.chars().all(|c| c.is_ascii_graphic()) {
                    return Some(
                        "has an address of more than 4 KiB, or with a character that cannot stand in one".to_owned(),
                    );
                }
                (headers, "header", |name| {
                    name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
                })
            }
        };
        if names.len() > 64 {
            return Some(format!("has more than 64 {what}s"));
        }
        let wrong = names.iter().find(|name| name.is_empty() || name.len() > 256 || !is_name(name))?;
        Some(format!("has `{wrong}`, which cannot name a {what}"))
    }
}

/// Where a tool server stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolServerState {
    /// It does not run.
    #[default]
    Stopped,
    /// It was started, and has not answered yet.
    Starting,
    /// It offers its tools.
    Running,
    /// It could not be started, or has ended by itself, and is not tried again for now.
    Failed,
}

/// A tool server, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolServer {
    /// Its id.
    pub id: ToolServerId,
    /// Its name, for people: 1 to 255 characters.
    pub name: String,
    /// What its tools are called by: small letters and digits, in words joined by `-`, at most 64. No two servers share one.
    pub slug: String,
    /// Where it is.
    pub source: ToolServerSource,
    /// Whether every agent is offered its tools that does not name its tool servers; else only those that name it.
    #[serde(default)]
    pub for_all: bool,
    /// Whether it is to run in a server.
    #[serde(default)]
    pub wanted: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its definition was changed last.
    pub updated_at: Timestamp,
    /// Who made it: the name of a principal, or the id of a user.
    pub created_by: String,
}

impl ToolServer {
    /// Whether a text can be the slug of one.
    pub fn is_slug(text: &str) -> bool {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        text.len() <= 64 && text.split('-').all(word)
    }

    /// A slug made of a name; `None` when nothing of it can stand in one.
    pub fn slug_of(name: &str) -> Option<String> {
        let lower = name.to_ascii_lowercase();
        let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let slug: String = words.collect::<Vec<_>>().join("-").chars().take(64).collect();
        Some(slug.trim_end_matches('-').to_owned()).filter(|slug| !slug.is_empty())
    }
}

/// The values of a tool server's variables or headers, by name.
pub type ToolServerSecrets = BTreeMap<String, secrecy::SecretString>;

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Told by the way.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Error,
}

/// One line of what a tool server, or whoever keeps watch over it, said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolServerLine {
    /// When.
    pub at: Timestamp,
    /// How grave it is.
    pub level: LogLevel,
    /// Who said it: `stderr`, `stdout`, or `house`.
    pub component: String,
    /// What, at most 4 KiB.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_words_joined_by_hyphens() {
        assert!(["a", "file-ops", "x2-3"].iter().all(|text| ToolServer::is_slug(text)));
        assert!(["", "-a", "a-", "a--b", "A", "a_b", "ä"].iter().all(|text| !ToolServer::is_slug(text)));
        assert!(!ToolServer::is_slug(&"a".repeat(65)));
    }

    #[test]
    fn a_name_makes_a_slug() {
        assert_eq!(ToolServer::slug_of(" My MCP_server! 2 ").as_deref(), Some("my-mcp-server-2"));
        assert_eq!(ToolServer::slug_of("…"), None);
        assert!(ToolServer::is_slug(&ToolServer::slug_of(&"ab ".repeat(60)).unwrap()));
    }
}
