//! What the house has to work with: who offers models and whether they can be reached, and its tools.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::access::{Does, On};
use super::house::House;
use crate::config::Wire;
use crate::domain::{Access, Error, ErrorCode, ModelChoice, Permission, Principal, Result};
use crate::models::{Card, Offer};
use crate::tools::{self, ToolContext};
use crate::workspace::Workspace;

/// The tool that runs commands.
const COMMANDS: &str = "run_command";
/// Providers that are asked at once.
const AT_ONCE: usize = 8;

/// What tokens of a model cost, in US dollars a million.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceItem {
    /// Sent.
    pub input: f64,
    /// Sent and read from the provider's cache.
    pub cached: f64,
    /// Received.
    pub output: f64,
}

/// A model that is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownModel {
    /// The model.
    pub model: ModelChoice,
    /// What it can be shown together with its answer, in tokens.
    pub context_tokens: u64,
    /// Its longest answer, in tokens.
    pub answer_tokens: Option<u64>,
    /// What it costs; absent = not known.
    pub price: Option<PriceItem>,
    /// Whether it can be shown images.
    pub images: bool,
    /// Whether it can call tools.
    pub tools: bool,
}

impl From<Card> for KnownModel {
    fn from(card: Card) -> Self {
        let price = card.price.map(|price| PriceItem { input: price.input, cached: price.cached, output: price.output });
        let Card { choice: model, context_tokens, answer_tokens, images, tools, .. } = card;
        Self { model, context_tokens, answer_tokens, price, images, tools }
    }
}

/// Who offers models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProviderItem {
    /// Its name.
    pub name: String,
    /// How it is spoken to.
    pub wire: Wire,
    /// Host and port; absent for the rules inside the program.
    pub host: Option<String>,
    /// Whether requests to it carry a key.
    pub has_key: bool,
    /// Whether it can be asked as it is configured.
    pub usable: bool,
    /// What is known of its models.
    pub models: Vec<KnownModel>,
    /// The ids of the models that it says it has, where it was asked and has answered.
    pub offered: Option<Vec<String>>,
    /// Why it could not be reached, where it was asked.
    pub error: Option<Error>,
}

/// A tool of the house.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolItem {
    /// Its name.
    pub name: String,
    /// What it touches.
    pub access: Access,
    /// Whether it is called without a question, by the rules of the settings' agent.
    pub permission: Permission,
}

/// What the house has to work with.
#[async_trait]
pub trait Equipment: Send + Sync {
    /// Who offers models, by name. With `reach` each that is usable is asked for its models, with the house's key.
    ///
    /// # Errors
    /// `forbidden` with `reach` for who does not administer the house.
    async fn providers(&self, caller: &Principal, reach: bool) -> Result<Vec<ProviderItem>>;

    /// The tools that agents may be given, by name; without those of tool servers.
    async fn tools(&self, caller: &Principal) -> Result<Vec<ToolItem>>;

    /// Runs a command that does nothing in the settings' workspace, as agents run commands. Answers why commands are not
    /// confined to it, where they are not.
    ///
    /// # Errors
    /// `forbidden` for who does not administer the house; why commands cannot be run here.
    async fn try_command(&self, caller: &Principal) -> Result<Option<String>>;
}

#[async_trait]
impl Equipment for House {
    async fn providers(&self, caller: &Principal, reach: bool) -> Result<Vec<ProviderItem>> {
        match reach {
            true => self.check(caller, Does::Changes, On::House).await?,
            false => self.check(caller, Does::Reads, On::Offer).await?,
        }
        let items = self.core.models.offers().into_iter().map(|offer| {
            let core = Arc::clone(&self.core);
            async move {
                let Offer { name, wire, host, has_key, usable, cards } = offer;
                let told = match reach && usable {
                    true => Some(core.models.offered(&name, &*core.clock).await),
                    false => None,
                };
                let (offered, error) = match told {
                    Some(Ok(offered)) => (Some(offered), None),
                    Some(Err(error)) => (None, Some(error)),
                    None => (None, None),
                };
                let models = cards.into_iter().map(KnownModel::from).collect();
                ProviderItem { name, wire, host, has_key, usable, models, offered, error }
            }
        });
        Ok(futures_util::stream::iter(items).buffered(AT_ONCE).collect().await)
    }

    async fn tools(&self, caller: &Principal) -> Result<Vec<ToolItem>> {
        self.check(caller, Does::Reads, On::Offer).await?;
        let settings = &self.core.settings;
        let rules = match settings.agents.get(&settings.agent) {
            Some(agent) => settings.permissions_for(agent),
            None => settings.permissions.clone(),
        };
        let specs = self.core.tools.specs(None);
        let item = |spec: crate::domain::ToolSpec| ToolItem {
            permission: tools::decide(&rules, &spec, ""),
            access: spec.access,
            name: spec.name,
        };
        Ok(specs.into_iter().map(item).collect())
    }

    async fn try_command(&self, caller: &Principal) -> Result<Option<String>> {
        self.check(caller, Does::Changes, On::House).await?;
        let tool = self.core.tools.get(COMMANDS);
        let tool = tool.ok_or_else(|| Error::new(ErrorCode::NotSupported, "there is no tool that runs commands"))?;
        let workspace = Workspace::open(&self.core.settings.workspace)?;
        let context = ToolContext { workspace: Arc::new(workspace), cancelled: CancellationToken::new() };
        let given = tool.call(&context, serde_json::json!({ "command": "true" })).await;
        let given = given.map_err(|failure| Error::new(failure.code, failure.message))?;
        let said = given.output.as_str().unwrap_or_default().trim().to_owned();
        match said.strip_prefix("[exit code 0").map(|rest| rest.trim_end_matches(']')) {
            Some("") => Ok(None),
            Some(rest) => Ok(Some(rest.trim_start_matches("; not confined: ").to_owned())),
            None => Err(Error::new(ErrorCode::Unavailable, format!("the command `true` did not do nothing: {said}"))),
        }
    }
}
