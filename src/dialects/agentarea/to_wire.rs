//! What the house knows becomes what is told: agents, and tool servers.

use serde_json::{Map, Value, json};

use super::from_wire::{SECRET, model};
use super::ids;
use super::kept::{KeptAgent, kept};
use super::wire::{AgentAnswer, ServerAnswer};
use crate::config::Settings;
use crate::domain::{Agent, AgentState, ModelChoice, Principal, Timestamp, ToolServerSource, ToolServerState, Usage};
use crate::engine::{AgentItem, ModelItem, ToolServerItem};

/// The kind of agent that does not say which it is.
pub const CHAT: &str = "chat";

/// The models that can be asked, as far as telling agents needs them.
pub struct Offer {
    /// The provider of the model that is asked by default.
    pub default: Option<String>,
    providers: Vec<String>,
}

impl Offer {
    /// Of these models, of which the first is asked by default, and what is configured beside them.
    pub fn new(models: &[ModelItem], settings: &Settings) -> Self {
        let mut providers: Vec<String> = models.iter().map(|item| item.model.provider.clone()).collect();
        let wants_key = |name: &str| matches!(name, "openai" | "anthropic");
        let usable = settings.providers.iter().filter(|(name, own)| own.api_key.is_some() || !wants_key(name));
        providers.extend(usable.map(|(name, _)| name.clone()));
        Self { default: models.first().map(|item| item.model.provider.clone()), providers }
    }

    /// A model's name: without its provider where that is the default one.
    pub fn name(&self, choice: &ModelChoice) -> String {
        if self.default.as_ref() == Some(&choice.provider) { choice.id.clone() } else { choice.to_string() }
    }

    /// Whether a model can be asked, as far as its provider tells.
    fn has(&self, choice: &ModelChoice) -> bool {
        self.providers.contains(&choice.provider)
    }
}

/// Where an agent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentStatus {
    /// It takes work.
    Active,
    /// It takes none.
    Inactive,
    /// It would, but its model's provider cannot be asked here.
    Error,
}

impl AgentStatus {
    /// All, by their words.
    pub const ALL: [(&'static str, Self); 3] =
        [("active", Self::Active), ("inactive", Self::Inactive), ("error", Self::Error)];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Error => "error",
        }
    }

    fn of(item: &AgentItem, offer: &Offer) -> Self {
        match item.agent.state {
            AgentState::Inactive => Self::Inactive,
            AgentState::Active if item.agent.model.as_ref().is_some_and(|model| !offer.has(model)) => Self::Error,
            AgentState::Active => Self::Active,
        }
    }
}

/// An agent, with what lists are ordered by.
pub struct ToldAgent {
    /// When it was made; those of the configuration were before all others.
    pub at: Timestamp,
    /// Where it stands.
    pub status: AgentStatus,
    /// As it is told.
    pub answer: AgentAnswer,
}

/// An agent as this API tells it.
pub fn agent(item: &AgentItem, offer: &Offer, caller: &Principal) -> ToldAgent {
    let at = item.created_at.unwrap_or(Timestamp::from_millis(0));
    let status = AgentStatus::of(item, offer);
    let shown = kept_of(item);
    let config = if caller.may_read_definitions() { config(&item.agent, shown.config, offer) } else { Map::new() };
    let answer = AgentAnswer {
        id: ids::agent(item),
        name: shown.name,
        description: item.agent.description.clone(),
        kind: shown.kind,
        status: status.word(),
        created_at: at.to_string(),
        updated_at: item.updated_at.unwrap_or(at).to_string(),
        created_by: shown.created_by,
        config,
    };
    ToldAgent { at, status, answer }
}

/// What is kept of an agent; of one that another door made, what stands for it.
pub fn kept_of(item: &AgentItem) -> KeptAgent {
    let written_by = || item.written_by.as_ref().map_or_else(|| "configuration".to_owned(), |actor| actor.name.clone());
    kept(&item.agent.attributes).unwrap_or_else(|| KeptAgent {
        name: item.agent.name.clone(),
        kind: CHAT.to_owned(),
        config: Map::new(),
        created_by: written_by(),
    })
}

/// The configuration as it was sent, and in the place of what another door has changed since, what is so now.
fn config(agent: &Agent, mut config: Map<String, Value>, offer: &Offer) -> Map<String, Value> {
    let mut set = |key: &str, now: Option<Value>, is_so: &dyn Fn(&Value) -> bool| match now {
        Some(_) if config.get(key).is_some_and(is_so) => {}
        Some(now) => {
            config.insert(key.to_owned(), now);
        }
        None => {
            config.remove(key);
        }
    };
    let is_model =
        |told: &Value| told.as_str().is_some_and(|told| agent.model == Some(model(told, offer.default.as_deref())));
    set("model", agent.model.as_ref().map(|choice| json!(offer.name(choice))), &is_model);
    let temperature = agent.settings.temperature;
    set("temperature", temperature.map(Value::from), &|told| told.as_f64() == temperature);
    let most = agent.settings.max_tokens;
    set("max_tokens", most.map(Value::from), &|told| told.as_u64() == most);
    let instructions = agent.instructions.source();
    let key = if config.contains_key("instruction") && !config.contains_key("system_prompt") {
        "instruction"
    } else {
        "system_prompt"
    };
    let same = config.get(key).and_then(Value::as_str).unwrap_or_default() == instructions;
    if !same {
        config.insert(key.to_owned(), instructions.into());
    }
    if !config.contains_key("mcp_servers")
        && !config.contains_key("tools_config")
        && let Some(servers) = &agent.tool_servers
    {
        config.insert("mcp_servers".to_owned(), json!(servers));
    }
    config
}

/// A tool server as this API tells it; `base` is the address of this server.
pub fn server(item: &ToolServerItem, base: &str) -> ServerAnswer {
    let server = &item.server;
    let hidden = |names: &[String]| {
        let pairs = names.iter().map(|name| (name.clone(), Value::from(SECRET)));
        Value::Object(pairs.collect())
    };
    let config = match &server.source {
        ToolServerSource::Program { command, arguments, variables } => {
            json!({ "command": command, "args": arguments, "env": hidden(variables) })
        }
        ToolServerSource::Address { url, headers } => json!({ "url": url, "headers": hidden(headers) }),
    };
    ServerAnswer {
        id: format!("{}{}", ids::SERVER, server.id),
        name: server.name.clone(),
        slug: server.slug.clone(),
        status: state(item.state),
        url: format!("{base}/mcp/{}/mcp/", server.slug),
        capabilities: item.capabilities.clone(),
        created_at: server.created_at.to_string(),
        updated_at: server.updated_at.to_string(),
        created_by: maker(&server.created_by),
        config: config.as_object().cloned().unwrap_or_default(),
        error: item.error.clone(),
    }
}

/// Who made a thing, where the house knows the id of an account or the name of another caller.
fn maker(by: &str) -> String {
    if uuid::Uuid::try_parse(by).is_ok() { format!("{}{by}", ids::USER) } else { by.to_owned() }
}

const fn state(state: ToolServerState) -> &'static str {
    match state {
        ToolServerState::Stopped => "stopped",
        ToolServerState::Starting => "starting",
        ToolServerState::Running => "running",
        ToolServerState::Failed => "error",
    }
}

/// Tokens that were used, guessed from texts where the provider does not say.
pub fn tokens_used(usage: &Usage, texts: &[&str]) -> u64 {
    let told = usage.input_tokens.saturating_add(usage.output_tokens);
    if told > 0 {
        return told;
    }
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    u64::try_from(bytes / 4).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> Offer {
        Offer { default: Some("openai".to_owned()), providers: vec!["openai".to_owned()] }
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_configuration_is_told_as_it_was_sent_unless_it_was_changed_since() {
        let sent = object(json!({ "model": "openai/gpt-4", "temperature": 0.7, "instruction": "A", "own": [1] }));
        let mut agent =
            Agent { model: Some(ModelChoice::new("openai", "gpt-4")), instructions: "A".into(), ..Agent::default() };
        agent.settings.temperature = Some(0.7);
        assert_eq!(config(&agent, sent.clone(), &offer()), sent);
        agent.model = Some(ModelChoice::new("anthropic", "b"));
        agent.settings.temperature = None;
        agent.settings.max_tokens = Some(5);
        agent.instructions = "B".into();
        agent.tool_servers = Some(vec!["time".to_owned()]);
        let now = json!({
            "model": "anthropic/b", "instruction": "B", "own": [1], "max_tokens": 5, "mcp_servers": ["time"]
        });
        assert_eq!(config(&agent, sent, &offer()), object(now));
        assert_eq!(config(&Agent::default(), Map::new(), &offer()), Map::new());
    }

    #[test]
    fn tokens_are_guessed_where_nobody_counts() {
        let usage = Usage { input_tokens: 3, output_tokens: 4, ..Usage::default() };
        assert_eq!((tokens_used(&usage, &[]), tokens_used(&Usage::default(), &["12345678"])), (7, 3));
    }
}
