//! People with an account: how they prove who they are, how long it counts, what their roles let them do, and how the shell
//! makes accounts.

mod command;
mod logins;
mod others;
mod tokens;

use std::sync::Arc;

use ombud::domain::{Error, Principal, Result, Role, User};
use ombud::engine::{Engine, House, Login, LoginAttempt, NewUser, UserChange, Word};
use ombud::storage::Store;
use secrecy::SecretString;

use crate::keys::{Moved, house_on};
use crate::support::house::somebody;

/// The password of everybody here.
const PASSWORD: &str = "correct horse battery";

fn word(text: &str) -> Word {
    Word::given(SecretString::from(text))
}

/// A house whose people may enter by one door.
fn house(store: &Arc<dyn Store>, clock: &Arc<Moved>) -> House {
    house_on(store, clock, |settings| settings.server.user_doors = vec!["people".to_owned()])
}

fn new_user(name: &str, role: Role) -> NewUser {
    NewUser { name: name.to_owned(), role, email: None, password: word(PASSWORD) }
}

async fn make(house: &House, name: &str, role: Role) -> User {
    house.people().create_user(&somebody(), new_user(name, role)).await.unwrap()
}

/// Tries to log in, from nowhere in particular.
async fn try_login(house: &House, name: &str, password: &str) -> Result<Login> {
    let attempt = LoginAttempt { name: name.to_owned(), password: word(password), address: None };
    house.people().login(attempt).await
}

async fn login(house: &House, name: &str) -> Login {
    try_login(house, name, PASSWORD).await.unwrap()
}

async fn verified(house: &House, token: &Word) -> Principal {
    house.verify(&Principal::house(), token.expose()).await.unwrap()
}

/// How a token is refused, or the name of who calls with it.
async fn worth(house: &House, token: &str) -> String {
    match house.verify(&Principal::house(), token).await {
        Ok(caller) => caller.name,
        Err(error) => format!("{:?}", error.code),
    }
}

/// The code, the message and the hint of an error.
fn told(error: Error) -> (String, String, Option<String>) {
    (error.code.word().to_owned(), error.message, error.hint)
}

fn with_password(password: &str) -> UserChange {
    UserChange { password: Some(word(password)), ..UserChange::default() }
}
