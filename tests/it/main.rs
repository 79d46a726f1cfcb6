//! The program and its parts together.

mod guard;
