//! The engine and the server of `ombud`.
//!
//! Floors, each of which uses only those below it: [`domain`] (words), [`config`], [`observe`] and `outgoing`, [`storage`],
//! [`models`], [`workspace`] and [`tools`], [`engine`] (the one door), [`http`] and [`remote`],
//! [`dialects`], [`server`]. The program in `commands/` stands on top.
//! `docs/architecture.md` is the map; `tests/architecture.rs` holds the laws.

pub mod config;
pub mod dialects;
pub mod domain;
pub mod engine;
pub mod http;
pub mod models;
pub mod observe;
mod outgoing;
pub mod pages;
pub mod remote;
pub mod server;
pub mod storage;
pub mod tools;
pub mod workspace;
