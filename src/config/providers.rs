//! Providers: from layers to what a client needs, with the keys that were only named so far.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};

use super::env::Environment;
use super::file;
use super::layers::{Layer, Source};
use super::settings::{Provider, Wire};
use super::text;
use crate::domain::Error;

/// Where the providers are that everybody knows: (name, wire, address).
const KNOWN: [(&str, &str, &str); 4] = [
    ("openai", "openai", "https://api.openai.com/v1"),
    ("anthropic", "anthropic", "https://api.anthropic.com"),
    ("ollama", "openai", "http://127.0.0.1:11434/v1"),
    ("offline", "offline", ""),
];

/// What is known of providers when nobody says anything. Ollama is only there when it is asked for: it may not run.
pub fn defaults(layer: &mut Layer) {
    for (name, wire, url) in KNOWN.iter().filter(|(name, ..)| *name != "ollama") {
        layer.set(format!("providers.{name}.wire"), *wire, Source::Default);
        if !url.is_empty() {
            layer.set(format!("providers.{name}.base_url"), *url, Source::Default);
        }
    }
}

/// Names of the providers that a layer speaks of.
pub fn names(layer: &Layer) -> Vec<String> {
    let names: BTreeSet<&str> = layer.below("providers").filter_map(|(rest, _)| rest.split('.').next()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Builds the providers. One that is known to everybody needs no address of its own.
///
/// # Errors
/// `invalid_input` when a provider has no address, its key cannot be read, or a header cannot be sent.
pub fn build(layer: &mut Layer, environment: &Environment) -> Result<BTreeMap<String, Provider>, Error> {
    let chosen = layer.text("model").and_then(|model| model.split('/').next()).map(str::to_owned);
    let mut wanted = names(layer);
    wanted.extend(chosen.filter(|name| KNOWN.iter().any(|(known, ..)| known == name) && !wanted.contains(name)));
    let mut providers = BTreeMap::new();
    for name in wanted {
        fill(layer, &name);
        let provider = one(layer, &name, environment)?;
        providers.insert(name, provider);
    }
    Ok(providers)
}

/// Adds the wire and the address that everybody knows.
fn fill(layer: &mut Layer, name: &str) {
    let known = KNOWN.iter().find(|(known, ..)| *known == name);
    let (wire, url) = known.map_or(("openai", ""), |(_, wire, url)| (*wire, *url));
    for (field, value) in [("wire", wire), ("base_url", url)] {
        let place = format!("providers.{name}.{field}");
        if !value.is_empty() && layer.value(&place).is_none() {
            layer.set(place, value, Source::Default);
        }
    }
}

fn one(layer: &Layer, name: &str, environment: &Environment) -> Result<Provider, Error> {
    let field = |field: &str| layer.text(&format!("providers.{name}.{field}"));
    let wire = match field("wire") {
        Some("anthropic") => Wire::Anthropic,
        Some("responses") => Wire::Responses,
        Some("offline") => Wire::Offline,
        _ => Wire::Openai,
    };
    let base_url = match field("base_url") {
        Some(url) => url.to_owned(),
        None if wire == Wire::Offline => String::new(),
        None => {
            return Err(Error::invalid(format!("provider `{name}` has no address"))
                .hint(format!("set providers.{name}.base_url, such as https://host.example/v1")));
        }
    };
    let mut headers = BTreeMap::new();
    for (header, entry) in layer.below(&format!("providers.{name}.headers")) {
        let value = entry.value.as_str().unwrap_or_default();
        check_header(name, header, value)?;
        headers.insert(header.to_owned(), SecretString::from(value));
    }
    Ok(Provider { wire, base_url, api_key: key(layer, name, environment)?, headers })
}

/// The key of a provider, where it has one. A variable that is named but not set is no key.
fn key(layer: &Layer, name: &str, environment: &Environment) -> Result<Option<SecretString>, Error> {
    let entry = |way: &str| layer.0.get(&format!("providers.{name}.{way}"));
    let (key, from) = if let Some(entry) = entry("api_key") {
        (entry.value.as_str().unwrap_or_default().to_owned(), entry.source.to_string())
    } else if let Some(variable) = entry("api_key_env").and_then(|entry| entry.value.as_str()) {
        let Some(key) = environment.get(variable) else { return Ok(None) };
        (key.to_owned(), format!("environment {}", text::printable(variable)))
    } else if let Some(path) = entry("api_key_file").and_then(|entry| entry.value.as_str()) {
        let key = file::read_named(std::path::Path::new(path)).map_err(|error| {
            let message = format!("the key of provider `{name}` cannot be had: {}", error.message);
            Error { message, ..error }
        })?;
        (key, format!("file {}", text::printable(path)))
    } else {
        return Ok(None);
    };
    let key = key.trim();
    if key.is_empty() || key.len() > 16_384 || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::invalid(format!("the key of provider `{name}` ({from}) is not one line of plain characters"))
            .hint("check that it holds the key and nothing else"));
    }
    Ok(Some(SecretString::from(key)))
}

fn check_header(provider: &str, name: &str, value: &str) -> Result<(), Error> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let good = (1..=256).contains(&name.len()) && name.bytes().all(token);
    if good && value.len() <= 16_384 && value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return Ok(());
    }
    let shown = text::printable(name);
    Err(Error::invalid(format!("header `{shown}` of provider `{provider}` holds a character that cannot be sent"))
        .hint("use plain characters on one line"))
}

/// Whether a variable may not reach commands, because it gives a provider's key: by its name, or by its value.
pub fn holds_a_key(providers: &BTreeMap<String, Provider>, layer: &Layer, variable: &str, value: &str) -> bool {
    let named = |(rest, entry): (&str, &super::layers::Entry)| {
        rest.ends_with(".api_key_env") && entry.value.as_str() == Some(variable)
    };
    let secret = |provider: &Provider| {
        provider.api_key.iter().chain(provider.headers.values()).any(|secret| secret.expose_secret() == value)
    };
    variable.starts_with("OMBUD_")
        || ["_API_KEY", "_API_KEY_FILE"].iter().any(|ending| variable.ends_with(ending))
        || layer.below("providers").any(named)
        || providers.values().any(secret)
}
