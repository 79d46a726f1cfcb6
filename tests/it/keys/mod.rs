//! Keys and minted tokens: what they let their holders do, how long they count, and how the shell makes them.

mod command;
mod verbs;
mod walked;
mod words;

pub use self::words::{Moved, house_on, memory};

use std::collections::BTreeMap;

use ombud::config::Settings;
use ombud::domain::{Agent, KeyPermission, Principal, SessionId};
use ombud::engine::{Engine, House, NewKey, NewToken, ToTranscribe, Word};

use crate::support::house::settings;
use crate::support::model_server::ModelServer;

/// Settings with two agents, `alpha` and `beta`.
fn two_agents(server: &ModelServer, workspace: &std::path::Path) -> Settings {
    let agent = |name: &str| Agent { name: name.into(), instructions: "Be brief.".into(), ..Agent::default() };
    let agents = BTreeMap::from(["alpha", "beta"].map(|name| (name.to_owned(), agent(name))));
    Settings { agent: "alpha".into(), agents, ..settings(server, workspace) }
}

fn key(name: &str, permissions: &[KeyPermission]) -> NewKey {
    NewKey { name: name.into(), permissions: permissions.to_vec(), prefix: "test_sk_".into(), ..NewKey::default() }
}

fn token(agent: &str, session: Option<&SessionId>) -> NewToken {
    NewToken { agent: agent.into(), session: session.cloned(), prefix: "test_et_".into(), ..NewToken::default() }
}

/// Sound that an agent is to listen to that is not there.
fn sound() -> ToTranscribe {
    ToTranscribe {
        agent: Some("none".into()),
        model: None,
        name: "a.wav".into(),
        media_type: "audio/wav".into(),
        ending: ".wav".into(),
        bytes: Box::pin(futures_util::stream::empty()),
    }
}

async fn verified(house: &House, word: &Word) -> Principal {
    house.verify(&Principal::house(), word.expose()).await.unwrap()
}

/// How a word is refused, or the name of who calls with it.
async fn worth(house: &House, word: &str) -> String {
    match house.verify(&Principal::house(), word).await {
        Ok(caller) => caller.name,
        Err(error) => format!("{:?}", error.code),
    }
}

/// A word that was given.
/// What cannot be done in a test is told only to who may do it.
fn supported(came: ombud::domain::Result<()>) -> ombud::domain::Result<()> {
    came.or_else(|error| if error.code == ombud::domain::ErrorCode::NotSupported { Ok(()) } else { Err(error) })
}

fn secret(text: &str) -> ombud::engine::Word {
    ombud::engine::Word::given(secrecy::SecretString::from(text))
}
