//! Messages of JSON-RPC, as they come and as they are sent.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::engine::{PeerError, PeerMessage};

/// The number of a message that is no JSON.
pub const PARSE_ERROR: i64 = -32_700;
/// The number of a message that is none of JSON-RPC, or does not fit here.
pub const INVALID_REQUEST: i64 = -32_600;

/// What a client sent.
#[derive(Debug, PartialEq)]
pub enum Sent {
    /// It asks.
    Request {
        /// Names the request.
        id: Value,
        /// What it asks for.
        method: String,
        /// More about it.
        params: Option<Value>,
    },
    /// It tells something.
    Notification {
        /// What it is.
        method: String,
        /// More about it.
        params: Option<Value>,
    },
    /// It answers something that it was asked.
    Answer {
        /// Names what it was asked.
        id: Value,
        /// The answer.
        answer: Result<Value, PeerError>,
    },
}

impl Sent {
    /// A message from the body of a request.
    ///
    /// # Errors
    /// The error of JSON-RPC that answers it.
    pub fn read(body: &[u8]) -> Result<Self, PeerError> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| PeerError::new(PARSE_ERROR, format!("this is no JSON: {error}")))?;
        let wrong = |why: &str| PeerError::new(INVALID_REQUEST, why.to_owned());
        let mut fields = match value {
            Value::Object(fields) => fields,
            Value::Array(_) => return Err(wrong("several messages at once are not taken: send each by itself")),
            _ => return Err(wrong("a message is a JSON object")),
        };
        if fields.get("jsonrpc") != Some(&json!("2.0")) {
            return Err(wrong("`jsonrpc` must be \"2.0\""));
        }
        let id = fields.remove("id");
        if !matches!(id, None | Some(Value::String(_) | Value::Number(_))) {
            return Err(wrong("`id` must be a text or a number"));
        }
        let method = match fields.remove("method") {
            None => None,
            Some(Value::String(method)) => Some(method),
            Some(_) => return Err(wrong("`method` must be a text")),
        };
        let params = fields.remove("params");
        match (method, id) {
            (Some(method), Some(id)) => Ok(Self::Request { id, method, params }),
            (Some(method), None) => Ok(Self::Notification { method, params }),
            (None, Some(id)) => {
                Ok(Self::Answer { id, answer: answer(fields).ok_or_else(|| wrong("there is neither method nor answer"))? })
            }
            (None, None) => Err(wrong("there is neither `method` nor `id`")),
        }
    }

    /// The id that an error about it answers.
    pub fn id(&self) -> Value {
        match self {
            Self::Request { id, .. } => id.clone(),
            Self::Notification { .. } | Self::Answer { .. } => Value::Null,
        }
    }
}

fn answer(mut fields: Map<String, Value>) -> Option<Result<Value, PeerError>> {
    if let Some(result) = fields.remove("result") {
        return Some(Ok(result));
    }
    let error = fields.remove("error")?;
    Some(Err(serde_json::from_value(error)
        .unwrap_or_else(|_| PeerError::new(INVALID_REQUEST, "the client failed without saying how"))))
}

/// The answer to a request.
pub fn answered(id: &Value, answer: Result<Value, PeerError>) -> Value {
    match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error }),
    }
}

/// What a program says by itself, as a message.
pub fn written(message: PeerMessage) -> Value {
    let (id, method, params) = match message {
        PeerMessage::Notification { method, params } => (None, method, params),
        PeerMessage::Request { id, method, params } => (Some(id), method, params),
    };
    let mut told = json!({ "jsonrpc": "2.0" });
    if let Some(id) = id {
        told["id"] = id;
    }
    told["method"] = json!(method);
    if let Some(params) = params {
        told["params"] = params;
    }
    told
}

/// A message as one event of a stream.
pub fn event(message: &Value) -> Bytes {
    crate::http::frame(None, &message.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart() {
        let read = |text: &str| Sent::read(text.as_bytes());
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#),
            Ok(Sent::Request { id: json!("a"), method: "ping".to_owned(), params: None })
        );
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","method":"notifications/x","params":{}}"#),
            Ok(Sent::Notification { method: "notifications/x".to_owned(), params: Some(json!({})) })
        );
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","id":1,"result":null}"#),
            Ok(Sent::Answer { id: json!(1), answer: Ok(Value::Null) })
        );
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#),
            Ok(Sent::Answer { id: json!(1), answer: Err(PeerError::new(-1, "no")) })
        );
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for (text, code) in [
            ("", PARSE_ERROR),
            ("{", PARSE_ERROR),
            ("\u{0}", PARSE_ERROR),
            ("1", INVALID_REQUEST),
            ("[]", INVALID_REQUEST),
            ("{}", INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1}"#, INVALID_REQUEST),
        ] {
            assert_eq!(Sent::read(text.as_bytes()).map_err(|error| error.code), Err(code), "{text}");
        }
    }
}
