//! What a run may use up: whether another call of the model may be begun, and why not.
//!
//! A call is begun when nothing is used up yet, whatever it will use itself: so a run may end above its budget by what its
//! last call used. An answer that is whole counts, also when the call that gave it went over.

use super::drive::Driver;
use super::house::Core;
use super::writing::Writing;
use crate::config::Wire;
use crate::domain::{Budget, Cause, Error, ErrorCode, Fact, ModelChoice, Notice, Result, Usage};
use crate::models::Card;

/// What a run has used of its budget.
pub(crate) struct Spent<'a> {
    /// The budget; its calls and its time are counted elsewhere.
    pub(crate) budget: &'a Budget,
    /// What was used.
    pub(crate) usage: &'a Usage,
    /// Calls of the model so far.
    pub(crate) rounds: u32,
    /// Most calls of the model.
    pub(crate) max_rounds: u32,
}

impl Spent<'_> {
    /// Why no other call of the model is begun.
    pub(crate) fn is_used_up(&self) -> Option<Error> {
        let Self { budget, usage, rounds, max_rounds } = self;
        let calls = if *rounds == 1 { "1 call".to_owned() } else { format!("{rounds} calls") };
        let over = |cause: Cause, message: String, raise: &str| {
            Error::new(ErrorCode::BudgetExhausted, message)
                .because(cause)
                .hint(format!("raise {raise}, or go on in the same session with `-s`"))
        };
        if rounds >= max_rounds {
            let message = format!("the run used up its {max_rounds} calls of the model");
            return Some(over(Cause::Turns, message, "`--max-turns` or `limits.run_turns`"));
        }
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        if let Some(most) = budget.max_tokens.filter(|most| tokens >= *most) {
            let message = format!("the run used {tokens} tokens in {calls} of the model; its budget is {most}");
            return Some(over(Cause::Tokens, message, "`--max-tokens` or `budgets.max_tokens`"));
        }
        let cost = usage.cost_usd.unwrap_or_default();
        if let Some(most) = budget.max_cost_usd.filter(|most| cost >= *most) {
            let message = format!(
                "the run cost {} US dollars in {calls} of the model; its budget is {}",
                dollars(cost),
                dollars(most)
            );
            return Some(over(Cause::Cost, message, "`--max-cost` or `budgets.max_cost_usd`"));
        }
        None
    }
}

/// An amount with six decimals at most.
fn dollars(amount: f64) -> String {
    let text = format!("{amount:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Checks that a budget of money can be kept with this model.
///
/// # Errors
/// `invalid_input` when nobody knows what the model costs.
pub(crate) fn check_priced(core: &Core, choice: &ModelChoice, card: &Card, budget: &Budget) -> Result<()> {
    let is_free = core.settings.providers.get(&choice.provider).is_some_and(|provider| provider.wire == Wire::Offline);
    if budget.max_cost_usd.is_none() || card.price.is_some() || is_free {
        return Ok(());
    }
    let message = format!("nobody knows what model `{choice}` costs, so a budget of money (`--max-cost`) cannot be kept");
    Err(Error::invalid(message).hint(format!(
        "say its `input_price` and `output_price` under `[models.\"{choice}\"]` in the config, or use `--max-tokens`"
    )))
}

impl Driver {
    /// What it may use up: as it was pinned. Runs of earlier versions pinned only what their caller said.
    pub(super) fn budget(&self) -> Budget {
        self.work.pins.budget.over(&self.core.settings.budgets)
    }

    /// What a call used. Where its server does not tell, a budget is kept by a rule of thumb, and that is told.
    pub(super) fn counted(&mut self, usage: Usage, asked_bytes: usize, writing: &Writing) -> Usage {
        let budget = self.budget();
        let is_told = usage.input_tokens > 0 || usage.output_tokens > 0;
        if is_told || (budget.max_tokens.is_none() && budget.max_cost_usd.is_none()) {
            return usage;
        }
        if !self.guesses {
            self.guesses = true;
            let message = format!(
                "`{}` does not tell how many tokens it uses: for the budget, 4 bytes count as one",
                self.asking.choice
            );
            let details = serde_json::Value::Null;
            self.owe(vec![Fact::Notice(Notice { code: "budget.estimated".to_owned(), message, details })]);
        }
        let tokens = |bytes: usize| bytes.div_ceil(4) as u64;
        Usage { input_tokens: tokens(asked_bytes), output_tokens: tokens(writing.bytes()), ..usage }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_budget_that_is_used_up_is_told() {
        let budget = Budget { max_tokens: Some(100), max_cost_usd: Some(0.5), ..Budget::default() };
        let told = |input: u64, output: u64, cost: Option<f64>, rounds: u32| {
            let usage = Usage { input_tokens: input, output_tokens: output, cost_usd: cost, ..Usage::default() };
            let spent = Spent { budget: &budget, usage: &usage, rounds, max_rounds: 3 };
            spent.is_used_up().map(|error| (error.cause, error.message))
        };
        assert_eq!(told(99, 0, Some(0.49), 2), None);
        let tokens = "the run used 100 tokens in 1 call of the model; its budget is 100".to_owned();
        assert_eq!(told(90, 10, None, 1), Some((Some(Cause::Tokens), tokens)));
        let cost = "the run cost 0.51234 US dollars in 2 calls of the model; its budget is 0.5".to_owned();
        assert_eq!(told(1, 1, Some(0.51234), 2), Some((Some(Cause::Cost), cost)));
        let turns = "the run used up its 3 calls of the model".to_owned();
        assert_eq!(told(1_000, 1, Some(9.0), 3), Some((Some(Cause::Turns), turns)));
    }
}
