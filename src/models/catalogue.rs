//! What is known about models: sizes, prices, abilities, and which one each provider is asked for by default.
//!
//! The table is a convenience, not a gate: a model that is not in it is asked all the same, only its price is not
//! known. Users can correct every field in the settings, under `models."provider/id"`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::table::{KNOWN, Row};
use crate::domain::{Error, ModelChoice, Usage};

/// Context of a model that is not known, in tokens.
const CONTEXT_TOKENS: u64 = 128_000;
/// The same behind Ollama, which cuts long prompts off without saying so.
const OLLAMA_CONTEXT_TOKENS: u64 = 32_000;

/// How a model is told how much to reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reasoning {
    /// It does not reason.
    None,
    /// By a budget of tokens.
    Budget,
    /// By a word such as `low`.
    Effort,
    /// By a word, but with tools it must not reason (on chat completions).
    EffortWithoutTools,
}

/// What tokens cost, in US dollars a million.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Sent.
    pub input: f64,
    /// Sent and read from the provider's cache.
    pub cached: f64,
    /// Sent and written into the provider's cache.
    pub cache_write: f64,
    /// Received.
    pub output: f64,
    /// What long prompts cost more.
    pub long: Option<LongPrice>,
}

/// How much more a call costs when its prompt is long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LongPrice {
    /// A prompt of more tokens than this is long.
    pub above_tokens: u64,
    /// All that is sent costs so many times the price.
    pub input_factor: f64,
    /// All that is received costs so many times the price.
    pub output_factor: f64,
}

/// What is known about a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The provider and its id.
    pub choice: ModelChoice,
    /// What it can be shown together with its answer, in tokens.
    pub context_tokens: u64,
    /// Its longest answer, in tokens.
    pub answer_tokens: Option<u64>,
    /// What it costs.
    pub price: Option<Price>,
    /// Whether it can be shown images.
    pub images: bool,
    /// Whether it can call tools.
    pub tools: bool,
    /// How it is told how much to reason.
    pub reasoning: Reasoning,
}

impl Card {
    /// What a call costs in US dollars, where the price is known.
    pub fn cost(&self, usage: &Usage) -> Option<f64> {
        let price = self.price?;
        let long = price.long.filter(|long| usage.input_tokens > long.above_tokens);
        let (input_factor, output_factor) = long.map_or((1.0, 1.0), |long| (long.input_factor, long.output_factor));
        let fresh = usage.input_tokens.saturating_sub(usage.cached_tokens).saturating_sub(usage.cache_write_tokens);
        let dollars = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        let input = dollars(fresh, price.input)
            + dollars(usage.cached_tokens, price.cached)
            + dollars(usage.cache_write_tokens, price.cache_write);
        Some(input * input_factor + dollars(usage.output_tokens, price.output) * output_factor)
    }
}

/// What the settings may say about a model.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Correction {
    context_tokens: Option<u64>,
    answer_tokens: Option<u64>,
    input_price: Option<f64>,
    cached_price: Option<f64>,
    cache_write_price: Option<f64>,
    output_price: Option<f64>,
    images: Option<bool>,
    tools: Option<bool>,
    reasoning: Option<Reasoning>,
}

/// What is known about models, with the user's corrections.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    corrections: BTreeMap<String, Correction>,
}

impl Catalogue {
    /// The catalogue with corrections by `provider/id`.
    ///
    /// # Errors
    /// `invalid_input` when a name is not of that form, or a field is not known or of the wrong type.
    pub fn new(corrections: &BTreeMap<String, Value>) -> Result<Self, Error> {
        let read = |(name, value): (&String, &Value)| {
            ModelChoice::parse(name)?;
            let correction = Correction::deserialize(value);
            let correction = correction.map_err(|error| Error::invalid(format!("`models.\"{name}\"`: {error}")))?;
            let prices =
                [correction.input_price, correction.cached_price, correction.cache_write_price, correction.output_price];
            if prices.iter().flatten().any(|price| !price.is_finite() || *price < 0.0) {
                return Err(Error::invalid(format!("`models.\"{name}\"`: a price is below zero")));
            }
            Ok((name.clone(), correction))
        };
        Ok(Self { corrections: corrections.iter().map(read).collect::<Result<_, Error>>()? })
    }

    /// The model that a provider is asked for when nobody names one.
    pub fn default_of(provider: &str) -> Option<&'static str> {
        match provider {
            "openai" => Some("gpt-6-sol"),
            "anthropic" => Some("claude-sonnet-5-5"),
            "ollama" => Some("llama3.2"),
            "offline" => Some("rules"),
            _ => None,
        }
    }

    /// What is known about a model.
    pub fn card(&self, choice: &ModelChoice) -> Card {
        let mut card = known(choice);
        if let Some(correction) = self.corrections.get(&choice.to_string()) {
            correct(&mut card, correction);
        }
        card
    }

    /// The same for a model that is asked over OpenAI's responses: what they refuse on the other wire, they do on this.
    pub(super) fn card_on_responses(&self, choice: &ModelChoice) -> Card {
        let mut card = known(choice);
        card.tools = true;
        if card.reasoning == Reasoning::EffortWithoutTools {
            card.reasoning = Reasoning::Effort;
        }
        if let Some(correction) = self.corrections.get(&choice.to_string()) {
            correct(&mut card, correction);
        }
        card
    }

    /// All models of the table and of the corrections, ordered by provider as in the table.
    pub fn known(&self) -> Vec<Card> {
        let mut choices: Vec<ModelChoice> = KNOWN.iter().map(|row| ModelChoice::new(row.provider, row.id)).collect();
        for name in self.corrections.keys() {
            choices.extend(ModelChoice::parse(name).ok().filter(|choice| !choices.contains(choice)));
        }
        choices.iter().map(|choice| self.card(choice)).collect()
    }
}

fn known(choice: &ModelChoice) -> Card {
    let named = |row: &&Row| row.id == undated(&choice.id);
    let own = KNOWN.iter().filter(|row| row.provider == choice.provider).find(named);
    // Behind another name the model is the same, but nobody knows what it costs there.
    let row = own.or_else(|| KNOWN.iter().find(named));
    let unknown = if choice.provider == "ollama" { OLLAMA_CONTEXT_TOKENS } else { CONTEXT_TOKENS };
    Card {
        choice: choice.clone(),
        context_tokens: row.map_or(unknown, |row| row.context_tokens),
        answer_tokens: row.map(|row| row.answer_tokens),
        price: own.map(|row| row.price),
        images: row.is_none_or(|row| row.images),
        tools: row.is_none_or(|row| row.tools),
        reasoning: row.map_or(Reasoning::Effort, |row| row.reasoning),
    }
}

/// The id without the date of its version: `-20251001`, `-2025-08-07` or `-latest` at its end.
fn undated(id: &str) -> &str {
    let ending = |text: &str, digits: usize| {
        let (base, end) = text.rsplit_once('-')?;
        (end.len() == digits && end.bytes().all(|byte| byte.is_ascii_digit())).then_some(base.len())
    };
    let spaced = || {
        let month = ending(id, 2)?;
        let year = ending(&id[..month], 2)?;
        ending(&id[..year], 4)
    };
    let end = id.strip_suffix("-latest").map(str::len).or_else(|| ending(id, 8)).or_else(spaced);
    &id[..end.unwrap_or(id.len())]
}

fn correct(card: &mut Card, correction: &Correction) {
    card.context_tokens = correction.context_tokens.unwrap_or(card.context_tokens);
    card.answer_tokens = correction.answer_tokens.or(card.answer_tokens);
    card.images = correction.images.unwrap_or(card.images);
    card.tools = correction.tools.unwrap_or(card.tools);
    card.reasoning = correction.reasoning.unwrap_or(card.reasoning);
    let (input, output) = (correction.input_price, correction.output_price);
    if input.is_none() && output.is_none() && correction.cached_price.is_none() && correction.cache_write_price.is_none() {
        return;
    }
    let before = card.price;
    let input = input.or(before.map(|price| price.input)).unwrap_or(0.0);
    card.price = Some(Price {
        input,
        cached: correction.cached_price.or(before.map(|price| price.cached)).unwrap_or(input),
        cache_write: correction.cache_write_price.or(before.map(|price| price.cache_write)).unwrap_or(input),
        output: output.or(before.map(|price| price.output)).unwrap_or(0.0),
        // What the user says a token costs, it costs.
        long: None,
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ErrorCode;

    fn catalogue(corrections: &[(&str, Value)]) -> Result<Catalogue, Error> {
        Catalogue::new(&corrections.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn card(provider: &str, id: &str) -> Card {
        Catalogue::default().card(&ModelChoice::new(provider, id))
    }

    #[test]
    fn a_dated_version_has_the_card_of_its_model() {
        for (id, base) in [
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("claude-sonnet-4-5-latest", "claude-sonnet-4-5"),
            ("claude-haiku-4-5", "claude-haiku-4-5"),
            ("gpt-4.1", "gpt-4.1"),
            ("20251001", "20251001"),
            ("", ""),
        ] {
            assert_eq!(undated(id), base);
        }
        assert_eq!(card("anthropic", "claude-haiku-4-5-20251001").context_tokens, 200_000);
    }

    #[test]
    fn an_unknown_model_has_no_price() {
        let unknown = card("work", "something");
        assert_eq!((unknown.context_tokens, unknown.answer_tokens, unknown.price), (128_000, None, None));
        assert_eq!(unknown.cost(&Usage { input_tokens: 1, ..Usage::default() }), None);
        assert_eq!(card("ollama", "qwen3").context_tokens, 32_000);
        // Elsewhere it is the same model, at another price.
        let elsewhere = card("work", "claude-opus-5-5");
        assert_eq!((elsewhere.context_tokens, elsewhere.price), (1_000_000, None));
    }

    #[test]
    fn a_cost_counts_the_cache_and_long_prompts() {
        let usage = |input_tokens, cached_tokens, cache_write_tokens, output_tokens| Usage {
            input_tokens,
            output_tokens,
            cached_tokens,
            cache_write_tokens,
            ..Usage::default()
        };
        let cost = |provider, id, usage: Usage| (card(provider, id).cost(&usage).unwrap() * 1e9).round();
        // 60,000 at 2, 30,000 at 0.1, 10,000 at 2.5, 1,000 at 10.
        assert_eq!(cost("anthropic", "claude-sonnet-5-5", usage(100_000, 30_000, 10_000, 1_000)), 158_000_000.0);
        assert_eq!(cost("anthropic", "claude-haiku-5-5", usage(100_000, 0, 0, 1_000)), 10_500_000.0);
        assert_eq!(cost("anthropic", "claude-haiku-5-5", usage(100_001, 0, 0, 1_000)), 52_500_500.0);
        assert_eq!(cost("offline", "rules", usage(1_000, 0, 0, 1_000)), 0.0);
    }

    #[test]
    fn a_default_is_in_the_table_and_can_use_tools() {
        for provider in ["openai", "anthropic", "offline"] {
            let id = Catalogue::default_of(provider).unwrap();
            let row = KNOWN.iter().find(|row| (row.provider, row.id) == (provider, id)).unwrap();
            assert!(row.tools, "{provider}/{id}");
        }
        assert_eq!(Catalogue::default_of("work"), None);
    }

    #[test]
    fn the_table_is_sound() {
        for (place, row) in KNOWN.iter().enumerate() {
            assert!(!KNOWN[..place].iter().any(|before| before.id == row.id), "{} is there twice", row.id);
            assert!(row.answer_tokens < row.context_tokens, "{}", row.id);
            assert!(row.price.cached <= row.price.input && row.price.input <= row.price.output, "{}", row.id);
            assert!(row.price.input <= row.price.cache_write || row.price.cache_write == 0.0, "{}", row.id);
        }
    }

    #[test]
    fn settings_correct_the_table() {
        let corrected = catalogue(&[
            ("openai/gpt-6-sol", json!({"input_price": 1.0, "context_tokens": 9})),
            ("work/own/model", json!({"output_price": 3.0, "tools": false, "reasoning": "budget"})),
        ])
        .unwrap();
        let sol = corrected.card(&ModelChoice::new("openai", "gpt-6-sol"));
        let price = Price { input: 1.0, cached: 0.2, cache_write: 2.5, output: 10.0, long: None };
        assert_eq!((sol.context_tokens, sol.price), (9, Some(price)));
        let own = corrected.card(&ModelChoice::new("work", "own/model"));
        let price = Price { input: 0.0, cached: 0.0, cache_write: 0.0, output: 3.0, long: None };
        assert_eq!((own.price, own.tools, own.reasoning), (Some(price), false, Reasoning::Budget));
        let known = corrected.known();
        assert_eq!((known.len(), &known[KNOWN.len()]), (KNOWN.len() + 1, &own));
    }

    #[test]
    fn a_wrong_correction_is_named() {
        for (name, value, message) in [
            ("openai/x", json!({"contxt": 1}), "unknown field `contxt`"),
            ("openai/x", json!({"tools": 1}), "invalid type"),
            ("openai/x", json!({"input_price": -1.0}), "below zero"),
            ("gpt", json!({}), "not of the form PROVIDER/ID"),
        ] {
            let error = catalogue(&[(name, value)]).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidInput);
            assert!(error.message.contains(message) && error.message.contains(name), "{}", error.message);
        }
    }
}
