//! Routes: which server this is, and the file of variables that it keeps for its clients.

use std::sync::LazyLock;
use std::time::Instant;

use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::super::NAME;
use super::super::environment::{self, Local};
use super::super::errors::ElizaError;
use super::super::request::{Answer, Asked, data};
use crate::http::{Needs, Route, Routes, json};

/// When the process began to serve, near enough.
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    LazyLock::force(&BEGUN);
    vec![
        Route::get("/api/system/version", version).about("Which server this is."),
        Route::get("/api/system/config", config).about("Whether a key is wanted; for whoever asks.").needs(Needs::Nothing),
        Route::get("/api/system/env/local", read)
            .about("The variables of the server's own file, without their values.")
            .needs(Needs::Admin),
        Route::post("/api/system/env/local", write)
            .about("Replaces them. A value that was shown masked stays as it is.")
            .needs(Needs::Admin),
    ]
}

async fn version(asked: Asked) -> Answer {
    let told = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "source": "server",
        "timestamp": asked.door.clock.now(),
        "environment": "production",
        "uptime": BEGUN.elapsed().as_secs_f64(),
    });
    Ok(json(StatusCode::OK, &told))
}

async fn config(asked: Asked) -> Answer {
    let server = &asked.door.settings.server;
    Ok(data(StatusCode::OK, json!({ "requiresAuth": server.token.is_some() || server.door_tokens.contains_key(NAME) })))
}

async fn read(asked: Asked) -> Answer {
    let kept = Local::of(&asked.door.settings.paths.state).read().await?;
    let masked: Map<String, Value> =
        kept.into_iter().map(|(name, value)| (name, json!(environment::masked(value.expose_secret())))).collect();
    Ok(data(StatusCode::OK, masked))
}

async fn write(asked: Asked) -> Answer {
    let missing = || ElizaError::bad("INVALID_INPUT", "Missing or invalid \"content\" in request body");
    let body = asked.body().map_err(|_| missing())?;
    let content = body.get("content").and_then(Value::as_object).ok_or_else(missing)?;
    Local::of(&asked.door.settings.paths.state).replace(content).await?;
    Ok(json(StatusCode::OK, &json!({ "success": true, "message": "Local env updated" })))
}
