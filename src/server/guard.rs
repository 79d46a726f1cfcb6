//! Who is let in.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::domain::Principal;
use crate::http::{Caller, Door};

/// Finds out who calls.
pub(super) async fn let_in(State(_door): State<Door>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Caller(Principal::unproven()));
    next.run(request).await
}
