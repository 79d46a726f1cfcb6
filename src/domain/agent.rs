//! Who works: agents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Attributes, CallerTool, Declaration, FromState, Labels, ModelChoice, ModelSettings, NamedProcedure, PermissionRule,
    Procedure, Step, Template,
};

/// Whether an agent takes work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// It takes work.
    #[default]
    Active,
    /// It takes none.
    Inactive,
}

/// When an agent answers what is said in a session in which it takes part. Who asks it alone is always answered, and so is
/// one person with whom it is alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    /// Always.
    #[default]
    Always,
    /// When it is named.
    WhenNamed,
    /// When it is named, or when its model, asked in a short call, says that it should.
    Judged,
}

impl Answers {
    /// Whether it is the ordinary rule.
    pub const fn is_always(&self) -> bool {
        matches!(self, Self::Always)
    }
}

/// What a server of models speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointWire {
    /// OpenAI's chat completions, which many servers speak.
    Openai,
    /// Anthropic's messages.
    Anthropic,
}

/// How an agent reaches a provider of models by itself. Where it says nothing, the provider of the settings counts; but
/// their key and headers go to no address of the agent's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentEndpoint {
    /// What its server speaks; absent = as the provider of the settings, or OpenAI's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<EndpointWire>,
    /// Where it is, such as `http://127.0.0.1:8080/v1`; absent = where the provider of the settings is. Only who administers
    /// the house can set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The agent's secret that is the key; absent = none for an address of its own, else the key of the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl AgentEndpoint {
    /// Longest address, in bytes.
    const ADDRESS: usize = 2_048;

    /// Whether its address can be asked: in full, and without a name, a password, a question or a mark in it.
    fn is_address(url: &str) -> bool {
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        rest.is_some_and(|rest| {
            let host = rest.split('/').next().unwrap_or_default();
            !host.is_empty()
                && !host.contains('@')
                && url.len() <= Self::ADDRESS
                && !url.contains(['?', '#', '\\'])
                && url.bytes().all(|byte| byte.is_ascii_graphic())
        })
    }
}

/// The SHA-256 of an agent's definition as canonical JSON: a run pins it, and keeps it although the agent is edited.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub String);

/// An agent's definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agent {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// One line for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What the model is told about itself and its task.
    pub instructions: Template,
    /// Its model; absent = what the settings choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelChoice>,
    /// The models that are asked instead, in this order, when its model cannot answer; none = as the settings say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<ModelChoice>,
    /// How its model is asked.
    pub settings: ModelSettings,
    /// The tools that it may use, by name; absent = all tools of the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// The tool servers whose tools it is offered, by slug or id; absent = those that are for all agents. What is not
    /// there, or does not run, is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_servers: Option<Vec<String>>,
    /// What it does when it is asked; none = it asks its model.
    #[serde(skip_serializing_if = "Procedure::is_ordinary")]
    pub procedure: Procedure,
    /// What it can be asked for by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub procedures: BTreeMap<String, NamedProcedure>,
    /// Tools of its own that whoever asks carries out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caller_tools: Vec<CallerTool>,
    /// What a session with it is given when it is made, and keeps.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Declaration>,
    /// What a session with it remembers beside what is said, with the values that it begins with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Declaration>,
    /// What of how its model is asked the session's state says.
    #[serde(skip_serializing_if = "FromState::is_silent")]
    pub from_state: FromState,
    /// Most calls of its model in one step of a procedure; at the limit the step ends. Absent = as the run's budget says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<u32>,
    /// Permissions of its own: they are read before those of the settings, and can only narrow them unless the user
    /// wrote the definition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<PermissionRule>,
    /// When it answers what is said in a session in which it takes part.
    #[serde(skip_serializing_if = "Answers::is_always")]
    pub answers: Answers,
    /// Other names by which it is called, beside its own: at most 16.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub called: Vec<String>,
    /// The model that says whether it answers, where that is [`Answers::Judged`]; absent = its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<ModelChoice>,
    /// The word with which it says nothing: an answer that is only this word is shown to nobody, and its run ends in
    /// silence. Case does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence: Option<String>,
    /// Its own ways to providers of models, by their names: they count before those of the settings.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<String, AgentEndpoint>,
    /// The names of its secrets. Their values are kept apart, and shown to nobody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Whether it takes work.
    pub state: AgentState,
    /// Words on it.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What a door keeps about it.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// Whether words stand in a text, and are not a part of longer ones.
fn holds_words(text: &str, words: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !words.is_empty()
        && text.match_indices(words).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let mut after = text[at + words.len()..].chars();
            let ends = match after.next() {
                // A dash may be the end of what is said about it: `alpha - what do you think?`
                Some('-') => !after.next().is_some_and(goes_on),
                next => !next.is_some_and(goes_on),
            };
            ends && !before.is_some_and(goes_on)
        })
}

impl Agent {
    /// Name of the agent that every configuration provides.
    pub const DEFAULT: &'static str = "default";

    /// Most models that are asked instead of one that cannot answer.
    pub const FALLBACK: usize = 16;

    /// Most other names of one.
    const CALLED: usize = 16;
    /// Most bytes of such a name, and of the word of silence.
    const CALLED_BYTES: usize = 128;
    /// Most ways to providers of its own.
    const ENDPOINTS: usize = 8;
    /// Most secrets of one.
    const SECRETS: usize = 128;
    /// Most bytes of the name of a secret.
    const SECRET_BYTES: usize = 256;

    /// Whether a text names it: by `@name`, or by one of its names as words of their own. Case does not count.
    pub fn is_named_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        std::iter::once(&self.name).chain(&self.called).any(|name| holds_words(&text, &name.trim().to_lowercase()))
    }

    /// Whether a text can name an agent.
    pub fn is_name(text: &str) -> bool {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    }

    /// How its models are asked, in every place where it says so.
    pub fn settings_mut(&mut self) -> impl Iterator<Item = &mut ModelSettings> {
        let named = self.procedures.values_mut().map(|procedure| &mut procedure.steps);
        let steps = std::iter::once(&mut self.procedure).chain(named).flat_map(Procedure::steps_mut);
        let of_steps = steps.filter_map(|step| match step {
            Step::OpenThread(step) => Some(&mut step.setup.settings),
            Step::Ask(_) | Step::Say(_) | Step::Call(_) | Step::Set(_) | Step::Serialize(_) => None,
        });
        std::iter::once(&mut self.settings).chain(of_steps)
    }

    /// What is wrong with its values, as the key's place and what it must be; `None` when nothing is. The name is not
    /// looked at.
    pub fn fault(&self) -> Option<(String, String)> {
        let within = |value: Option<f64>, most: f64| value.is_none_or(|value| (0.0..=most).contains(&value));
        let settings = &self.settings;
        if !within(settings.temperature, 2.0) {
            return Some(("settings.temperature".to_owned(), "must be a number from 0 to 2".to_owned()));
        }
        if !within(settings.top_p, 1.0) {
            return Some(("settings.top_p".to_owned(), "must be a number from 0 to 1".to_owned()));
        }
        if settings.max_tokens == Some(0) {
            return Some(("settings.max_tokens".to_owned(), "must be at least 1".to_owned()));
        }
        let fits = |text: &String| !text.trim().is_empty() && text.len() <= Self::CALLED_BYTES;
        if self.called.len() > Self::CALLED || !self.called.iter().all(fits) {
            let wrong = format!("must be at most {} names of at most {} bytes", Self::CALLED, Self::CALLED_BYTES);
            return Some(("called".to_owned(), wrong));
        }
        if self.fallback.len() > Self::FALLBACK {
            return Some(("fallback".to_owned(), format!("must be at most {} models", Self::FALLBACK)));
        }
        if self.silence.as_ref().is_some_and(|word| !fits(word)) {
            return Some(("silence".to_owned(), format!("must be a word of at most {} bytes", Self::CALLED_BYTES)));
        }
        if let Some(wrong) = self.fault_of_endpoints() {
            return Some(wrong);
        }
        self.permissions.iter().enumerate().find_map(|(index, rule)| {
            let pattern = rule.pattern.as_ref();
            let text = pattern.map_or_else(|| rule.tool.clone(), |pattern| format!("{}({pattern})", rule.tool));
            let error = PermissionRule::parse(&text, rule.permission).err()?;
            Some((format!("permissions[{index}]"), format!("is wrong: {}", error.message)))
        })
    }

    fn fault_of_endpoints(&self) -> Option<(String, String)> {
        let named = |name: &&String| (1..=Self::SECRET_BYTES).contains(&name.len()) && !name.chars().any(char::is_control);
        let mut names: Vec<&String> = self.secrets.iter().filter(named).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() != self.secrets.len() || names.len() > Self::SECRETS {
            let wrong = format!("must be at most {} names of at most {} bytes", Self::SECRETS, Self::SECRET_BYTES);
            return Some(("secrets".to_owned(), wrong));
        }
        if self.endpoints.len() > Self::ENDPOINTS {
            return Some(("endpoints".to_owned(), format!("must be at most {}", Self::ENDPOINTS)));
        }
        self.endpoints.iter().find_map(|(provider, endpoint)| {
            let wrong = |place: &str, wrong: &str| Some((format!("endpoints.{provider}{place}"), wrong.to_owned()));
            if !Self::is_name(provider) {
                return wrong("", "must be the name of a provider: letters, digits, `_` and `-`");
            }
            if endpoint.base_url.as_ref().is_some_and(|url| !AgentEndpoint::is_address(url)) {
                return wrong(".base_url", "must be an http or https address in full, without a name or a password in it");
            }
            if endpoint.key.as_ref().is_some_and(|key| !self.secrets.contains(key)) {
                return wrong(".key", "must be the name of a secret of the agent");
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_and_a_secret_that_the_agent_has() {
        let agent = |url: &str, key: Option<&str>, secrets: &[&str]| {
            let endpoint =
                AgentEndpoint { base_url: Some(url.to_owned()), key: key.map(str::to_owned), ..AgentEndpoint::default() };
            let secrets = secrets.iter().map(|name| (*name).to_owned()).collect();
            Agent { endpoints: BTreeMap::from([("openai".to_owned(), endpoint)]), secrets, ..Agent::default() }
        };
        assert_eq!(agent("http://127.0.0.1:1/v1", Some("KEY"), &["KEY"]).fault(), None);
        for url in ["", "x", "ftp://h", "http://", "http:///v1", "http://u:p@h/v1", "http://h/v1?k=1", "http://h/ v1"] {
            assert_eq!(agent(url, None, &[]).fault().unwrap().0, "endpoints.openai.base_url", "{url}");
        }
        assert_eq!(agent("http://h", Some("KEY"), &["OTHER"]).fault().unwrap().0, "endpoints.openai.key");
        for secrets in [&["A", "A"][..], &[""], &["a\n"]] {
            assert_eq!(agent("http://h", None, secrets).fault().unwrap().0, "secrets");
        }
    }

    #[test]
    fn an_agent_is_named_by_whole_words() {
        let agent = Agent { name: "alpha".into(), called: vec!["Doctor Who".into()], ..Agent::default() };
        for text in ["alpha", "@alpha hi", "what, Alpha?", "(ALPHA)", "ask doctor who!", "alpha - hi", "alpha: hi"] {
            assert!(agent.is_named_in(text), "{text}");
        }
        for text in ["", "alphabet", "betaalpha", "alpha-two", "alpha_two", "doctor whom", "a lpha"] {
            assert!(!agent.is_named_in(text), "{text}");
        }
        assert!(!Agent::default().is_named_in("anything"));
    }
}
