//! A house to measure, and one question to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt;
use ombud::config::{Environment, Flags, Settings, resolve};
use ombud::domain::{Fact, Frame, Part, Pins, Principal, SessionId};
use ombud::engine::{Answering, Ask, Engine, House, NobodyToAsk, OnBusy, Parts, Target};
use ombud::models::{Model, Models};
use ombud::observe::SystemClock;
use ombud::storage::Store;
use ombud::tools::Tools;

/// The settings of a user without files; the workspace is the (empty) folder. With `base_url`, a model behind it is
/// asked, else the one that the house is given.
pub fn settings(folder: &Path, base_url: Option<&str>) -> Settings {
    let mut variables = BTreeMap::from([("HOME".to_owned(), folder.join("home").display().to_string())]);
    if let Some(base_url) = base_url {
        variables.insert("OPENAI_BASE_URL".to_owned(), base_url.to_owned());
        variables.insert("OPENAI_API_KEY".to_owned(), "none".to_owned());
        variables.insert("OMBUD_MODEL".to_owned(), "openai/mock".to_owned());
    }
    let environment = Environment { variables, folder: Some(folder.to_owned()), program: None };
    resolve(&Flags::default(), &environment).expect("settings without a mistake").settings
}

/// A house; `model` answers where no other is configured.
pub fn open(settings: Settings, store: Arc<dyn Store>, model: Arc<dyn Model>) -> Arc<House> {
    let clock = Arc::new(SystemClock);
    let models = Models::new(&settings, clock.clone(), model).expect("a catalogue");
    let tools = Tools::new(&settings.limits, &settings.tools);
    Arc::new(House::new(Parts {
        settings,
        store,
        models,
        tools,
        clock,
        approver: Arc::new(NobodyToAsk),
        notices: ombud::engine::Notices::default(),
    }))
}

/// A question.
pub fn question(session: Option<&SessionId>) -> Ask {
    let target = session.map_or_else(|| Target::New(Box::default()), |id| Target::Existing(id.clone()));
    Ask {
        procedure: None,
        target,
        input: vec![Part::text("What is there to say about the words of this house?")],
        blobs: vec![],
        context: vec![],
        answering: Answering::SessionAgent,
        on_busy: OnBusy::WaitThenReject,
        pins: Pins::default(),
        ..Ask::default()
    }
}

/// Asks, and follows until the run has ended. Answers the session.
pub async fn ask(house: &House, session: Option<&SessionId>) -> SessionId {
    let caller = Principal::local("bench");
    let asked = house.ask(&caller, question(session)).await.expect("a question that is taken");
    let mut frames =
        house.subscribe(&caller, &asked.session, Some(asked.before)).await.expect("a session that can be followed");
    while let Some(frame) = frames.next().await {
        if let Frame::Fact(event) = frame.expect("a log that can be read")
            && let Fact::RunFinished(finished) = &event.fact
        {
            assert!(finished.error.is_none(), "{:?}", finished.error);
            return asked.session;
        }
    }
    panic!("the run did not end");
}
