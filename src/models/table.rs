//! The table of known models: what the providers publish, as of November 2026.

use super::catalogue::{LongPrice, Price, Reasoning};

/// A model of the table.
pub(super) struct Row {
    pub provider: &'static str,
    pub id: &'static str,
    pub context_tokens: u64,
    pub answer_tokens: u64,
    pub price: Price,
    pub images: bool,
    pub tools: bool,
    pub reasoning: Reasoning,
}

/// Prices in US dollars a million tokens: sent, read from the cache, written into the cache, received.
const fn price(input: f64, cached: f64, cache_write: f64, output: f64) -> Price {
    Price { input, cached, cache_write, output, long: None }
}

const fn openai(id: &'static str, thousands: (u64, u64), mut price: Price, reasoning: Reasoning) -> Row {
    if thousands.0 > 1_047 {
        price.long = Some(LongPrice { above_tokens: 272_000, input_factor: 2.0, output_factor: 1.5 });
    }
    row("openai", id, thousands, price, reasoning)
}

const fn anthropic(id: &'static str, thousands: (u64, u64), price: Price, reasoning: Reasoning) -> Row {
    row("anthropic", id, thousands, price, reasoning)
}

/// A model with the sizes of its context and its longest answer in thousands of tokens.
const fn row(provider: &'static str, id: &'static str, thousands: (u64, u64), price: Price, reasoning: Reasoning) -> Row {
    let (context_tokens, answer_tokens) = (thousands.0 * 1_000, thousands.1 * 1_000);
    Row { provider, id, context_tokens, answer_tokens, price, images: true, tools: true, reasoning }
}

/// OpenAI offers tools for these on its other wire only.
const fn without_tools(mut row: Row) -> Row {
    row.tools = false;
    row
}

const fn with_long_price(mut row: Row, above_tokens: u64, factor: f64) -> Row {
    row.price.long = Some(LongPrice { above_tokens, input_factor: factor, output_factor: factor });
    row
}

const NO: Reasoning = Reasoning::None;
const BUDGET: Reasoning = Reasoning::Budget;
const EFFORT: Reasoning = Reasoning::Effort;
const EFFORT_WITHOUT_TOOLS: Reasoning = Reasoning::EffortWithoutTools;

/// The table, by provider, newest first.
pub(super) const KNOWN: &[Row] = &[
    without_tools(openai("gpt-6.1-sol", (1_050, 128), price(2.0, 0.1, 2.5, 10.0), EFFORT)),
    openai("gpt-6.1-terra", (1_050, 128), price(1.0, 0.05, 1.25, 5.0), EFFORT_WITHOUT_TOOLS),
    without_tools(openai("gpt-6-astra", (1_050, 128), price(10.0, 1.0, 12.5, 50.0), EFFORT)),
    openai("gpt-6-sol", (1_050, 128), price(2.0, 0.2, 2.5, 10.0), EFFORT_WITHOUT_TOOLS),
    openai("gpt-6-luna", (1_050, 128), price(0.1, 0.01, 0.125, 0.5), EFFORT_WITHOUT_TOOLS),
    openai("gpt-5.6-sol", (1_050, 128), price(4.0, 0.4, 4.0, 20.0), EFFORT_WITHOUT_TOOLS),
    openai("gpt-5.6-terra", (1_050, 128), price(2.0, 0.2, 2.0, 12.0), EFFORT_WITHOUT_TOOLS),
    openai("gpt-5.6-luna", (1_050, 128), price(0.2, 0.02, 0.2, 1.2), EFFORT_WITHOUT_TOOLS),
    openai("gpt-5.5", (1_050, 128), price(5.0, 0.5, 5.0, 30.0), EFFORT_WITHOUT_TOOLS),
    openai("gpt-5.4", (1_050, 128), price(2.5, 0.25, 2.5, 15.0), EFFORT_WITHOUT_TOOLS),
    openai("gpt-5.4-mini", (400, 128), price(0.75, 0.075, 0.75, 4.5), EFFORT_WITHOUT_TOOLS),
    openai("gpt-5.4-nano", (400, 128), price(0.2, 0.02, 0.2, 1.25), EFFORT_WITHOUT_TOOLS),
    openai("gpt-5.2", (400, 128), price(1.75, 0.175, 1.75, 14.0), EFFORT_WITHOUT_TOOLS),
    openai("gpt-5.1", (400, 128), price(1.25, 0.125, 1.25, 10.0), EFFORT),
    openai("gpt-5", (400, 128), price(1.25, 0.125, 1.25, 10.0), EFFORT),
    openai("gpt-5-mini", (400, 128), price(0.25, 0.025, 0.25, 2.0), EFFORT),
    openai("gpt-5-nano", (400, 128), price(0.05, 0.005, 0.05, 0.4), EFFORT),
    openai("gpt-4.1", (1_047, 32), price(2.0, 0.5, 2.0, 8.0), NO),
    openai("gpt-4.1-mini", (1_047, 32), price(0.4, 0.1, 0.4, 1.6), NO),
    openai("gpt-4.1-nano", (1_047, 32), price(0.1, 0.025, 0.1, 0.4), NO),
    openai("o3", (200, 100), price(2.0, 0.5, 2.0, 8.0), EFFORT),
    openai("o4-mini", (200, 100), price(1.1, 0.275, 1.1, 4.4), EFFORT),
    openai("gpt-4o", (128, 16), price(2.5, 1.25, 2.5, 10.0), NO),
    openai("gpt-4o-mini", (128, 16), price(0.15, 0.075, 0.15, 0.6), NO),
    anthropic("claude-fable-5-1", (1_000, 128), price(10.0, 0.25, 12.5, 50.0), EFFORT),
    anthropic("claude-fable-5", (1_000, 128), price(10.0, 1.0, 12.5, 50.0), EFFORT),
    anthropic("claude-opus-5-5", (1_000, 128), price(4.0, 0.2, 5.0, 20.0), EFFORT),
    anthropic("claude-opus-5", (1_000, 128), price(5.0, 0.5, 6.25, 25.0), EFFORT),
    anthropic("claude-opus-4-8", (1_000, 128), price(5.0, 0.5, 6.25, 25.0), EFFORT),
    anthropic("claude-opus-4-7", (1_000, 128), price(5.0, 0.5, 6.25, 25.0), EFFORT),
    anthropic("claude-opus-4-6", (200, 128), price(5.0, 0.5, 6.25, 25.0), EFFORT),
    anthropic("claude-opus-4-5", (200, 64), price(5.0, 0.5, 6.25, 25.0), BUDGET),
    anthropic("claude-opus-4-1", (200, 32), price(15.0, 1.5, 18.75, 75.0), BUDGET),
    anthropic("claude-sonnet-5-5", (1_000, 128), price(2.0, 0.1, 2.5, 10.0), EFFORT),
    anthropic("claude-sonnet-5", (1_000, 128), price(2.0, 0.2, 2.5, 10.0), EFFORT),
    anthropic("claude-sonnet-4-6", (200, 64), price(3.0, 0.3, 3.75, 15.0), EFFORT),
    anthropic("claude-sonnet-4-5", (200, 64), price(3.0, 0.3, 3.75, 15.0), BUDGET),
    with_long_price(anthropic("claude-haiku-5-5", (1_000, 128), price(0.1, 0.01, 0.125, 0.5), EFFORT), 100_000, 5.0),
    anthropic("claude-haiku-4-5", (200, 64), price(1.0, 0.1, 1.25, 5.0), BUDGET),
    Row { images: false, ..row("offline", "rules", (1_000, 100), price(0.0, 0.0, 0.0, 0.0), NO) },
];
