//! Who offers models, and whether they can be reached: asked only when somebody wants to know.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::catalogue::Card;
use super::endpoint::{Endpoint, has_key};
use super::registry::{Models, needs_key};
use crate::config::{Provider, Wire};
use crate::domain::{Cause, Clock, Error};
use crate::outgoing;

/// Until a provider has answered as a whole.
const WAIT: Duration = Duration::from_secs(10);
/// Most bytes of its answer.
const BYTES: usize = 4 << 20;
/// Most models that are told of one provider.
const MODELS: usize = 2_000;

/// Who offers models.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Its name in the settings.
    pub name: String,
    /// How it is spoken to.
    pub wire: Wire,
    /// Host and port; absent for the rules inside this program.
    pub host: Option<String>,
    /// Whether requests carry a key.
    pub has_key: bool,
    /// Whether it can be asked as it is configured.
    pub usable: bool,
    /// What is known of its models.
    pub cards: Vec<Card>,
}

impl Models {
    /// Who offers models, by name.
    pub fn offers(&self) -> Vec<Offer> {
        let cards = self.list();
        let offers = self.providers.iter().map(|(name, provider)| {
            let host = Endpoint::new(name, provider, "", &[]).ok().map(|endpoint| endpoint.host());
            Offer {
                name: name.clone(),
                wire: provider.wire,
                host: host.filter(|_| provider.wire != Wire::Offline),
                has_key: has_key(provider),
                usable: !needs_key(provider),
                cards: cards.iter().filter(|card| card.choice.provider == *name).cloned().collect(),
            }
        });
        let mut offers: Vec<Offer> = offers.collect();
        if !offers.iter().any(|offer| offer.name == super::OFFLINE) {
            let cards = cards.into_iter().filter(|card| card.choice.provider == super::OFFLINE).collect();
            let (name, wire) = (super::OFFLINE.to_owned(), Wire::Offline);
            offers.push(Offer { name, wire, host: None, has_key: false, usable: true, cards });
        }
        offers
    }

    /// Asks a provider which models it has: their ids, in its order. Nothing is asked of the rules inside this program.
    ///
    /// # Errors
    /// `invalid_input` for one that is not configured; `model_failed` with the cause.
    pub async fn offered(&self, name: &str, clock: &dyn Clock) -> Result<Vec<String>, Error> {
        let Some(provider) = self.providers.get(name).filter(|provider| provider.wire != Wire::Offline) else {
            if name == super::OFFLINE {
                return Ok(vec!["rules".to_owned()]);
            }
            return Err(Error::invalid(format!("provider `{name}` is not configured")));
        };
        let endpoint = endpoint(name, provider)?;
        let client = outgoing::limited(&endpoint.url, WAIT).map_err(|error| Error::from(endpoint.no_client(&error)))?;
        let request = client.get(endpoint.url.clone()).headers(endpoint.headers.clone());
        let mut response = request.send().await.map_err(|error| Error::from(endpoint.not_sent(error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| Error::from(endpoint.broken(error)))? {
            if body.len() + piece.len() > BYTES {
                return Err(endpoint.too_large(BYTES).into());
            }
            body.extend_from_slice(&piece);
        }
        if !status.is_success() {
            return Err(endpoint.refused(status, &headers, &body, clock).into());
        }
        let told: Value = serde_json::from_slice(&body).unwrap_or_default();
        let list = told.get("data").or_else(|| told.get("models")).and_then(Value::as_array);
        let Some(list) = list else {
            let message = format!("provider `{name}` at {} answers, but with no list of models", endpoint.host());
            return Err(Error::model(Cause::Garbage, message).hint(format!("check `providers.{name}.base_url`")));
        };
        let id = |model: &Value| {
            let id = ["id", "name", "model"].iter().find_map(|key| model.get(*key)?.as_str())?;
            Some(endpoint.shown(id))
        };
        Ok(list.iter().filter_map(id).take(MODELS).collect())
    }
}

/// Where a provider tells its models.
fn endpoint(name: &str, provider: &Provider) -> Result<Endpoint, Error> {
    let key = provider.api_key.as_ref().map(|key| key.expose_secret().to_owned());
    let (path, own) = match provider.wire {
        Wire::Anthropic => {
            let mut own = vec![("anthropic-version", "2023-06-01".to_owned())];
            own.extend(key.map(|key| ("x-api-key", key)));
            let has_version = provider.base_url.trim_end_matches('/').ends_with("/v1");
            (if has_version { "/models" } else { "/v1/models" }, own)
        }
        _ => ("/models", key.map(|key| ("authorization", format!("Bearer {key}"))).into_iter().collect()),
    };
    let mut endpoint = Endpoint::new(name, provider, path, &own)?;
    let json = HeaderValue::from_static("application/json");
    endpoint.headers.insert(HeaderName::from_static("accept"), json);
    Ok(endpoint)
}
