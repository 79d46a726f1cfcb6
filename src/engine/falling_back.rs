//! When a model cannot answer: the next model of the run's list is asked instead, before anybody was shown a word.
//!
//! A run stays with the model that answered it, so that a server that is down is not waited for at every call.

use super::drive::{Asking, Driver};
use super::ledger::Refused;
use crate::domain::{Cause, Error, ErrorCode, Fact, ModelChoice, Notice, Pins, Result};
use crate::engine::house::Core;

/// The HTTP statuses of a refusal that speak of the model and not of the request: it is not paid for, or not there.
const OF_THE_MODEL: [u16; 2] = [402, 404];

/// The models that a run asks instead of its own: those that the caller named, else the agent's, else the settings'. One
/// of an agent's that cannot be asked here is passed over: the agent may have been written for another house.
///
/// # Errors
/// `invalid_input` when there are too many, or one is not configured; `model_failed` (`auth`) when one has no key.
pub(super) fn pinned(core: &Core, pins: &Pins, of_agent: &[ModelChoice], model: &ModelChoice) -> Result<Vec<ModelChoice>> {
    let lists = [pins.fallback.as_slice(), of_agent, core.settings.fallback.as_slice()];
    let list = lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default();
    if list.len() > crate::domain::Agent::FALLBACK {
        let message = format!("{} fallback models were named, more than {}", list.len(), crate::domain::Agent::FALLBACK);
        return Err(Error::invalid(message));
    }
    let mut kept: Vec<ModelChoice> = Vec::new();
    let of_agent = pins.fallback.is_empty() && !of_agent.is_empty();
    for choice in list {
        // A slip is told now, and not when the first model is down.
        if let Err(error) = core.models.get(choice) {
            if !of_agent {
                return Err(error);
            }
            tracing::warn!(%error, "a fallback model of the agent is passed over");
            continue;
        }
        if choice != model && !kept.contains(choice) {
            kept.push(choice.clone());
        }
    }
    Ok(kept)
}

/// Whether another model may answer where this one could not: it was not reached, failed, was too slow, let nobody in, or
/// is not there. What is wrong with the request is wrong for every model, and costs no second call.
fn may_help(error: &Error) -> bool {
    match error.cause {
        Some(
            Cause::Auth
            | Cause::Server
            | Cause::RateLimited
            | Cause::Connect
            | Cause::Tls
            | Cause::Cut
            | Cause::Garbage
            | Cause::Stalled,
        ) => matches!(error.code, ErrorCode::ModelFailed | ErrorCode::RateLimited),
        Some(Cause::Rejected) => error.status.is_some_and(|status| OF_THE_MODEL.contains(&status)),
        Some(
            Cause::Context
            | Cause::Tape
            | Cause::Interrupted
            | Cause::Full
            | Cause::ReadOnly
            | Cause::Corrupt
            | Cause::Newer
            | Cause::Locked
            | Cause::Turns
            | Cause::Tokens
            | Cause::Cost,
        )
        | None => false,
    }
}

impl Driver {
    /// The model that is asked where this one is wanted: itself, unless it could not answer in this run.
    pub(super) fn standing_in(&self, wanted: ModelChoice) -> ModelChoice {
        if !self.failed_models.contains(&wanted) {
            return wanted;
        }
        self.next_model().unwrap_or(wanted)
    }

    fn next_model(&self) -> Option<ModelChoice> {
        self.work.pins.fallback.iter().find(|choice| !self.failed_models.contains(choice)).cloned()
    }

    /// Turns to the next model, where there is one and it may help; tells so. False = the error stands.
    pub(super) async fn turn_to_another(&mut self, error: &Error) -> Result<bool, Refused> {
        if !may_help(error) || self.stop.is_cancelled() {
            return Ok(false);
        }
        self.failed_models.push(self.asking.choice.clone());
        while let Some(choice) = self.next_model() {
            let (model, card) = match self.core.models.get(&choice) {
                Ok(found) => found,
                // It was there when the run was queued; another process may have other settings.
                Err(error) => {
                    tracing::warn!(%error, run = %self.work.run, "a fallback model cannot be asked");
                    self.failed_models.push(choice);
                    continue;
                }
            };
            let failed = std::mem::replace(&mut self.asking, Asking { choice: choice.clone(), model, card }).choice;
            let message = format!("{failed} could not answer ({}); {choice} is asked instead", error.message);
            let details = serde_json::json!({ "from": failed, "to": choice, "code": error.code, "cause": error.cause });
            let notice = Notice { code: "model.fallback".to_owned(), message, details };
            self.append(vec![Fact::Notice(notice)]).await?;
            return Ok(true);
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_model_is_asked_only_where_it_may_help() {
        for (error, helps) in [
            (Error::model(Cause::Connect, "x"), true),
            (Error::model(Cause::RateLimited, "x"), true),
            (Error::model(Cause::Auth, "x"), true),
            (Error::model(Cause::Garbage, "x"), true),
            (Error::model(Cause::Rejected, "x"), false),
            (Error { status: Some(400), ..Error::model(Cause::Rejected, "x") }, false),
            (Error { status: Some(404), ..Error::model(Cause::Rejected, "x") }, true),
            (Error::store(Some(Cause::Full), "x"), false),
            (Error::internal("x"), false),
            (Error::new(ErrorCode::BudgetExhausted, "x"), false),
        ] {
            assert_eq!(may_help(&error), helps, "{error:?}");
        }
    }
}
