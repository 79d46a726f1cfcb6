//! What a run may use up, the form that its answer must have, and what goes along with a question.

mod budgets;
mod fetch;
mod files;
mod forms;
mod memory;
mod permitted;
mod time;
