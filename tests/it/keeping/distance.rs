//! The same verbs over a distance.

use ombud::config::Wire;
use ombud::domain::{ErrorCode, SessionId};
use ombud::engine::{Engine as _, ForkedSession, PruneRules, SessionSearch, StatsFilter};
use ombud::remote::Remote;

use super::logs::{bytes, exported};
use crate::support::house::{answer, question, somebody};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::Served;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_far_side_answers_as_the_house() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("a green parrot")]);
    let served = Served::start_with(&model, |settings| settings.server.allow_local_admin = true).await;
    let (far, near, me) = (Remote::new(served.client.base(), None).unwrap(), &*served.house, somebody());
    let asked = far.ask(&me, question("which bird?")).await.unwrap();
    answer(near, &asked).await;
    let id = &asked.session;
    let search = SessionSearch { query: "parrot".into(), limit: 9, ..SessionSearch::default() };
    let found = far.keeping().search(&me, &search).await.unwrap();
    assert_eq!((found.hits.len(), &found), (1, &near.keeping().search(&me, &search).await.unwrap()));
    let fork = ForkedSession { id: Some(SessionId::from_text("fork")), ..ForkedSession::default() };
    let forked = far.keeping().fork(&me, id, &fork).await.unwrap();
    assert_eq!(near.session(&me, &forked.id).await.unwrap().summary.session, forked);
    let text = exported(&far, id).await;
    assert_eq!(text, exported(near, id).await);
    let copy = SessionId::from_text("copy");
    let brought = far.keeping().import_log(&me, Some(&copy), bytes(&text)).await.unwrap();
    assert_eq!(brought.session.id, copy);
    let error = far.keeping().import_log(&me, Some(&copy), bytes("{}")).await.unwrap_err();
    assert!(error.message.starts_with("line 1: "), "{error}");
    let stats = far.keeping().stats(&me, &StatsFilter::default()).await.unwrap();
    assert_eq!((stats.total.runs, &stats), (2, &near.keeping().stats(&me, &StatsFilter::default()).await.unwrap()));
    assert_eq!(far.keeping().retain(&me).await.unwrap(), None);
    let pruned = far.keeping().prune(&me, &PruneRules { keep: Some(0), ..PruneRules::default() }).await.unwrap();
    assert_eq!((pruned.sessions.len(), near.health(&me).await.unwrap().sessions), (3, 0));
    assert_eq!(far.keeping().back_up(&me, "/nowhere").await.unwrap_err().code, ErrorCode::NotSupported);
}

/// A log says by itself who did what: it is not taken from everybody who reaches the port.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_proven_nothing_brings_no_log() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let far = Remote::new(served.client.base(), None).unwrap();
    let error = far.keeping().import_log(&somebody(), None, bytes("{}")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Forbidden);
    assert!(error.message.ends_with("may not bring or copy whole logs: only who administers the house may"), "{error}");
}
