//! A character becomes the definition of an agent: what its model is told, which model that is and how it is reached, and
//! when it answers. And an agent that no character made is shown as one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::character::Character;
use super::kept::{self, KeptAgent};
use super::{prompt, secrets};
use crate::domain::{Agent, AgentEndpoint, Answers, EndpointWire, ModelChoice};
use crate::engine::AgentItem;

/// The word with which a character says nothing.
const SILENCE: &str = "IGNORE";
/// Longest other name by which an agent is called, in bytes.
const CALLED: usize = 128;
/// Longest line about an agent, in characters.
const LINE: usize = 200;
/// What an agent says of itself that says nothing.
const NOTHING_SAID: &str = "An agent of this house.";

/// A provider that characters name by the settings of its plugin.
struct Known {
    name: &'static str,
    prefix: &'static str,
    wire: EndpointWire,
}

const KNOWN: [Known; 2] = [
    Known { name: "openai", prefix: "OPENAI", wire: EndpointWire::Openai },
    Known { name: "anthropic", prefix: "ANTHROPIC", wire: EndpointWire::Anthropic },
];

/// What a character says in its settings, with its secrets opened.
struct Said<'a> {
    character: &'a Character,
    plain: &'a BTreeMap<String, String>,
}

impl Said<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let said = self.plain.get(name).map(String::as_str).or_else(|| self.character.setting(name));
        said.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A number, wherever it may stand, also as a text.
    fn number(&self, names: &[&str]) -> Option<f64> {
        let settings = self.character.get("settings")?;
        let of_model = settings.get("modelConfig");
        names.iter().find_map(|name| {
            let value = settings.get(*name).or_else(|| of_model?.get(*name))?;
            value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
        })
    }
}

/// Writes what a character says into a definition; what it does not say is left. `plain` is what its secrets say, as far
/// as that is known, and `knowledge` are texts that were read from its files.
pub fn define(agent: &mut Agent, character: &Character, plain: &BTreeMap<String, String>, knowledge: &[String]) {
    let said = Said { character, plain };
    agent.instructions = prompt::instructions(character, knowledge).into();
    agent.description = line(character);
    agent.secrets = secrets::names(character.all());
    agent.secrets.extend(plain.keys().cloned());
    agent.secrets.sort_unstable();
    agent.secrets.dedup();
    agent.endpoints = endpoints(&said, agent);
    let (model, judge) = models(&said, agent);
    agent.model = model;
    agent.judge = judge;
    settings(&said, agent);
    agent.tools = Some(tools(character));
    agent.answers = Answers::Judged;
    agent.silence = Some(SILENCE.to_owned());
    let names = [character.name(), character.text("username")].map(str::trim);
    let mut called: Vec<String> =
        names.iter().filter(|name| !name.is_empty() && name.len() <= CALLED).map(|name| (*name).to_owned()).collect();
    called.dedup();
    agent.called = called;
}

fn line(character: &Character) -> String {
    let first = character.texts("bio").into_iter().map(str::trim).find(|text| !text.is_empty()).unwrap_or_default();
    first.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LINE).collect()
}

fn endpoints(said: &Said<'_>, agent: &Agent) -> BTreeMap<String, AgentEndpoint> {
    let mut endpoints = BTreeMap::new();
    for Known { name, prefix, wire } in KNOWN {
        let (address, key) = (format!("{prefix}_BASE_URL"), format!("{prefix}_API_KEY"));
        let base_url = said.text(&address).map(|url| {
            if secrets::is_sealed(&url) {
                // It was sealed with what nobody has any more: it is what it was.
                agent.endpoints.get(name).and_then(|before| before.base_url.clone()).unwrap_or(url)
            } else {
                let url = url.trim_end_matches('/');
                let url = if wire == EndpointWire::Anthropic { url.trim_end_matches("/v1") } else { url };
                url.to_owned()
            }
        });
        let key = Some(key).filter(|key| agent.secrets.contains(key));
        if base_url.is_some() || key.is_some() {
            endpoints.insert(name.to_owned(), AgentEndpoint { wire: Some(wire), base_url, key });
        }
    }
    endpoints
}

/// The model that it asks, and the one that says whether it answers.
fn models(said: &Said<'_>, agent: &Agent) -> (Option<ModelChoice>, Option<ModelChoice>) {
    let named = said.text("model");
    if let Some(Ok(whole)) =
        named.as_ref().filter(|_| said.text("modelProvider").is_none()).map(|text| ModelChoice::parse(text))
        && (KNOWN.iter().any(|known| known.name == whole.provider)
            || matches!(whole.provider.as_str(), "offline" | "ollama"))
    {
        return (Some(whole), None);
    }
    let large = |prefix: &str| said.text(&format!("{prefix}_LARGE_MODEL"));
    let provider = said.text("modelProvider").map(|provider| provider.to_ascii_lowercase()).or_else(|| {
        let plugins = said.character.texts("plugins");
        let of_plugins =
            plugins.iter().find_map(|plugin| KNOWN.iter().find(|known| plugin.ends_with(&format!("plugin-{}", known.name))));
        let says = |known: &&Known| agent.endpoints.contains_key(known.name) || large(known.prefix).is_some();
        of_plugins.filter(|known| says(known)).or_else(|| KNOWN.iter().find(says)).map(|known| known.name.to_owned())
    });
    let Some(provider) = provider else { return (None, None) };
    let prefix = provider.to_ascii_uppercase();
    let large = named.or_else(|| large(&prefix)).or_else(|| said.text("LARGE_MODEL"));
    let small = said.text(&format!("{prefix}_SMALL_MODEL")).or_else(|| said.text("SMALL_MODEL"));
    let of = |id: String| ModelChoice::new(provider.clone(), id);
    let large = large.map(of).or_else(|| crate::models::Models::default_of(&provider));
    let small = small.map(|id| ModelChoice::new(provider.clone(), id)).filter(|small| Some(small) != large.as_ref());
    (large, small)
}

fn settings(said: &Said<'_>, agent: &mut Agent) {
    let whole = |number: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a number of tokens")]
        let whole = (number >= 1.0 && number <= f64::from(u32::MAX)).then_some(number as u64);
        whole
    };
    let settings = &mut agent.settings;
    settings.temperature =
        said.number(&["temperature", "TEXT_LARGE_TEMPERATURE", "MODEL_TEMPERATURE", "DEFAULT_TEMPERATURE"]);
    settings.top_p = said.number(&["topP", "top_p"]);
    settings.max_tokens = said
        .number(&[
            "maxTokens",
            "max_tokens",
            "maxOutputTokens",
            "TEXT_LARGE_MAX_TOKENS",
            "MODEL_MAX_TOKENS",
            "DEFAULT_MAX_TOKENS",
        ])
        .and_then(whole);
}

/// The tools of the house that it names in its settings. A character talks; what it may do besides is said, not assumed.
fn tools(character: &Character) -> Vec<String> {
    let named = character.get("settings").and_then(|settings| settings.get("tools")).and_then(Value::as_array);
    named.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The character of an agent: the one that made it, or one made of what it is.
pub fn character_of(item: &AgentItem) -> Map<String, Value> {
    let kept: KeptAgent = kept::read(&item.agent.attributes);
    if !kept.character.is_empty() {
        return kept.character;
    }
    let about = item.agent.description.trim();
    let made = json!({
        "name": super::agents::shown(item),
        "system": item.agent.instructions.source(),
        "bio": [if about.is_empty() { NOTHING_SAID } else { about }],
        "settings": { "model": item.model.to_string() },
    });
    match made {
        Value::Object(made) => made,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(value: Value) -> Agent {
        let Value::Object(mut given) = value else { panic!("an object") };
        given.insert("name".to_owned(), json!("Ada"));
        given.insert("bio".to_owned(), json!(["Writes\nprograms."]));
        let plain = given.get("secrets").and_then(Value::as_object).cloned().unwrap_or_default();
        let plain = plain.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
        let mut agent = Agent::default();
        define(&mut agent, &Character::read(&Value::Object(given)).unwrap(), &plain, &[]);
        agent
    }

    #[test]
    fn a_character_says_which_model_and_where() {
        let agent = defined(json!({
            "username": "ada_l", "plugins": ["@elizaos/plugin-openai"],
            "settings": {
                "OPENAI_LARGE_MODEL": "large", "OPENAI_SMALL_MODEL": "small", "temperature": "0.5", "maxTokens": 99,
                "tools": ["read_file"]
            },
            "secrets": {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1/", "OTHER": "x"}
        }));
        assert_eq!(agent.model.unwrap().to_string(), "openai/large");
        assert_eq!(agent.judge.unwrap().to_string(), "openai/small");
        let way = AgentEndpoint {
            wire: Some(EndpointWire::Openai),
            base_url: Some("http://127.0.0.1:1/v1".to_owned()),
            key: Some("OPENAI_API_KEY".to_owned()),
        };
        assert_eq!(agent.endpoints, BTreeMap::from([("openai".to_owned(), way)]));
        assert_eq!(agent.secrets, ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OTHER"]);
        assert_eq!((agent.settings.temperature, agent.settings.max_tokens), (Some(0.5), Some(99)));
        assert_eq!((agent.called.join(","), agent.description), ("Ada,ada_l".to_owned(), "Writes programs.".to_owned()));
        assert_eq!((agent.tools.unwrap(), agent.answers), (vec!["read_file".to_owned()], Answers::Judged));
    }

    #[test]
    fn a_model_is_named_in_many_ways() {
        for (value, model, judge) in [
            (json!({}), None, None),
            (json!({"plugins": ["@elizaos/plugin-openai"]}), None, None),
            (json!({"settings": {"model": "anthropic/claude-x"}}), Some("anthropic/claude-x"), None),
            (json!({"settings": {"model": "offline/rules"}}), Some("offline/rules"), None),
            (json!({"settings": {"model": "m", "modelProvider": "OpenAI"}}), Some("openai/m"), None),
            (json!({"settings": {"model": "a/b", "modelProvider": "mine"}}), Some("mine/a/b"), None),
            (
                json!({"settings": {"ANTHROPIC_LARGE_MODEL": "l", "SMALL_MODEL": "s"}}),
                Some("anthropic/l"),
                Some("anthropic/s"),
            ),
            (json!({"settings": {"OPENAI_LARGE_MODEL": "m", "OPENAI_SMALL_MODEL": "m"}}), Some("openai/m"), None),
            (
                json!({"plugins": ["plugin-anthropic", "plugin-openai"],
                    "settings": {"OPENAI_LARGE_MODEL": "o", "ANTHROPIC_LARGE_MODEL": "a"}}),
                Some("anthropic/a"),
                None,
            ),
        ] {
            let agent = defined(value.clone());
            let told = [agent.model, agent.judge].map(|choice| choice.map(|choice| choice.to_string()));
            assert_eq!(told, [model.map(str::to_owned), judge.map(str::to_owned)], "{value}");
        }
    }

    #[test]
    fn an_address_of_anthropic_is_its_root() {
        let agent = defined(json!({"secrets": {"ANTHROPIC_BASE_URL": "https://a.example/v1", "ANTHROPIC_API_KEY": "k"}}));
        assert_eq!(agent.endpoints["anthropic"].base_url.as_deref(), Some("https://a.example"));
        assert_eq!(agent.model.unwrap().provider, "anthropic");
    }
}
