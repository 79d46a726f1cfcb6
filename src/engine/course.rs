//! What a run goes by: the steps of its procedure, what it was asked with, and what its session remembers.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::{
    Agent, Attributes, Declaration, Error, FromState, ModelChoice, ModelSettings, NamedProcedure, Result, RunQueued, Step,
    Template, ThreadOpened, written,
};

/// What a run goes by.
#[derive(Clone, Default)]
pub(crate) struct Course {
    /// The steps.
    pub(crate) steps: Vec<Step>,
    /// Whether it does what every run does: asks, without steps of its own.
    pub(crate) ordinary: bool,
    /// The variable that is its result.
    pub(crate) output: Option<String>,
    /// What it was asked with.
    pub(crate) arguments: Map<String, Value>,
    /// The name of whoever asked.
    pub(crate) asked_by: String,
    /// What a door keeps about what is said as a person.
    pub(crate) attributes: Attributes,
    /// What the session remembers.
    pub(crate) state: Map<String, Value>,
    /// The threads beside the main one.
    pub(crate) threads: BTreeMap<String, ThreadOpened>,
}

impl Course {
    /// What a run of this agent goes by.
    ///
    /// # Errors
    /// `not_found` when the agent has no procedure of that name.
    pub(crate) fn new(
        agent: &Agent,
        queued: &RunQueued,
        state: Map<String, Value>,
        threads: BTreeMap<String, ThreadOpened>,
    ) -> Result<Self> {
        let (steps, ordinary, output) = match &queued.procedure {
            Some(name) => {
                let procedure = named(agent, name)?;
                (procedure.steps.steps().to_vec(), false, procedure.output.clone())
            }
            None => (agent.procedure.steps().to_vec(), agent.procedure.is_ordinary(), None),
        };
        Ok(Self {
            steps,
            ordinary,
            output,
            arguments: queued.arguments.clone(),
            asked_by: queued.asked_by.clone(),
            attributes: queued.attributes.clone(),
            state,
            threads,
        })
    }

    /// A value by its name: what the run was asked with hides what the session remembers.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.arguments.get(name).or_else(|| self.state.get(name))
    }

    /// A text with its places filled.
    pub(crate) fn fill(&self, template: &Template) -> String {
        template.fill(|name| self.value(name))
    }

    /// How a model is asked, where the state says it.
    ///
    /// # Errors
    /// `invalid_input` when a value does not fit what it decides.
    pub(crate) fn settings(&self, from_state: &FromState, settings: &ModelSettings) -> Result<ModelSettings> {
        let mut settings = settings.clone();
        if let Some((name, text)) = self.said(from_state.temperature.as_ref()) {
            let temperature = text.parse().ok().filter(|number| (0.0..=2.0).contains(number));
            let wrong =
                || Error::invalid(format!("`{name}` is `{text}`, and a temperature is a number from 0 to 2, or `off`"));
            settings.temperature = if text == "off" { None } else { Some(temperature.ok_or_else(wrong)?) };
        }
        if let Some((_, text)) = self.said(from_state.reasoning_effort.as_ref()) {
            settings.reasoning_effort = (text != "off").then_some(text);
        }
        Ok(settings)
    }

    /// The model that the state names.
    ///
    /// # Errors
    /// `invalid_input` when it is not of the form `provider/id`.
    pub(crate) fn model(&self, from_state: &FromState) -> Result<Option<ModelChoice>> {
        let said = self.said(from_state.model.as_ref());
        said.map(|(name, text)| {
            ModelChoice::parse(&text).map_err(|error| Error { message: format!("`{name}`: {}", error.message), ..error })
        })
        .transpose()
    }

    /// How many calls of the model a step may make, where the state says it.
    ///
    /// # Errors
    /// `invalid_input` when it is no number of calls.
    pub(crate) fn max_turns(&self, from_state: &FromState) -> Result<Option<u32>> {
        let said = self.said(from_state.max_turns.as_ref());
        said.map(|(name, text)| {
            let wrong = || Error::invalid(format!("`{name}` is `{text}`, and a number of steps is 1 or more"));
            text.parse().ok().filter(|most| *most > 0).ok_or_else(wrong)
        })
        .transpose()
    }

    fn said<'a>(&self, name: Option<&'a String>) -> Option<(&'a str, String)> {
        let name = name?;
        self.value(name).filter(|value| !value.is_null()).map(|value| (name.as_str(), written(value)))
    }
}

/// A procedure of an agent by its name.
///
/// # Errors
/// `not_found`.
pub(crate) fn named<'a>(agent: &'a Agent, name: &str) -> Result<&'a NamedProcedure> {
    agent.procedures.get(name).ok_or_else(|| {
        let known: Vec<_> = agent.procedures.keys().map(|name| format!("`{name}`")).collect();
        let error = Error::not_found("procedure", name);
        if known.is_empty() {
            error.hint(format!("agent `{}` has none", agent.name))
        } else {
            error.hint(format!("agent `{}` has {}", agent.name, known.join(", ")))
        }
    })
}

/// Values that fit their declarations: those that were given, and the defaults of the others.
///
/// # Errors
/// `invalid_input` naming the value that is missing, unknown, or does not fit.
pub(crate) fn declared(
    what: &str,
    declarations: &BTreeMap<String, Declaration>,
    given: Map<String, Value>,
) -> Result<Map<String, Value>> {
    let mut values = Map::new();
    for (name, value) in given {
        let Some(declaration) = declarations.get(&name) else {
            let known: Vec<_> = declarations.keys().map(|name| format!("`{name}`")).collect();
            let hint = if known.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", known.join(", ")) };
            return Err(Error::invalid(format!("{what} `{}` is not known", shown(&name))).hint(hint));
        };
        if value.is_null() && !declaration.required {
            continue;
        }
        fits(&declaration.schema, &value).map_err(|why| Error::invalid(format!("{what} `{name}` does not fit: {why}")))?;
        values.insert(name, value);
    }
    for (name, declaration) in declarations {
        if values.contains_key(name) {
            continue;
        }
        match &declaration.default {
            Some(default) => {
                values.insert(name.clone(), default.clone());
            }
            None if declaration.required => return Err(Error::invalid(format!("{what} `{name}` is missing"))),
            None => {}
        }
    }
    Ok(values)
}

/// Whether a value fits a JSON Schema; else why not, without the value itself.
pub(crate) fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    if schema.is_null() {
        return Ok(());
    }
    let validator = jsonschema::validator_for(schema).map_err(|error| format!("its schema cannot be read: {error}"))?;
    match validator.validate(value) {
        Ok(()) => Ok(()),
        Err(error) => {
            let at = error.instance_path().to_string();
            let masked = error.masked_with("the value").to_string();
            Err(if at.is_empty() { masked } else { format!("at {at}: {masked}") })
        }
    }
}

/// A name that somebody sent, cut to what fits an error.
fn shown(name: &str) -> &str {
    &name[..name.floor_char_boundary(100)]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_state_switches_off_is_as_if_it_were_not_there() {
        let from_state = FromState {
            temperature: Some("HEAT".to_owned()),
            reasoning_effort: Some("EFFORT".to_owned()),
            ..FromState::default()
        };
        let own = ModelSettings { temperature: Some(0.5), reasoning_effort: Some("low".to_owned()), ..Default::default() };
        let settings = |heat: Value, effort: Value| {
            let state = Map::from_iter([("HEAT".to_owned(), heat), ("EFFORT".to_owned(), effort)]);
            let settings = Course { state, ..Course::default() }.settings(&from_state, &own)?;
            Ok::<_, Error>((settings.temperature, settings.reasoning_effort))
        };
        assert_eq!(settings(json!("off"), json!("off")), Ok((None, None)));
        assert_eq!(settings(json!("1.5"), json!("high")), Ok((Some(1.5), Some("high".to_owned()))));
        assert_eq!(settings(json!(null), json!(null)), Ok((Some(0.5), Some("low".to_owned()))));
        let error = settings(json!(3), json!(null)).unwrap_err();
        assert_eq!(error.message, "`HEAT` is `3`, and a temperature is a number from 0 to 2, or `off`");
    }
}
