//! The whole model: questions, the calls that they lead to, and the answers.

mod corpus;
mod house;
mod stream;
