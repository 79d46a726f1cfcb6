//! About the server, its agent and its models; and what answers where there is no route.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::errors::TarkoError;
use super::super::request::{Answer, Asked, asked};
use super::super::to_wire::{kept, model_info};
use super::super::wire::{
    HealthAnswer, ModelsAnswer, OptionsAnswer, RuntimeSettingsAnswer, SessionCounts, StorageInfo, SystemHealthAnswer,
    VersionAnswer,
};
use crate::domain::{ErrorCode, ModelChoice, SessionId};
use crate::http::{Needs, Route, Routes, json as reply};

/// Characters of the instructions that are shown.
const SHOWN: usize = 100;

/// The routes.
pub fn all() -> Routes {
    let unknown = "/api/v1/sessions/{*rest}";
    vec![
        Route::get("/api/v1/health", asked(health))
            .about("Whether the server answers")
            .needs(Needs::Nothing)
            .gives::<HealthAnswer>(StatusCode::OK, "It does."),
        Route::get("/api/v1/system/health", asked(system_health))
            .about("How the server is")
            .gives::<SystemHealthAnswer>(StatusCode::OK, "How it is.")
            .gives::<SystemHealthAnswer>(StatusCode::SERVICE_UNAVAILABLE, "The store cannot be used."),
        Route::get("/api/v1/version", asked(version))
            .about("The version of the server")
            .gives::<VersionAnswer>(StatusCode::OK, "The version."),
        Route::get("/api/v1/agent/options", asked(options))
            .about("What the agent is, without secrets")
            .gives::<OptionsAnswer>(StatusCode::OK, "What it is."),
        Route::get("/api/v1/models", asked(models))
            .about("The models that can be asked, the one that is asked by default first")
            .gives::<ModelsAnswer>(StatusCode::OK, "The models."),
        Route::get("/api/v1/runtime-settings", asked(runtime_settings))
            .about("Settings that the interface may offer, and those of a session")
            .query("sessionId", "The session; one that is not there has the values of the schema.", false)
            .gives::<RuntimeSettingsAnswer>(StatusCode::OK, "The settings."),
        Route::get(unknown, asked(no_route)).about("No such route: as the original, first asks for the session"),
        Route::post(unknown, asked(no_route)).about("No such route: as the original, first asks for the session"),
    ]
}

async fn health(_: Asked) -> Answer {
    Ok(reply(StatusCode::OK, &HealthAnswer { status: "ok" }))
}

async fn system_health(asked: Asked) -> Answer {
    let health = asked.engine().health(&asked.caller).await?;
    let (kind, path) = health.store.split_once(':').unwrap_or((&health.store, ""));
    let (status, word) = match health.error {
        None => (StatusCode::OK, "healthy"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
    };
    let answer = SystemHealthAnswer {
        status: word,
        version: health.version,
        uptime: health.uptime_ms / 1_000,
        sessions: SessionCounts { active: health.active, total: health.sessions },
        storage: StorageInfo { kind: kind.to_owned(), path: Some(path.to_owned()).filter(|path| !path.is_empty()) },
    };
    Ok(reply(status, &answer))
}

async fn version(_: Asked) -> Answer {
    Ok(reply(StatusCode::OK, &VersionAnswer { version: env!("CARGO_PKG_VERSION").to_owned() }))
}

async fn options(asked: Asked) -> Answer {
    let settings = &asked.door.settings;
    let mut options = Map::new();
    let found = match asked.engine().agent(&asked.caller, &settings.agent).await {
        Err(error) if error.code != ErrorCode::NotFound => return Err(error.into()),
        found => found.ok(),
    };
    if let Some(item) = found {
        let agent = &item.agent;
        options.insert("name".to_owned(), json!(agent.name));
        options.insert("model".to_owned(), json!(model_info(&item.model)));
        let instructions = agent.instructions.source().trim();
        let said = [
            ("instructions", json!(shown(instructions)), !instructions.is_empty()),
            ("maxTokens", json!(agent.settings.max_tokens), agent.settings.max_tokens.is_some()),
            ("temperature", json!(agent.settings.temperature), agent.settings.temperature.is_some()),
            ("tool", json!({ "include": agent.tools }), agent.tools.is_some()),
        ];
        options.extend(said.into_iter().filter(|said| said.2).map(|(name, value, _)| (name.to_owned(), value)));
    }
    options.insert("maxIterations".to_owned(), json!(settings.budgets.max_turns.unwrap_or(settings.limits.run_turns)));
    options.insert("workspace".to_owned(), json!(settings.workspace));
    options.insert("workspaceName".to_owned(), json!(settings.workspace.file_name().map(|name| name.to_string_lossy())));
    Ok(reply(StatusCode::OK, &OptionsAnswer { options: Value::Object(options) }))
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The models that are offered: the one that is asked by default, and those of the settings or else all that are known.
pub async fn offered(asked: &Asked) -> Result<Vec<ModelChoice>, TarkoError> {
    let mut offered: Vec<_> = asked.engine().models(&asked.caller).await?.into_iter().map(|item| item.model).collect();
    let chosen = &asked.door.settings.server.models;
    if !chosen.is_empty() {
        offered.truncate(1);
        offered.extend(chosen.iter().cloned());
    }
    let mut seen = std::collections::HashSet::new();
    offered.retain(|model| seen.insert(model.clone()));
    Ok(offered)
}

async fn models(asked: Asked) -> Answer {
    let models = offered(&asked).await?.iter().map(model_info).collect();
    Ok(reply(StatusCode::OK, &ModelsAnswer { models }))
}

/// A session without settings, and one that is not there, have the values of the schema.
async fn runtime_settings(asked: Asked) -> Answer {
    let Some(schema) = asked.door.settings.server.runtime_settings.clone() else {
        let schema = json!({ "type": "object", "properties": {} });
        return Ok(reply(StatusCode::OK, &RuntimeSettingsAnswer { schema, current_values: Map::new() }));
    };
    let mut current_values = Map::new();
    if let Some(named) = asked.text("sessionId").filter(|named| !named.is_empty()) {
        let session = match SessionId::parse(&named) {
            Ok(id) => match asked.engine().session(&asked.caller, &id).await {
                Err(error) if error.code != ErrorCode::NotFound => return Err(error.into()),
                found => found.ok(),
            },
            Err(_) => None,
        };
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let defaults = properties.filter_map(|(name, property)| Some((name.clone(), property.get("default")?.clone())));
        current_values.extend(defaults);
        let own = session.map(|item| kept(&item.summary.session)).unwrap_or_default();
        current_values.extend(own.get("runtimeSettings").and_then(Value::as_object).cloned().unwrap_or_default());
    }
    Ok(reply(StatusCode::OK, &RuntimeSettingsAnswer { schema, current_values }))
}

/// Where there is no route below `sessions`, the original asks for a session all the same.
async fn no_route(asked: Asked) -> Answer {
    asked.session().await?;
    Err(TarkoError::no_route(&asked.method, asked.uri.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_shown_up_to_a_length() {
        assert_eq!(shown("short"), "short");
        assert_eq!(shown(&"ä".repeat(101)), format!("{}...", "ä".repeat(100)));
    }
}
