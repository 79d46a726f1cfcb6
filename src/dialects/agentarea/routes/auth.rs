//! Logging in and out, and who one is.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use secrecy::SecretString;

use super::super::ids;
use super::super::request::{Answer, Asked};
use super::super::wire::{Login, LoginAnswer, Refusal, Success, UserAnswer};
use super::refusing;
use crate::domain::User;
use crate::engine::{Login as Proven, LoginAttempt, Word};
use crate::http::{Needs, Route, Routes, json as reply};

const CHAPTER: &str = "Authentication";

/// The routes.
pub fn routes() -> Routes {
    let known = |route: Route| refusing(route, &[]);
    vec![
        refusing(Route::post("/v1/auth/login", login), &[])
            .about("Proves who somebody is, and gives a token")
            .named_in(CHAPTER, "login")
            .needs(Needs::Nothing)
            .takes::<Login>()
            .gives::<LoginAnswer>(StatusCode::OK, "The token.")
            .gives::<Refusal>(StatusCode::UNAUTHORIZED, "Name or password is wrong."),
        known(Route::post("/v1/auth/refresh", refresh))
            .about("A new token for whoever has one that counts; the old one counts until it ends")
            .named_in(CHAPTER, "refresh")
            .gives::<LoginAnswer>(StatusCode::OK, "The token."),
        known(Route::post("/v1/auth/logout", logout))
            .about("Ends the token of this request")
            .named_in(CHAPTER, "logout")
            .gives::<Success>(StatusCode::OK, "It opens nothing any more."),
        known(Route::get("/v1/auth/me", me))
            .about("Whose token it is")
            .named_in(CHAPTER, "me")
            .gives::<UserAnswer>(StatusCode::OK, "The user."),
    ]
}

/// A user as this API tells them.
pub fn told(user: &User) -> UserAnswer {
    UserAnswer { id: ids::user(&user.id), username: user.name.clone(), email: user.email.clone(), role: user.role.word() }
}

fn proven(asked: &Asked, login: &Proven) -> Response {
    let answer = LoginAnswer {
        access_token: login.token.expose().to_owned(),
        token_type: "bearer",
        expires_in: login.expires_at.millis_since(asked.door.clock.now()).div_ceil(1_000),
        user: told(&login.user),
    };
    let mut response = reply(StatusCode::OK, &answer);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn login(asked: Asked) -> Answer {
    let mut body = asked.body()?;
    let name = body.required("username", 1..=255);
    let password = body.required("password", 1..=1_024);
    body.check()?;
    let password = Word::given(SecretString::from(password));
    let login = asked.engine().people().login(LoginAttempt { name, password, address: asked.address() }).await?;
    Ok(proven(&asked, &login))
}

async fn refresh(asked: Asked) -> Answer {
    let login = asked.engine().people().refresh(&asked.caller).await?;
    Ok(proven(&asked, &login))
}

async fn logout(asked: Asked) -> Answer {
    asked.engine().people().logout(&asked.caller).await?;
    Ok(reply(StatusCode::OK, &Success::DONE))
}

async fn me(asked: Asked) -> Answer {
    let user = asked.engine().people().me(&asked.caller).await?;
    Ok(reply(StatusCode::OK, &told(&user)))
}
