//! What who is not proven may not do.

use ombud::config::Wire;
use ombud::domain::{ErrorCode, Principal, SessionUpdated};
use ombud::engine::{Engine, FileSearch, NewSession, OnBusy};
use ombud::storage::StoreUrl;
use serde_json::json;

use crate::support::house::{again, answer, open, settings, somebody};
use crate::support::model_server::{Answer, ModelServer};

/// A session that an administrator made in another folder is no way into that folder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_elsewhere_is_no_way_into_its_folder() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("one"), Answer::text("two")]);
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(other.path().join("a.txt"), "private").unwrap();
    let house = open(settings(&server, own.path()), &StoreUrl::Memory).await;
    let folder = Some(other.path().canonicalize().unwrap().to_str().unwrap().to_owned());
    let there = house.create(&somebody(), NewSession { workspace: folder.clone(), ..NewSession::default() }).await.unwrap();
    let here = house.create(&somebody(), NewSession::default()).await.unwrap();

    let caller = Principal::unproven();
    let search = FileSearch { limit: 10, ..FileSearch::default() };
    let moved = SessionUpdated { workspace: Some(folder), ..SessionUpdated::default() };
    let refused = [
        house.look(&caller, Some(&there.id), "").await.map(drop),
        house.find(&caller, Some(&there.id), &search).await.map(drop),
        house.open_file(&caller, Some(&there.id), "a.txt").await.map(drop),
        house.ask(&caller, again(&there.id, "write", OnBusy::Reject)).await.map(drop),
        house.update(&caller, &here.id, moved).await.map(drop),
    ];
    for (number, refused) in refused.into_iter().enumerate() {
        assert_eq!(refused.unwrap_err().code, ErrorCode::Forbidden, "{number}");
    }
    assert_eq!(house.look(&somebody(), Some(&there.id), "").await.unwrap().entries.len(), 1);
    for caller in [caller, somebody()] {
        let asked = house.ask(&caller, again(&here.id, "hi", OnBusy::Reject)).await.unwrap();
        answer(&house, &asked).await;
    }
    server.finish();
}

/// Lists show titles and what doors keep, each time: both have a limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lists_show_has_a_limit() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let own = tempfile::tempdir().unwrap();
    std::fs::write(own.path().join(".env"), "hidden").unwrap();
    std::os::unix::fs::symlink(".env", own.path().join("plain.txt")).unwrap();
    let house = open(settings(&server, own.path()), &StoreUrl::Memory).await;
    let title = Some("t".repeat(5_000));
    let attributes = json!({ "door": "a".repeat(2 << 20) }).as_object().unwrap().clone();
    let session = house.create(&somebody(), NewSession::default()).await.unwrap();
    let too_large = [
        house.create(&somebody(), NewSession { title: title.clone(), ..NewSession::default() }).await.map(drop),
        house.create(&somebody(), NewSession { attributes: attributes.clone(), ..NewSession::default() }).await.map(drop),
        house
            .update(&somebody(), &session.id, SessionUpdated { title: Some(title), ..SessionUpdated::default() })
            .await
            .map(drop),
    ];
    let codes: Vec<_> = too_large.into_iter().filter_map(Result::err).map(|error| error.code).collect();
    assert_eq!(codes, [ErrorCode::TooLarge; 3]);
    // Neither by its name nor by a link.
    for hidden in [".env", "plain.txt"] {
        let refused = house.open_file(&somebody(), None, hidden).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Forbidden, "{hidden}");
    }
    server.finish();
}
