//! What this process has done since it began, counted where it happens and shown by whoever watches.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// What it is now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counts of this process.
#[derive(Debug)]
pub struct Counts {
    /// Runs that ended here.
    pub runs: Count,
    /// Calls of models.
    pub model_calls: Count,
    /// Calls of tools.
    pub tool_calls: Count,
    /// Tokens that models were shown.
    pub input_tokens: Count,
    /// Tokens that models answered.
    pub output_tokens: Count,
    /// Spans of traces that ended.
    pub spans: Count,
    /// Spans that were sent.
    pub spans_sent: Count,
    /// Spans that could not be sent.
    pub spans_failed: Count,
}

/// The counts of this process.
pub static COUNTS: Counts = Counts {
    runs: Count::new(),
    model_calls: Count::new(),
    tool_calls: Count::new(),
    input_tokens: Count::new(),
    output_tokens: Count::new(),
    spans: Count::new(),
    spans_sent: Count::new(),
    spans_failed: Count::new(),
};
