//! Routes of two APIs on one method and path: which of them a request means, by what it looks like. Where that cannot be
//! told, both answer, and what they say is laid together.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use bytes::Bytes;
use http::Method;
use http::request::Parts;
use serde_json::{Map, Value};
use tower::ServiceExt as _;

use crate::domain::Error;
use crate::http::{Door, Meant, Shape, read_body};

/// Most bytes of an answer that is laid together with another.
const ANSWER: usize = 16 << 20;

/// One of several routes.
pub(super) struct Choice {
    /// Which requests mean it; absent = those that mean no other.
    pub(super) meant: Option<fn(&Shape<'_>) -> Meant>,
    /// What answers, behind its own checks.
    pub(super) handler: MethodRouter<Door>,
    /// How its API refuses.
    pub(super) refuse: fn(&Error) -> Response,
}

/// What answers on a method for several routes. The first that does not ask is meant when no other is.
pub(super) fn among(method: &Method, mut choices: Vec<Choice>) -> MethodRouter<Door> {
    let plain = choices.iter().position(|choice| choice.meant.is_none()).unwrap_or(0);
    if choices.len() < 2 || !choices.iter().any(|choice| choice.meant.is_some()) {
        return if choices.is_empty() { MethodRouter::new() } else { choices.swap_remove(plain).handler };
    }
    let first = choices.remove(plain);
    let choices = Arc::new((first, choices));
    let Ok(filter) = MethodFilter::try_from(method.clone()) else { return MethodRouter::new() };
    on(filter, move |State(door): State<Door>, request: Request| {
        let choices = Arc::clone(&choices);
        async move { chosen(&choices, &door, request).await }
    })
}

async fn chosen((first, others): &(Choice, Vec<Choice>), door: &Door, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = match read_body(body, door.settings.server.limits.body_bytes).await {
        Ok(body) => body,
        Err(error) => return (first.refuse)(&error),
    };
    let shape = Shape { head: &head, body: &body };
    let found = others.iter().find_map(|choice| match choice.meant?(&shape) {
        Meant::Other => None,
        meant => Some((choice, meant)),
    });
    match found {
        None => answer(first, door, &head, &body).await,
        Some((choice, Meant::This | Meant::Other)) => answer(choice, door, &head, &body).await,
        Some((choice, Meant::Both)) => {
            // How long it is, HEAD is told of what GET is told: whoever carries the answer leaves out its body.
            let mut head = head.clone();
            if head.method == Method::HEAD {
                head.method = Method::GET;
            }
            let one = answer(first, door, &head, &body).await;
            let other = answer(choice, door, &head, &body).await;
            together(one, other).await
        }
    }
}

async fn answer(choice: &Choice, door: &Door, head: &Parts, body: &Bytes) -> Response {
    let request = Request::from_parts(head.clone(), Body::from(body.clone()));
    match choice.handler.clone().with_state(door.clone()).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Both answers in one: of two that tell something, the fields of both, of which the second's count; else the one that
/// tells something, or the second. Where one wants to know who calls, so do both.
async fn together(one: Response, other: Response) -> Response {
    match (one.status().is_success(), other.status().is_success()) {
        (true, false) if other.status() != http::StatusCode::UNAUTHORIZED => return one,
        (_, false) | (false, true) => return other,
        (true, true) => {}
    }
    let ((_, one), (mut head, other)) = (one.into_parts(), other.into_parts());
    let (Some(mut fields), Some(more)) = (fields(one).await, fields(other).await) else {
        return crate::http::refuse(&Error::internal("two answers cannot be laid together"));
    };
    fields.extend(more);
    head.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(Value::Object(fields).to_string()))
}

async fn fields(body: Body) -> Option<Map<String, Value>> {
    let body = read_body(body, ANSWER).await.ok()?;
    if body.is_empty() { Some(Map::new()) } else { serde_json::from_slice(&body).ok() }
}
