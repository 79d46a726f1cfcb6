//! What is sent becomes what the house knows: the configuration of an agent, and where a tool server is.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::ids;
use super::reading::Reading;
use crate::domain::{Agent, ModelChoice, Permission, PermissionRule, ToolServer, ToolServerSource};
use crate::engine::Word;

/// Characters of a name.
pub const NAME: std::ops::RangeInclusive<usize> = 1..=255;
/// Most tool servers of one agent, and tools of one server that are named.
const LISTED: usize = 64;
/// Most arguments of a program, and variables or headers.
const WORDS: usize = 256;
/// Longest text in a configuration, in characters.
const TEXT: usize = 1_000_000;
/// What stands for a secret that is not told, and keeps it when it comes back.
pub const SECRET: &str = "***";

/// Reads the configuration of an agent into its definition; `default` is the provider of models that are named without
/// one, and `slug_of` finds the slug of a tool server.
pub fn configure(reading: &mut Reading, agent: &mut Agent, default: Option<&str>, slug_of: impl Fn(&str) -> Option<String>) {
    agent.model = reading.text("config.model", 1..=255).map(|named| model(&named, default));
    agent.settings.temperature = reading.number("config.temperature", 0.0..=2.0);
    agent.settings.max_tokens = reading.whole("config.max_tokens", 1..=u64::from(u32::MAX));
    let prompt = reading.text("config.system_prompt", 0..=TEXT);
    let instruction = reading.text("config.instruction", 0..=TEXT);
    agent.instructions = prompt.or(instruction).unwrap_or_default().into();
    let servers = reading.texts("config.mcp_servers", LISTED);
    let (attached, tools, asked) = attachments(reading, &slug_of);
    agent.tool_servers = match (servers, attached) {
        (None, None) => None,
        (servers, attached) => {
            let named = servers.into_iter().flatten().map(|named| server(&named));
            Some(named.chain(attached.into_iter().flatten()).collect())
        }
    };
    agent.tools = tools;
    agent.permissions = asked;
}

/// What the other form of naming tool servers says: the servers, the only tools, and those that are asked about first.
type Attachments = (Option<Vec<String>>, Option<Vec<String>>, Vec<PermissionRule>);

fn attachments(reading: &mut Reading, slug_of: &impl Fn(&str) -> Option<String>) -> Attachments {
    const PLACE: &str = "config.tools_config.mcp_server_configs";
    let Some(_) = reading.object("config.tools_config") else { return Attachments::default() };
    let Some(items) = reading.list(PLACE, LISTED) else { return Attachments::default() };
    let (mut servers, mut tools, mut rules) = (Vec::new(), Vec::new(), Vec::new());
    let mut open = 0;
    for (at, item) in items.iter().enumerate() {
        let Some(id) = item.get("mcp_server_id").and_then(Value::as_str) else {
            reading.fault(&format!("{PLACE}[{at}].mcp_server_id"), "must be a text");
            continue;
        };
        let named = server(id);
        let slug = slug_of(&named).unwrap_or_else(|| named.clone());
        servers.push(named);
        let allowed = match item.get("allowed_tools").filter(|allowed| !allowed.is_null()) {
            None => &Vec::new(),
            Some(Value::Array(allowed)) => allowed,
            Some(_) => {
                reading.fault(&format!("{PLACE}[{at}].allowed_tools"), "must be a list");
                continue;
            }
        };
        if allowed.is_empty() {
            open += 1;
            continue;
        }
        for (number, tool) in allowed.iter().take(LISTED).enumerate() {
            let Some(name) = tool.get("tool_name").and_then(Value::as_str) else {
                reading.fault(&format!("{PLACE}[{at}].allowed_tools[{number}].tool_name"), "must be a text");
                continue;
            };
            let name = tool_name(&slug, name);
            match tool.get("requires_user_confirmation").unwrap_or(&Value::Null) {
                Value::Bool(true) => {
                    rules.push(PermissionRule { tool: name.clone(), pattern: None, permission: Permission::Ask });
                }
                Value::Bool(false) | Value::Null => {}
                _ => reading.fault(
                    &format!("{PLACE}[{at}].allowed_tools[{number}].requires_user_confirmation"),
                    "must be true or false",
                ),
            }
            tools.push(name);
        }
    }
    if open > 0 && !tools.is_empty() {
        reading.fault(PLACE, "either every server names its allowed_tools, or none does");
    }
    (Some(servers), (!tools.is_empty()).then_some(tools), rules)
}

/// The name under which a model is told of a tool of a server.
fn tool_name(slug: &str, tool: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    format!("mcp__{slug}__{}", tool.chars().map(word).collect::<String>())
}

/// A model by its name: `PROVIDER/ID`, or what the default provider knows.
pub fn model(named: &str, default: Option<&str>) -> ModelChoice {
    ModelChoice::parse(named).unwrap_or_else(|_| ModelChoice::new(default.unwrap_or("openai"), named))
}

/// A tool server by its id in this API, or by its slug.
pub fn server(named: &str) -> String {
    let id = ids::own(ids::SERVER, named).filter(|id| uuid::Uuid::try_parse(id).is_ok());
    id.unwrap_or(named).to_owned()
}

/// Reads where a tool server is, with the values of its variables or headers; what is `***` is not among them.
pub fn source(reading: &mut Reading) -> Option<(ToolServerSource, BTreeMap<String, Word>)> {
    if reading.has("config.url") && !reading.has("config.command") {
        let url = reading.required("config.url", 1..=4_096);
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            reading.fault("config.url", "must be an address with http:// or https://");
        }
        let headers = reading.map_of_texts("config.headers", WORDS).unwrap_or_default();
        let (headers, secrets) = lifted(headers);
        return Some((ToolServerSource::Address { url, headers }, secrets));
    }
    let command = reading.required("config.command", 1..=4_096);
    let arguments = reading.texts("config.args", WORDS).unwrap_or_default();
    let variables = reading.map_of_texts("config.env", WORDS).unwrap_or_default();
    let (variables, secrets) = lifted(variables);
    Some((ToolServerSource::Program { command, arguments, variables }, secrets))
}

/// The names of values that are secrets, and those of them that were told.
fn lifted(values: Vec<(String, String)>) -> (Vec<String>, BTreeMap<String, Word>) {
    let names = values.iter().map(|(name, _)| name.clone()).collect();
    let told = values.into_iter().filter(|(_, value)| value != SECRET);
    (names, told.map(|(name, value)| (name, Word::given(SecretString::from(value)))).collect())
}

/// Reads the slug of a tool server.
pub fn slug(reading: &mut Reading) -> Option<String> {
    let slug = reading.text("slug", 1..=64)?;
    if !slug.is_empty() && !ToolServer::is_slug(&slug) {
        reading.fault("slug", "must be small letters and digits, in words joined by `-`");
    }
    Some(slug)
}

/// The name that an agent has in the house. It is the shown one where that can be, so that people find it at every door.
pub fn engine_name(shown: &str) -> String {
    if Agent::is_name(shown) && uuid::Uuid::try_parse(shown).is_err() {
        return shown.to_owned();
    }
    with_suffix(shown, &hexadecimal(&Sha256::digest(shown.as_bytes())))
}

/// The words of a shown name with a suffix that makes it one of its own.
pub fn with_suffix(shown: &str, suffix: &str) -> String {
    let words = shown.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name: String = words.collect::<Vec<_>>().join("-").chars().take(48).collect();
    if name.is_empty() {
        "agent".clone_into(&mut name);
    }
    format!("{}-{}", name.trim_end_matches('-'), suffix.chars().take(8).collect::<String>())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a task says to its agent.
pub fn assignment(title: &str, description: &str, data: &Map<String, Value>) -> String {
    let mut text = title.to_owned();
    if !description.is_empty() {
        text.push_str("\n\n");
        text.push_str(description);
    }
    if !data.is_empty() {
        let data = serde_json::to_string_pretty(data).unwrap_or_default();
        text.push_str("\n\nData:\n");
        text.push_str(&data);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_name_becomes_a_name_of_the_house() {
        assert_eq!(engine_name("my-agent_2"), "my-agent_2");
        let derived = engine_name("Mein Agent: Übersetzer!");
        assert!(derived.starts_with("Mein-Agent-bersetzer-") && Agent::is_name(&derived), "{derived}");
        assert_eq!(derived, engine_name("Mein Agent: Übersetzer!"));
        for shown in ["…", "0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", &"a b ".repeat(63)] {
            let derived = engine_name(shown);
            assert!(Agent::is_name(&derived) && uuid::Uuid::try_parse(&derived).is_err(), "{derived}");
        }
    }

    #[test]
    fn a_model_is_of_the_default_provider_where_it_names_none() {
        let told = |named: &str| model(named, Some("openai")).to_string();
        assert_eq!((told("gpt-4"), told("anthropic/claude")), ("openai/gpt-4".to_owned(), "anthropic/claude".to_owned()));
    }

    #[test]
    fn secrets_are_lifted_out_of_where_a_server_is() {
        let text = br#"{"config":{"command":"python","args":["-m","x"],"env":{"A":"1","B":"***"}}}"#;
        let mut reading = Reading::body(text).unwrap();
        let (found, secrets) = source(&mut reading).unwrap();
        let variables = vec!["A".to_owned(), "B".to_owned()];
        let arguments = vec!["-m".to_owned(), "x".to_owned()];
        assert_eq!(found, ToolServerSource::Program { command: "python".to_owned(), arguments, variables });
        assert_eq!(secrets.iter().map(|(name, word)| (name.as_str(), word.expose())).collect::<Vec<_>>(), [("A", "1")]);
        assert!(reading.check().is_ok());
        let mut reading = Reading::body(br#"{"config":{"url":"ftp://x"}}"#).unwrap();
        source(&mut reading);
        assert!(reading.check().is_err());
    }

    #[test]
    fn a_configuration_is_really_used() {
        let text = br#"{"config":{"model":"gpt-4","temperature":0.5,"max_tokens":9,"instruction":"Be brief.",
            "mcp_servers":["time","server-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10"],
            "tools_config":{"mcp_server_configs":[{"mcp_server_id":"git","allowed_tools":[
                {"tool_name":"git.status","requires_user_confirmation":true}]}]}}}"#;
        let (mut reading, mut agent) = (Reading::body(text).unwrap(), Agent::default());
        configure(&mut reading, &mut agent, Some("openai"), |_| None);
        assert!(reading.check().is_ok());
        let told = serde_json::to_value(&agent).unwrap();
        insta::assert_json_snapshot!(told, @r#"
        {
          "name": "",
          "instructions": "Be brief.",
          "model": "openai/gpt-4",
          "settings": {
            "temperature": 0.5,
            "max_tokens": 9
          },
          "tools": [
            "mcp__git__git_status"
          ],
          "tool_servers": [
            "time",
            "0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10",
            "git"
          ],
          "permissions": [
            {
              "tool": "mcp__git__git_status",
              "permission": "ask"
            }
          ],
          "state": "active"
        }
        "#);
    }

    #[test]
    fn a_task_is_told_whole() {
        let data = serde_json::json!({ "a": 1 });
        let told = assignment("Title", "What to do", data.as_object().unwrap());
        assert_eq!(told, "Title\n\nWhat to do\n\nData:\n{\n  \"a\": 1\n}");
        assert_eq!(assignment("Title", "", &Map::new()), "Title");
    }
}
