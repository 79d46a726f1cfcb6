//! Bodies and addresses of requests, read key by key: what is wrong is told by its place, all of it together.
//!
//! A key that is `null` counts as one that is absent; keys that are not asked for are let through.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::errors::{AreaError, Fault};
use crate::domain::Timestamp;

/// What is said of a key that must be there.
const REQUIRED: &str = "Field is required";

/// A document, or the values of an address, being read.
#[derive(Debug, Default)]
pub struct Reading {
    values: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Reading {
    /// Of a body that is a JSON object.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` about `body`.
    pub fn body(bytes: &[u8]) -> Result<Self, AreaError> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(values)) => Ok(Self { values, faults: Vec::new() }),
            Ok(_) => Err(AreaError::at("body", "must be a JSON object")),
            Err(_) if bytes.is_empty() => Err(AreaError::at("body", REQUIRED)),
            Err(error) => Err(AreaError::at("body", format!("is not JSON: {error}"))),
        }
    }

    /// Of the values of an address; of several with one name the last counts.
    pub fn query(pairs: Vec<(String, String)>) -> Self {
        let values = pairs.into_iter().map(|(name, value)| (name, Value::String(value)));
        Self { values: values.collect(), faults: Vec::new() }
    }

    /// The value of a key, dotted where it is nested.
    fn value(&self, key: &str) -> Option<&Value> {
        let mut values = &self.values;
        let mut words = key.split('.').peekable();
        loop {
            let value = values.get(words.next()?).filter(|value| !value.is_null())?;
            if words.peek().is_none() {
                return Some(value);
            }
            values = value.as_object()?;
        }
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Notes what is wrong at a place.
    pub fn fault(&mut self, field: &str, issue: impl Into<String>) {
        self.faults.push(Fault { field: field.to_owned(), issue: issue.into() });
    }

    /// Notes that a key is missing, where it is.
    pub fn must_have(&mut self, key: &str) {
        if !self.has(key) {
            self.fault(key, REQUIRED);
        }
    }

    /// A text with so many characters.
    pub fn text(&mut self, key: &str, length: RangeInclusive<usize>) -> Option<String> {
        let text = match self.value(key)? {
            Value::String(text) => text.clone(),
            _ => {
                self.fault(key, "must be a text");
                return None;
            }
        };
        let characters = text.chars().count();
        if characters < *length.start() {
            self.fault(
                key,
                if characters == 0 {
                    "must not be empty".to_owned()
                } else {
                    format!("must have at least {} characters", length.start())
                },
            );
        } else if characters > *length.end() {
            self.fault(key, format!("must have at most {} characters", length.end()));
        }
        Some(text)
    }

    /// A text that must be there.
    pub fn required(&mut self, key: &str, length: RangeInclusive<usize>) -> String {
        self.must_have(key);
        self.text(key, length).unwrap_or_default()
    }

    /// A yes or no.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.value(key)?.as_bool();
        if value.is_none() {
            self.fault(key, "must be true or false");
        }
        value
    }

    /// An object.
    pub fn object(&mut self, key: &str) -> Option<Map<String, Value>> {
        let value = self.value(key)?.as_object().cloned();
        if value.is_none() {
            self.fault(key, "must be an object");
        }
        value
    }

    /// A list, at most so many.
    pub fn list(&mut self, key: &str, most: usize) -> Option<Vec<Value>> {
        let items = self.value(key)?.as_array().cloned();
        match &items {
            None => self.fault(key, "must be a list"),
            Some(items) if items.len() > most => self.fault(key, format!("must have at most {most} items")),
            Some(_) => {}
        }
        items
    }

    /// A list of texts, at most so many.
    pub fn texts(&mut self, key: &str, most: usize) -> Option<Vec<String>> {
        let texts = self.value(key)?.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)));
        let texts: Option<Vec<String>> = texts.and_then(Iterator::collect);
        match &texts {
            None => self.fault(key, "must be a list of texts"),
            Some(texts) if texts.len() > most => self.fault(key, format!("must have at most {most} items")),
            Some(_) => {}
        }
        texts
    }

    /// A map of texts, at most so many.
    pub fn map_of_texts(&mut self, key: &str, most: usize) -> Option<Vec<(String, String)>> {
        let object = self.object(key)?;
        let pairs: Option<Vec<(String, String)>> =
            object.into_iter().map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
        match &pairs {
            None => self.fault(key, "must be an object of texts"),
            Some(pairs) if pairs.len() > most => self.fault(key, format!("must have at most {most} keys")),
            Some(_) => {}
        }
        pairs
    }

    /// A number.
    pub fn number(&mut self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let value = self.value(key)?.as_f64().filter(|value| range.contains(value));
        if value.is_none() {
            self.fault(key, format!("must be a number from {} to {}", range.start(), range.end()));
        }
        value
    }

    /// A whole number; of an address as its digits.
    pub fn whole(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = match self.value(key)? {
            Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
            Value::Number(number) => number.as_u64(),
            _ => None,
        };
        let value = value.filter(|value| range.contains(value));
        if value.is_none() {
            let most = if *range.end() == u64::MAX { String::new() } else { format!(", at most {}", range.end()) };
            self.fault(key, format!("must be a whole number, at least {}{most}", range.start()));
        }
        value
    }

    /// One of some words.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let given = self.value(key)?;
        let found = choices.iter().find(|(word, _)| given.as_str() == Some(*word)).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.fault(key, format!("must be one of {}", words.join(", ")));
        }
        found
    }

    /// A moment.
    pub fn moment(&mut self, key: &str) -> Option<Timestamp> {
        // The moment is read from JSON everywhere else, too.
        let moment = serde_json::from_value(self.value(key)?.clone()).ok();
        if moment.is_none() {
            self.fault(key, "must be a time as in 2025-01-15T10:30:00.000Z");
        }
        moment
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` with all that was found wrong.
    pub fn check(self) -> Result<(), AreaError> {
        if self.faults.is_empty() { Ok(()) } else { Err(AreaError::of(self.faults)) }
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Most items.
    pub limit: usize,
    /// Items before it.
    pub offset: usize,
}

impl Window {
    /// Most items of one answer.
    pub const MOST: u64 = 100;
    /// Items where the address does not say.
    pub const USUAL: u64 = 20;

    /// Of an address.
    pub fn read(reading: &mut Reading) -> Self {
        let limit = reading.whole("limit", 1..=Self::MOST).unwrap_or(Self::USUAL);
        let offset = reading.whole("offset", 0..=u64::from(u32::MAX)).unwrap_or(0);
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self { limit: size(limit), offset: size(offset) }
    }

    /// The items in it, of all that there are.
    pub fn of<T>(self, items: Vec<T>) -> Vec<T> {
        items.into_iter().skip(self.offset).take(self.limit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(reading: Reading) -> Vec<(String, String)> {
        reading.faults.into_iter().map(|fault| (fault.field, fault.issue)).collect()
    }

    fn of(text: &str) -> Reading {
        Reading::body(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_body_must_be_an_object() {
        for text in ["", "{nope", "[]", "5"] {
            assert!(Reading::body(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place() {
        let mut reading =
            of(r#"{"name":5,"long":"abc","config":{"command":null,"args":[1],"env":{"a":1}},"n":2.5,"b":"x"}"#);
        assert_eq!(reading.required("name", 1..=3), "");
        assert_eq!(reading.required("long", 1..=2), "abc");
        assert_eq!(reading.required("config.command", 1..=9), "");
        assert_eq!((reading.texts("config.args", 9), reading.map_of_texts("config.env", 9)), (None, None));
        assert_eq!((reading.whole("n", 1..=u64::MAX), reading.number("n", 0.0..=2.0)), (None, None));
        assert_eq!((reading.flag("b"), reading.choice("b", &[("y", 1), ("z", 2)])), (None, None));
        assert_eq!((reading.moment("b"), reading.object("b"), reading.text("none", 0..=1)), (None, None, None));
        let told: Vec<String> = faults(reading).into_iter().map(|(field, issue)| format!("{field}: {issue}")).collect();
        assert_eq!(
            told,
            [
                "name: must be a text",
                "long: must have at most 2 characters",
                "config.command: Field is required",
                "config.args: must be a list of texts",
                "config.env: must be an object of texts",
                "n: must be a whole number, at least 1",
                "n: must be a number from 0 to 2",
                "b: must be true or false",
                "b: must be one of y, z",
                "b: must be a time as in 2025-01-15T10:30:00.000Z",
                "b: must be an object",
            ]
        );
    }

    #[test]
    fn a_window_is_read_from_an_address() {
        let window = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let mut reading = Reading::query(pairs);
            let window = Window::read(&mut reading);
            (window.limit, window.offset, faults(reading).into_iter().map(|(field, _)| field).collect::<Vec<_>>())
        };
        assert_eq!(window(&[]), (20, 0, vec![]));
        assert_eq!(window(&[("limit", "100"), ("offset", "7")]), (100, 7, vec![]));
        for wrong in ["0", "101", "x", "-1", "", "1.5"] {
            assert_eq!(window(&[("limit", wrong)]).2, ["limit"], "{wrong}");
        }
        assert_eq!(window(&[("offset", "-1")]).2, ["offset"]);
        assert_eq!(Window { limit: 2, offset: 1 }.of(vec![1, 2, 3, 4]), [2, 3]);
        assert_eq!(Window { limit: 2, offset: 9 }.of(vec![1]), [0; 0]);
    }
}
