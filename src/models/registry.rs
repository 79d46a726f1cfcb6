//! Which model is asked, and how it is reached.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::answer::Spoken;
use super::anthropic::Anthropic;
use super::catalogue::{Card, Catalogue};
use super::endpoint::has_key;
use super::openai::Openai;
use super::responses::Responses;
use super::retry::{FIRST_WAIT, Retrying};
use super::transport::Transport;
use super::{Model, OFFLINE, Tape};
use crate::config::{Limits, Provider, Settings, Wire};
use crate::domain::{Cause, Clock, Error, ModelChoice};

/// Providers that somebody has of their own, by name: they count before those of the settings.
pub type OwnProviders = BTreeMap<String, Provider>;

/// The models of the settings.
pub struct Models {
    wanted: Option<ModelChoice>,
    pub(super) providers: BTreeMap<String, Provider>,
    limits: Limits,
    catalogue: Catalogue,
    transport: Arc<Transport>,
    offline: Arc<dyn Model>,
    first_wait: Duration,
    tape: Option<Tape>,
}

impl Models {
    /// The models of the settings; `offline` answers where nothing is configured.
    ///
    /// # Errors
    /// `invalid_input` when the settings correct the catalogue in a way that it does not know.
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>, offline: Arc<dyn Model>) -> Result<Self, Error> {
        Ok(Self {
            wanted: settings.model.clone(),
            providers: settings.providers.clone(),
            limits: settings.limits.clone(),
            catalogue: Catalogue::new(&settings.models)?,
            transport: Arc::new(Transport::new(settings.limits.clone(), clock)),
            offline,
            first_wait: FIRST_WAIT,
            tape: None,
        })
    }

    /// Sets how long the first wait before another attempt is, about; each further one is twice as long. For tests.
    #[must_use]
    pub fn with_first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// Records every call of a model, or plays what was recorded.
    #[must_use]
    pub fn with_tape(mut self, tape: Option<Tape>) -> Self {
        self.tape = tape;
        self
    }

    /// The tape that is played instead of all models.
    fn played(&self) -> Option<&Tape> {
        self.tape.as_ref().filter(|tape| tape.is_played())
    }

    /// The model that is asked: the wanted one, else that of the settings, else the default of the first provider with
    /// a key (OpenAI, Anthropic) or of a configured Ollama, else the rules inside this program.
    ///
    /// # Errors
    /// `invalid_input` when its provider is not configured.
    pub fn choose(&self, wanted: Option<&ModelChoice>) -> Result<ModelChoice, Error> {
        if let Some(choice) = wanted.or(self.wanted.as_ref()) {
            if self.played().is_none() {
                self.provider(choice, &OwnProviders::new())?;
            }
            return Ok(choice.clone());
        }
        // Whoever plays a tape may have no key.
        if let Some(first) = self.played().and_then(Tape::first_model) {
            return Ok(first);
        }
        let usable = |name: &str| match self.providers.get(name) {
            // Nobody has configured Ollama without wanting it; it needs no key.
            Some(_) if name == "ollama" => true,
            Some(provider) => provider.api_key.is_some(),
            None => false,
        };
        let name = ["openai", "anthropic", "ollama"].into_iter().find(|name| usable(name)).unwrap_or(OFFLINE);
        Ok(ModelChoice::new(name, Catalogue::default_of(name).unwrap_or_default()))
    }

    /// The model that a provider is asked for when nobody says which; `None` = nobody knows one.
    pub fn default_of(provider: &str) -> Option<ModelChoice> {
        Catalogue::default_of(provider).map(|id| ModelChoice::new(provider, id))
    }

    /// A model, and what is known about it.
    ///
    /// # Errors
    /// As [`Models::get_of`].
    pub fn get(&self, choice: &ModelChoice) -> Result<(Arc<dyn Model>, Card), Error> {
        self.get_of(choice, &OwnProviders::new())
    }

    /// A model of somebody who has providers of their own, and what is known about it.
    ///
    /// # Errors
    /// `invalid_input` when its provider is not configured or cannot be used as it is configured; `model_failed` with
    /// the cause `auth` when it needs a key and has none.
    pub fn get_of(&self, choice: &ModelChoice, own: &OwnProviders) -> Result<(Arc<dyn Model>, Card), Error> {
        if let Some(model) = self.tape.as_ref().and_then(|tape| tape.played(choice)) {
            return Ok((model, self.card(choice)));
        }
        let (model, card) = self.live(choice, own)?;
        let recorded = self.tape.as_ref().map(|tape| tape.recorded(Arc::clone(&model), &card));
        Ok((recorded.unwrap_or(model), card))
    }

    fn live(&self, choice: &ModelChoice, own: &OwnProviders) -> Result<(Arc<dyn Model>, Card), Error> {
        let card = self.card(choice);
        let Some(provider) = self.provider(choice, own)? else { return Ok((Arc::clone(&self.offline), card)) };
        let (name, transport) = (choice.provider.as_str(), Arc::clone(&self.transport));
        if needs_key(provider) {
            let hint = match name {
                "openai" | "anthropic" => format!("set the environment variable {}_API_KEY", name.to_uppercase()),
                _ => format!("set `providers.{name}.api_key_env` to the environment variable that holds it"),
            };
            let message = format!("provider `{name}` needs a key and has none");
            return Err(Error::model(Cause::Auth, message).hint(format!("{hint}, or use `--model offline/rules`")));
        }
        let model: Arc<dyn Model> = match provider.wire {
            Wire::Openai => Arc::new(Spoken::<Openai>::new(transport, name, provider, card.clone())?),
            Wire::Responses => Arc::new(Spoken::<Responses>::new(transport, name, provider, card.clone())?),
            Wire::Anthropic => Arc::new(Spoken::<Anthropic>::new(transport, name, provider, card.clone())?),
            Wire::Offline => return Ok((Arc::clone(&self.offline), card)),
        };
        Ok((Arc::new(Retrying::new(model, &self.limits, self.first_wait)), card))
    }

    /// What makes requests.
    pub(super) fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    /// What is known about a model, also when its provider is not configured.
    pub fn card(&self, choice: &ModelChoice) -> Card {
        if let Some(card) = self.played().and_then(|tape| tape.card(choice)) {
            return card;
        }
        match self.providers.get(&choice.provider).map(|provider| provider.wire) {
            Some(Wire::Responses) => self.catalogue.card_on_responses(choice),
            Some(Wire::Openai | Wire::Anthropic | Wire::Offline) | None => self.catalogue.card(choice),
        }
    }

    /// All known models of the configured providers.
    pub fn list(&self) -> Vec<Card> {
        let mut cards = self.catalogue.known();
        cards.retain(|card| self.provider(&card.choice, &OwnProviders::new()).is_ok());
        cards.iter_mut().for_each(|card| *card = self.card(&card.choice));
        cards
    }

    /// The provider of a model; `None` = the rules inside this program, which need no settings.
    fn provider<'a>(&'a self, choice: &ModelChoice, own: &'a OwnProviders) -> Result<Option<&'a Provider>, Error> {
        let name = choice.provider.as_str();
        match own.get(name).or_else(|| self.providers.get(name)) {
            Some(provider) => Ok(Some(provider)),
            None if name == OFFLINE => Ok(None),
            None => {
                let mut names: Vec<&str> = self.providers.keys().map(String::as_str).collect();
                if !names.contains(&OFFLINE) {
                    names.push(OFFLINE);
                }
                let near = names
                    .iter()
                    .copied()
                    .max_by(|left, right| strsim::jaro_winkler(name, left).total_cmp(&strsim::jaro_winkler(name, right)));
                let near = near.filter(|near| strsim::jaro_winkler(name, near) > 0.8);
                let list = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let hint = match near {
                    Some(near) => format!("did you mean `{near}/{}`? Configured are {list}", choice.id),
                    None => format!("configured are {list}; add others under `providers.{name}`"),
                };
                Err(Error::invalid(format!("model `{choice}`: provider `{name}` is not configured")).hint(hint))
            }
        }
    }
}

/// Whether nothing can come of asking: the large providers' own servers without a key.
pub(super) fn needs_key(provider: &Provider) -> bool {
    let host = reqwest::Url::parse(&provider.base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let official = matches!(host.as_deref(), Some("api.openai.com" | "api.anthropic.com"));
    official && !has_key(provider)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use futures_util::StreamExt as _;
    use serde_json::json;

    use super::*;
    use crate::domain::{Budget, ErrorCode, Timestamp};
    use crate::models::endpoint::tests::provider;
    use crate::models::{ModelRequest, ModelStream};

    struct Silent;
    #[async_trait]
    impl Model for Silent {
        async fn ask(&self, _: ModelRequest) -> ModelStream {
            futures_util::stream::empty().boxed()
        }
    }

    struct Fixed;
    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::default()
        }
        fn new_id(&self) -> uuid::Uuid {
            uuid::Uuid::nil()
        }
    }

    fn settings(keys: &[(&str, &str)]) -> Settings {
        let key = |name: &str| keys.iter().find(|(with, _)| *with == name).map_or("", |(_, key)| *key);
        let mut providers = BTreeMap::from([
            ("openai".to_owned(), provider("https://api.openai.com/v1", key("openai"), &[])),
            ("anthropic".to_owned(), provider("https://api.anthropic.com", key("anthropic"), &[])),
        ]);
        if keys.iter().any(|(name, _)| *name == "ollama") {
            providers.insert("ollama".to_owned(), provider("http://127.0.0.1:11434/v1", "", &[]));
        }
        Settings {
            agent: "default".into(),
            model: None,
            fallback: vec![],
            providers,
            store: "memory:".into(),
            workspace: "/".into(),
            permissions: vec![],
            permissions_given: 0,
            budgets: Budget::default(),
            limits: Limits::default(),
            tools: crate::config::ToolSettings::default(),
            agents: BTreeMap::new(),
            agent_sources: BTreeMap::new(),
            models: BTreeMap::new(),
            project_instructions: true,
            retention: crate::config::Retention::default(),
            plugins: Vec::new(),
            paths: crate::config::Paths::default(),
            server: crate::config::ServerSettings::default(),
            speech: crate::config::SpeechSettings::default(),
        }
    }

    fn models(settings: &Settings) -> Models {
        Models::new(settings, Arc::new(Fixed), Arc::new(Silent)).unwrap()
    }

    fn chosen(keys: &[(&str, &str)]) -> String {
        models(&settings(keys)).choose(None).unwrap().to_string()
    }

    #[test]
    fn the_flag_wins_then_the_settings_then_keys() {
        assert_eq!(chosen(&[]), "offline/rules");
        assert_eq!(chosen(&[("ollama", "")]), "ollama/llama3.2");
        assert_eq!(chosen(&[("ollama", ""), ("anthropic", "k")]), "anthropic/claude-sonnet-5-5");
        assert_eq!(chosen(&[("openai", "k"), ("anthropic", "k")]), "openai/gpt-6-sol");
        let mut settings = settings(&[("openai", "k")]);
        settings.model = Some(ModelChoice::new("anthropic", "claude-haiku-5-5"));
        let models = models(&settings);
        assert_eq!(models.choose(None).unwrap().to_string(), "anthropic/claude-haiku-5-5");
        let wanted = ModelChoice::new("openai", "a/b");
        assert_eq!(models.choose(Some(&wanted)).unwrap(), wanted);
    }

    #[test]
    fn an_unknown_provider_is_refused_with_the_known_ones() {
        let models = models(&settings(&[]));
        let error = models.choose(Some(&ModelChoice::new("opneai", "gpt-5"))).unwrap_err();
        let message = "model `opneai/gpt-5`: provider `opneai` is not configured";
        assert_eq!((error.code, error.message.as_str()), (ErrorCode::InvalidInput, message));
        let hint = "did you mean `openai/gpt-5`? Configured are `anthropic`, `openai`, `offline`";
        assert_eq!(error.hint.as_deref(), Some(hint));
        let error = models.get(&ModelChoice::new("zzz", "x")).err().unwrap();
        let hint = "configured are `anthropic`, `openai`, `offline`; add others under `providers.zzz`";
        assert_eq!(error.hint.as_deref(), Some(hint));
    }

    #[test]
    fn a_missing_key_is_told_before_anything_is_sent() {
        let models = models(&settings(&[]));
        let error = models.get(&ModelChoice::new("openai", "gpt-5")).err().unwrap();
        assert_eq!((error.code.exit_code(), error.cause), (7, Some(Cause::Auth)));
        assert_eq!(error.message, "provider `openai` needs a key and has none");
        let hint = "set the environment variable OPENAI_API_KEY, or use `--model offline/rules`";
        assert_eq!(error.hint.as_deref(), Some(hint));
        for (header, enough) in [("Authorization", true), ("x-api-key", true), ("openai-organization", false)] {
            let mut settings = settings(&[]);
            settings.providers.insert("work".into(), provider("https://api.openai.com/v1", "", &[(header, "some-value")]));
            let got = super::tests::models(&settings).get(&ModelChoice::new("work", "gpt-5"));
            assert_eq!(got.is_ok(), enough, "{header}");
        }
    }

    #[test]
    fn a_model_comes_with_its_card() {
        let mut settings = settings(&[("openai", "k"), ("ollama", "")]);
        settings.models.insert("ollama/qwen3".into(), json!({"context_tokens": 40_000}));
        let models = models(&settings);
        for (provider, id, context_tokens) in
            [("openai", "gpt-5", 400_000), ("ollama", "qwen3", 40_000), ("offline", "rules", 1_000_000)]
        {
            let choice = ModelChoice::new(provider, id);
            let (_, card) = models.get(&choice).unwrap();
            assert_eq!((card.context_tokens, &card.choice), (context_tokens, &choice));
            assert_eq!(card, models.card(&choice));
            assert!(models.list().contains(&card));
        }
    }
}
