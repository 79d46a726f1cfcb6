//! `ombud models`: what can be asked, whether it can be reached, and what it costs.

use ombud::domain::{Error, ModelChoice, Result};
use ombud::engine::{KnownModel, PriceItem, ProviderItem};
use serde::Serialize;

use crate::cli::{Format, ModelsArguments};
use crate::output::table;
use crate::program::Program;
use crate::render::{harmless, note};

/// What is printed.
#[derive(Serialize)]
struct Listed {
    /// The one that is asked when none is named.
    default: Option<ModelChoice>,
    providers: Vec<ProviderItem>,
}

/// Lists the models.
///
/// # Errors
/// `not_found` for a provider that is not configured; what the engine answers.
pub async fn execute(program: &Program, arguments: &ModelsArguments) -> Result<u8> {
    let house = program.open().await?;
    let caller = program.caller();
    let mut providers = house.equipment().providers(&caller, arguments.check).await?;
    if let Some(wanted) = &arguments.provider {
        let known: Vec<String> = providers.iter().map(|provider| provider.name.clone()).collect();
        providers.retain(|provider| provider.name == *wanted);
        if providers.is_empty() {
            let error = Error::not_found("provider", harmless(wanted));
            return Err(error.hint(format!("configured are {}; add others under `providers`", known.join(", "))));
        }
    }
    let default = house.models(&caller).await?.into_iter().next().map(|item| item.model);
    let out = &program.context.out;
    match program.format() {
        Format::Json => out.write_json(&Listed { default, providers })?,
        Format::Jsonl | Format::Tarko => providers.iter().try_for_each(|provider| out.write_json(provider))?,
        Format::Text => {
            out.write(&harmless_lines(&text(default.as_ref(), &providers)))?;
            for provider in &providers {
                tell(program, provider, arguments.check);
            }
        }
    }
    Ok(0)
}

/// The table for people.
fn text(default: Option<&ModelChoice>, providers: &[ProviderItem]) -> String {
    let head = ["MODEL", "CONTEXT", "INPUT", "OUTPUT", "TAKES", ""].map(str::to_owned).to_vec();
    let mut rows = vec![head];
    for provider in providers.iter().filter(|provider| provider.usable) {
        rows.extend(provider.models.iter().map(|known| row(known, default)));
        let others =
            provider.offered.iter().flatten().filter(|id| provider.models.iter().all(|known| known.model.id != **id));
        let others = others.map(|id| ModelChoice::new(&provider.name, id)).collect::<Vec<_>>();
        // The one that is asked stands there, also when nobody has told of it.
        let asked = default.filter(|model| {
            let known = || provider.models.iter().map(|known| &known.model).chain(&others);
            model.provider == provider.name && known().all(|known| known != *model)
        });
        rows.extend(asked.cloned().into_iter().chain(others).map(|model| {
            let mark = mark(&model, default);
            vec![model.to_string(), "-".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned(), mark]
        }));
    }
    table(&rows)
}

fn row(known: &KnownModel, default: Option<&ModelChoice>) -> Vec<String> {
    let price = |of: fn(&PriceItem) -> f64| known.price.as_ref().map_or_else(|| "-".to_owned(), |price| dollars(of(price)));
    let shown = if known.images { "text, images" } else { "text" };
    vec![
        known.model.to_string(),
        known.context_tokens.to_string(),
        price(|price| price.input),
        price(|price| price.output),
        shown.to_owned(),
        mark(&known.model, default),
    ]
}

fn dollars(price: f64) -> String {
    format!("${price:.2}")
}

fn mark(model: &ModelChoice, default: Option<&ModelChoice>) -> String {
    if default == Some(model) { "default".to_owned() } else { String::new() }
}

/// What is to be said of a provider beside its models.
fn tell(program: &Program, provider: &ProviderItem, checked: bool) {
    if program.global.quiet {
        return;
    }
    let name = harmless(&provider.name);
    if !provider.usable {
        note(&format!("note: provider `{name}` needs a key and has none"));
    } else if let Some(error) = &provider.error {
        note(&format!("note: provider `{name}` cannot be reached: {}", harmless(&error.message)));
    } else if checked && let Some(host) = &provider.host {
        let count = provider.offered.as_ref().map_or(0, Vec::len);
        note(&format!("note: provider `{name}` at {host} answers, with {count} models"));
    }
}

fn harmless_lines(text: &str) -> String {
    text.lines().map(|line| harmless(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use ombud::config::Wire;

    use super::*;

    #[test]
    fn models_stand_in_a_table() {
        let known = |id: &str, price: Option<PriceItem>| KnownModel {
            model: ModelChoice::new("work", id),
            context_tokens: 1_000,
            answer_tokens: None,
            price,
            images: price.is_some(),
            tools: true,
        };
        let price = PriceItem { input: 1.25, cached: 0.125, output: 10.0 };
        let provider = ProviderItem {
            name: "work".into(),
            wire: Wire::Openai,
            host: Some("127.0.0.1:1".into()),
            has_key: true,
            usable: true,
            models: vec![known("a", Some(price)), known("b", None)],
            offered: Some(vec!["b".into(), "c".into()]),
            error: None,
        };
        let without_key = ProviderItem { name: "other".into(), usable: false, ..provider.clone() };
        let default = ModelChoice::new("work", "b");
        assert_eq!(
            text(Some(&default), &[provider, without_key]),
            "MODEL   CONTEXT  INPUT  OUTPUT  TAKES\n\
             work/a  1000     $1.25  $10.00  text, images\n\
             work/b  1000     -      -       text          default\n\
             work/c  -        -      -       -\n"
        );
    }
}
