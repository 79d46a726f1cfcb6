//! One error, one table: a stable word with its default HTTP status, its exit code and whether a retry helps.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Result of everything that the house does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The stable word for what went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is malformed or contradicts itself.
    InvalidInput,
    /// Who calls is not known.
    Unauthorized,
    /// Who calls may not do this.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// It was there, but its time is over.
    Expired,
    /// Something else has that name already, or the state does not allow it.
    Conflict,
    /// Another run works there; later it may work.
    Busy,
    /// It is switched off.
    Inactive,
    /// Larger than a limit.
    TooLarge,
    /// A kind of media that cannot be used.
    BadMedia,
    /// Too many requests, also the model's own answer after retries.
    RateLimited,
    /// The model did not answer as it should; [`Cause`] tells how.
    ModelFailed,
    /// Cannot be done now.
    Unavailable,
    /// Cannot be done by this program.
    NotSupported,
    /// A budget of turns, tokens or money is used up.
    BudgetExhausted,
    /// The answer does not fit the schema that was asked for.
    SchemaMismatch,
    /// What the model must be shown is more than it can be, also after what was said before was summarised.
    ContextExceeded,
    /// A time limit passed.
    TimedOut,
    /// The store cannot be read or written.
    StoreFailed,
    /// A defect of this program.
    Internal,
}

/// How the model, or the store, failed; or which budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The model's server refused the key.
    Auth,
    /// The model's server refused the request.
    Rejected,
    /// The model's server failed (5xx).
    Server,
    /// The model's server asked to slow down (429).
    RateLimited,
    /// No connection.
    Connect,
    /// No secure connection.
    Tls,
    /// The answer ended in its middle.
    Cut,
    /// The answer cannot be understood.
    Garbage,
    /// Nothing came for too long.
    Stalled,
    /// What the model was shown is more than it can be.
    Context,
    /// The tape that is played instead of a model holds no answer to this.
    Tape,
    /// The process that did the work died.
    Interrupted,
    /// No space left.
    Full,
    /// The place cannot be written.
    ReadOnly,
    /// The data is damaged.
    Corrupt,
    /// Written by a newer version.
    Newer,
    /// Another process holds the lock.
    Locked,
    /// The budget of calls of the model.
    Turns,
    /// The budget of tokens.
    Tokens,
    /// The budget of money.
    Cost,
}

impl ErrorCode {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 20] = [
        Self::InvalidInput,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Expired,
        Self::Conflict,
        Self::Busy,
        Self::Inactive,
        Self::TooLarge,
        Self::BadMedia,
        Self::RateLimited,
        Self::ModelFailed,
        Self::Unavailable,
        Self::NotSupported,
        Self::BudgetExhausted,
        Self::SchemaMismatch,
        Self::ContextExceeded,
        Self::TimedOut,
        Self::StoreFailed,
        Self::Internal,
    ];

    /// (word, HTTP status, exit code, whether a retry may help). A row for every code; no default arm on purpose.
    const fn row(self) -> (&'static str, u16, u8, bool) {
        match self {
            Self::InvalidInput => ("invalid_input", 400, 2, false),
            Self::Unauthorized => ("unauthorized", 401, 3, false),
            Self::Forbidden => ("forbidden", 403, 3, false),
            Self::NotFound => ("not_found", 404, 4, false),
            Self::Expired => ("expired", 410, 4, false),
            Self::Conflict => ("conflict", 409, 5, false),
            Self::Busy => ("busy", 409, 5, true),
            Self::Inactive => ("inactive", 409, 5, false),
            Self::TooLarge => ("too_large", 413, 2, false),
            Self::BadMedia => ("bad_media", 415, 2, false),
            Self::RateLimited => ("rate_limited", 429, 6, true),
            Self::ModelFailed => ("model_failed", 502, 7, false),
            Self::Unavailable => ("unavailable", 503, 6, true),
            Self::NotSupported => ("not_supported", 501, 2, false),
            Self::BudgetExhausted => ("budget_exhausted", 200, 8, false),
            Self::SchemaMismatch => ("schema_mismatch", 200, 9, false),
            Self::ContextExceeded => ("context_exceeded", 200, 10, false),
            Self::TimedOut => ("timed_out", 504, 124, true),
            Self::StoreFailed => ("store_failed", 503, 74, false),
            Self::Internal => ("internal", 500, 70, false),
        }
    }

    /// The stable word.
    pub const fn word(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status unless an API has its own.
    pub const fn http_status(self) -> u16 {
        self.row().1
    }

    /// What the program exits with.
    pub const fn exit_code(self) -> u8 {
        self.row().2
    }
}

impl Cause {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Rejected => "rejected",
            Self::Server => "server",
            Self::RateLimited => "rate_limited",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Cut => "cut",
            Self::Garbage => "garbage",
            Self::Stalled => "stalled",
            Self::Context => "context",
            Self::Tape => "tape",
            Self::Interrupted => "interrupted",
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Corrupt => "corrupt",
            Self::Newer => "newer",
            Self::Locked => "locked",
            Self::Turns => "turns",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
        }
    }

    /// Whether the same request may succeed later, without a change by the user.
    pub const fn retryable(self) -> bool {
        match self {
            Self::Server
            | Self::RateLimited
            | Self::Connect
            | Self::Cut
            | Self::Stalled
            | Self::Interrupted
            | Self::Locked => true,
            Self::Auth
            | Self::Rejected
            | Self::Tls
            | Self::Garbage
            | Self::Context
            | Self::Tape
            | Self::Full
            | Self::ReadOnly
            | Self::Corrupt
            | Self::Newer
            | Self::Turns
            | Self::Tokens
            | Self::Cost => false,
        }
    }
}

/// What went wrong: a message that names the thing and the cause, and a hint that names the way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// The stable word.
    pub code: ErrorCode,
    /// How it failed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// One sentence for people: the thing and the cause. Holds no secret.
    pub message: String,
    /// One sentence for people: the way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The HTTP status that the model's server answered, or that an error inside of its answer stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whole seconds after which the same request may succeed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Error {
    /// An error with a code and its message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let message: String = message.into();
        let message = if message.len() > LONGEST.0 { shortened(&message, LONGEST.0) } else { message };
        Self { code, cause: None, message, hint: None, status: None, retry_after: None }
    }

    /// `invalid_input`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput, message)
    }

    /// `not_found`, in the words "KIND `ID` is not known".
    pub fn not_found(kind: &str, id: impl fmt::Display) -> Self {
        Self::new(ErrorCode::NotFound, format!("{kind} `{}` is not known", shortened(&id.to_string(), LONGEST.1)))
    }

    /// `model_failed` with its cause; 429 after retries, and being shown too much, have codes of their own.
    pub fn model(cause: Cause, message: impl Into<String>) -> Self {
        let code = if cause == Cause::RateLimited {
            ErrorCode::RateLimited
        } else if cause == Cause::Context {
            ErrorCode::ContextExceeded
        } else {
            ErrorCode::ModelFailed
        };
        Self { cause: Some(cause), ..Self::new(code, message) }
    }

    /// `store_failed` with its cause.
    pub fn store(cause: Option<Cause>, message: impl Into<String>) -> Self {
        Self { cause, ..Self::new(ErrorCode::StoreFailed, message) }
    }

    /// A defect of this program.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message)
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Tells when the same request may succeed, also in the hint.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self.hint(format!("try again in {seconds} s"))
    }

    /// Whether the same request may succeed later, without a change by the user.
    pub fn retryable(&self) -> bool {
        self.code.row().3 || self.cause.is_some_and(Cause::retryable)
    }
}

/// Most characters of a message, and of an id in it: what somebody sent is not sent back to them at length.
const LONGEST: (usize, usize) = (1_000, 120);

/// The beginning of a text, with a sign where the rest was.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_on_the_wire_is_the_word_of_the_table() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.word());
        }
    }

    #[test]
    fn what_was_sent_is_not_sent_back_at_length() {
        let error = Error::not_found("session", "ä".repeat(10_000));
        assert_eq!(error.message, format!("session `{}…` is not known", "ä".repeat(120)));
        assert_eq!(Error::invalid("x".repeat(10_000)).message, format!("{}…", "x".repeat(1_000)));
        assert_eq!(Error::invalid("x".repeat(1_000)).message.len(), 1_000);
    }

    #[test]
    fn a_model_that_asks_to_slow_down_is_rate_limited() {
        let error = Error::model(Cause::RateLimited, "slow down");
        assert_eq!((error.code, error.code.exit_code(), error.retryable()), (ErrorCode::RateLimited, 6, true));
        let error = Error::model(Cause::Auth, "no");
        assert_eq!((error.code, error.code.exit_code(), error.retryable()), (ErrorCode::ModelFailed, 7, false));
    }
}
