//! The whole model: prompts, the calls that they lead to, and the answers.

mod corpus;
mod house;
mod judged;
mod robust;
mod turns;
