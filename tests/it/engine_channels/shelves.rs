//! What doors keep for themselves.

use ombud::domain::{ErrorCode, Principal, Scope};
use ombud::engine::{Engine as _, Expected, ShelfPlace};
use serde_json::json;

use super::{Room, seat};
use crate::support::house::somebody;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_put_compared_listed_and_removed() {
    let room = Room::with(vec![seat("alpha", vec![])]).await;
    let (shelf, me) = (room.house.shelves(), somebody());
    let (servers, other) = (ShelfPlace::new("door", "server"), ShelfPlace::new("another", "server"));
    let put = async |id: &str, value, expected| shelf.shelf_put(&me, &servers, id, value, expected).await;
    assert_eq!(shelf.shelf_get(&me, &servers, "a").await.unwrap(), None);
    let first = put("a", json!({"n": 1}), Expected::Nothing).await.unwrap();
    assert_eq!(put("a", json!({}), Expected::Nothing).await.unwrap_err().code, ErrorCode::Conflict);
    let second = put("a", json!({"n": 2}), Expected::Revision(first.revision.clone())).await.unwrap();
    let stale = put("a", json!({"n": 3}), Expected::Revision(first.revision)).await.unwrap_err();
    assert_eq!(stale.code, ErrorCode::Conflict);
    assert_eq!(put("b", json!({}), Expected::Revision("x".into())).await.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(shelf.shelf_get(&me, &servers, "a").await.unwrap(), Some(second));
    assert_eq!(shelf.shelf_get(&me, &other, "a").await.unwrap(), None);
    for id in ["c", "b"] {
        put(id, json!(id), Expected::Anything).await.unwrap();
    }
    let page = shelf.shelf_list(&me, &servers, None, 2).await.unwrap();
    let ids: Vec<_> = page.documents.iter().map(|document| document.id.as_str()).collect();
    assert_eq!((ids, page.next.as_deref()), (vec!["a", "b"], Some("b")));
    let page = shelf.shelf_list(&me, &servers, page.next.as_deref(), 2).await.unwrap();
    assert_eq!((page.documents.len(), page.documents[0].value.clone(), page.next), (1, json!("c"), None));
    assert!(shelf.shelf_remove(&me, &servers, "a").await.unwrap());
    assert!(!shelf.shelf_remove(&me, &servers, "a").await.unwrap());
    assert_eq!(shelf.shelf_get(&me, &servers, "a").await.unwrap(), None);

    let large = put("large", json!("x".repeat(1 << 20)), Expected::Anything).await.unwrap_err();
    assert_eq!(large.code, ErrorCode::TooLarge);
    assert_eq!(put("", json!(1), Expected::Anything).await.unwrap_err().code, ErrorCode::InvalidInput);
    let nowhere = ShelfPlace::new("Door", "server:x");
    assert_eq!(shelf.shelf_get(&me, &nowhere, "a").await.unwrap_err().code, ErrorCode::InvalidInput);
    let reader = Principal { scopes: vec![Scope::Read], ..somebody() };
    assert!(shelf.shelf_get(&reader, &servers, "b").await.is_ok());
    assert_eq!(shelf.shelf_remove(&reader, &servers, "b").await.unwrap_err().code, ErrorCode::Forbidden);
    let user = Principal { scopes: vec![Scope::Sessions], ..somebody() };
    assert_eq!(shelf.shelf_get(&user, &servers, "b").await.unwrap_err().code, ErrorCode::Forbidden);
}

/// Of several that count up at once, each counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_at_once_one_puts() {
    let room = Room::with(vec![seat("alpha", vec![])]).await;
    let (shelf, me, place) = (room.house.shelves(), somebody(), ShelfPlace::new("door", "count"));
    shelf.shelf_put(&me, &place, "n", json!(0), Expected::Nothing).await.unwrap();
    let count = async || {
        let mut done = 0;
        while done < 10 {
            let there = shelf.shelf_get(&me, &place, "n").await.unwrap().unwrap();
            let next = json!(there.value.as_u64().unwrap() + 1);
            done += usize::from(shelf.shelf_put(&me, &place, "n", next, Expected::Revision(there.revision)).await.is_ok());
        }
    };
    futures_util::future::join_all([count(), count(), count()]).await;
    assert_eq!(shelf.shelf_get(&me, &place, "n").await.unwrap().unwrap().value, json!(30));
}
