//! Sessions: changed, restored, ended.

use http::StatusCode;
use serde_json::{Map, Value};

use super::super::errors::TarkoError;
use super::super::request::{Answer, Asked, asked};
use super::super::to_wire::{self, Telling, keep, kept};
use super::super::wire::{
    ErrorAnswer, ModelChangedAnswer, ModelRequest, RestoredAnswer, RuntimeSettingsChangedAnswer, RuntimeSettingsRequest,
    SessionAnswer, SessionRequest, SuccessAnswer, SummaryAnswer, SummaryRequest, UpdateRequest,
};
use super::super::{from_wire, titles};
use super::about_session;
use crate::domain::{ModelChoice, Session, SessionUpdated};
use crate::engine::Orphans;
use crate::http::{Route, Routes, json};

/// The routes.
pub fn all() -> Routes {
    vec![
        about_session(Route::post("/api/v1/sessions/update", asked(update)))
            .about("Changes title, tags, model and what else is said about a session")
            .takes::<UpdateRequest>()
            .gives::<SessionAnswer>(StatusCode::OK, "The session."),
        about_session(Route::post("/api/v1/sessions/delete", asked(delete)))
            .about("Ends a session, for good")
            .takes::<SessionRequest>()
            .gives::<SuccessAnswer>(StatusCode::OK, "It is gone."),
        about_session(Route::post("/api/v1/sessions/restore", asked(restore)))
            .about("Goes on with the run of a session whose process died")
            .takes::<SessionRequest>()
            .gives::<RestoredAnswer>(StatusCode::OK, "The session, which can be used."),
        about_session(Route::post("/api/v1/sessions/model", asked(model)))
            .about("Gives a session another model")
            .takes::<ModelRequest>()
            .gives::<ModelChangedAnswer>(StatusCode::OK, "The session."),
        about_session(Route::post("/api/v1/sessions/generate-summary", asked(summary)))
            .about("A title for a conversation")
            .takes::<SummaryRequest>()
            .gives::<SummaryAnswer>(StatusCode::OK, "The title.")
            .gives::<ErrorAnswer>(StatusCode::BAD_GATEWAY, "The model failed."),
        about_session(Route::post("/api/v1/runtime-settings", asked(runtime_settings)))
            .about("Gives a session other settings of the interface")
            .takes::<RuntimeSettingsRequest>()
            .gives::<RuntimeSettingsChangedAnswer>(StatusCode::OK, "The session and its settings."),
    ]
}

/// Refuses a model that is not offered.
pub async fn check_model(asked: &Asked, model: &ModelChoice) -> Result<(), TarkoError> {
    let offered = super::system::offered(asked).await?;
    if offered.contains(model) {
        return Ok(());
    }
    Err(TarkoError::invalid("Invalid model configuration").says(format!(
        "model {model} is not offered here: GET /api/v1/models tells which are, and `server.models` of the settings adds more"
    )))
}

async fn changed(asked: &Asked, session: &Session, change: SessionUpdated) -> Result<Session, TarkoError> {
    Ok(asked.engine().update(&asked.caller, &session.id, change).await?)
}

/// The change that puts a field where it belongs; what has no place of its own is kept.
async fn change(
    asked: &Asked,
    session: &Session,
    (name, value): (&str, &Value),
    change: &mut SessionUpdated,
    kept: &mut Map<String, Value>,
) -> Result<(), TarkoError> {
    match name {
        "name" => change.title = Some(value.as_str().filter(|name| !name.is_empty()).map(str::to_owned)),
        "tags" => change.labels = Some(from_wire::with_tags(&session.labels, value)),
        "modelConfig" => {
            let model = from_wire::model(value);
            if model.is_none() && !value.is_null() {
                return Err(TarkoError::invalid("Invalid model configuration"));
            }
            if let Some(model) = &model {
                check_model(asked, model).await?;
            }
            keep_model(kept, value, model.as_ref());
            change.model = Some(model);
        }
        _ if from_wire::is_secret(name) => {}
        _ => {
            kept.insert(name.to_owned(), from_wire::without_secrets(value));
        }
    }
    Ok(())
}

/// Keeps a model as the client said it, so that it is told with what else was said of it; its id always as `id`.
fn keep_model(kept: &mut Map<String, Value>, said: &Value, model: Option<&ModelChoice>) {
    match (from_wire::without_secrets(said), model) {
        (Value::Object(mut said), Some(model)) => {
            said.entry("id").or_insert_with(|| model.id.as_str().into());
            kept.insert("modelConfig".to_owned(), said.into());
        }
        _ => {
            kept.shift_remove("modelConfig");
        }
    }
}

async fn update(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session;
    let before = kept(&session);
    let (mut after, mut update) = (before.clone(), SessionUpdated::default());
    let top = ["name", "tags"].iter().filter_map(|name| Some((*name, asked.field(name)?)));
    let said = asked.object("metadata").into_iter().flatten().map(|(name, value)| (name.as_str(), value));
    for field in top.chain(said) {
        change(&asked, &session, field, &mut update, &mut after).await?;
    }
    if after != before {
        from_wire::check_size(&after)?;
        update.attributes = keep(after);
    }
    let session = changed(&asked, &session, update).await?;
    Ok(json(StatusCode::OK, &SessionAnswer { session: Telling::now(&asked).await?.info(&session) }))
}

async fn delete(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session;
    asked.engine().delete(&asked.caller, &session.id).await?;
    Ok(json(StatusCode::OK, &SuccessAnswer { success: true }))
}

async fn restore(asked: Asked) -> Answer {
    let id = asked.session().await?.summary.session.id;
    asked.engine().restore(&asked.caller, Some(&id), Orphans::Resume).await?;
    let item = asked.session().await?;
    let mut session = Telling::now(&asked).await?.info(&item.summary.session);
    session.active = Some(to_wire::is_active(&item));
    Ok(json(StatusCode::OK, &RestoredAnswer { success: true, session }))
}

async fn model(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session;
    let said = asked.field("model");
    let Some((said, model)) = said.and_then(|said| Some((said, from_wire::model(said)?))) else {
        return Err(TarkoError::invalid("Missing required parameters: sessionId, model (with provider and id)"));
    };
    check_model(&asked, &model).await?;
    let mut kept = kept(&session);
    keep_model(&mut kept, said, Some(&model));
    from_wire::check_size(&kept)?;
    let update = SessionUpdated { model: Some(Some(model)), attributes: keep(kept), ..SessionUpdated::default() };
    let session = changed(&asked, &session, update).await?;
    let session_info = Telling::now(&asked).await?.info(&session);
    Ok(json(StatusCode::OK, &ModelChangedAnswer { success: true, session_info }))
}

async fn runtime_settings(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session;
    let Some(settings) = asked.object("runtimeSettings") else {
        return Err(TarkoError::invalid("Runtime settings object is required"));
    };
    let settings = from_wire::without_secrets(&Value::Object(settings.clone()));
    let mut kept = kept(&session);
    kept.insert("runtimeSettings".to_owned(), settings.clone());
    from_wire::check_size(&kept)?;
    let update = SessionUpdated { attributes: keep(kept), ..SessionUpdated::default() };
    let session = changed(&asked, &session, update).await?;
    let session = Telling::now(&asked).await?.info(&session);
    Ok(json(StatusCode::OK, &RuntimeSettingsChangedAnswer { session, runtime_settings: settings }))
}

async fn summary(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session;
    let Some(messages) = asked.field("messages").and_then(Value::as_array) else {
        return Err(TarkoError::invalid("Messages are required"));
    };
    let said = serde_json::json!({ "provider": asked.field("provider"), "id": asked.field("model") });
    let model = from_wire::model(&said).or(session.model);
    match titles::of(asked.engine(), &asked.caller, messages, model).await {
        Ok((summary, model)) => {
            Ok(json(StatusCode::OK, &SummaryAnswer { summary, model: model.id, provider: model.provider }))
        }
        Err(error) => Err(TarkoError::on_the_way("Failed to generate summary", &error)),
    }
}
