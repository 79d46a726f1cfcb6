//! Several processes on one store: what one changes counts in the others within two seconds.

use std::sync::Arc;

use ombud::domain::{ErrorCode, Role};
use ombud::engine::{Engine as _, UserChange};
use ombud::storage::{self, Store, StoreUrl};

use super::{house, login, make, try_login, verified, with_password, worth};
use crate::keys::Moved;
use crate::support::house::somebody;

async fn stores(url: &StoreUrl) -> [Arc<dyn Store>; 2] {
    [storage::open(url).await.unwrap(), storage::open(url).await.unwrap()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_know_it_soon() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for url in [StoreUrl::Sqlite(folder.path().join("a.db")), StoreUrl::File(folder.path().join("b"))] {
        let ([first, second], clock) = (stores(&url).await, Moved::new());
        let (one, two) = (house(&first, &clock), house(&second, &clock));
        make(&one, "ana", Role::Admin).await;
        make(&one, "bob", Role::Viewer).await;
        let [ended, kept, also] = [login(&one, "ana").await, login(&two, "ana").await, login(&one, "ana").await];
        // Known at once, whoever signed it.
        for house in [&one, &two] {
            for login in [&ended, &kept, &also] {
                assert_eq!(worth(house, login.token.expose()).await, "user:ana");
            }
        }
        let caller = verified(&two, &ended.token).await;
        let admin = verified(&two, &kept.token).await;
        one.people().logout(&verified(&one, &ended.token).await).await.unwrap();
        clock.pass(2);
        assert_eq!(worth(&two, ended.token.expose()).await, "Unauthorized");
        assert_eq!(two.people().me(&caller).await.unwrap_err().code, ErrorCode::Unauthorized);
        assert_eq!(worth(&two, kept.token.expose()).await, "user:ana");

        let viewer = UserChange { role: Some(Role::Viewer), ..UserChange::default() };
        one.people().update_user(&somebody(), "ana", viewer).await.unwrap();
        clock.pass(2);
        assert_eq!(two.people().users(&admin).await.unwrap_err().code, ErrorCode::Unauthorized);
        assert!(!verified(&two, &kept.token).await.is_admin());

        one.people().update_user(&somebody(), "ana", with_password("another horse battery")).await.unwrap();
        clock.pass(2);
        assert_eq!(worth(&two, kept.token.expose()).await, "Unauthorized");
        let fresh = try_login(&two, "ana", "another horse battery").await.unwrap();

        let bob = login(&two, "bob").await;
        one.people().remove_user(&somebody(), "bob").await.unwrap();
        clock.pass(2);
        assert_eq!(worth(&two, bob.token.expose()).await, "Unauthorized");
        assert_eq!(worth(&two, fresh.token.expose()).await, "user:ana");

        one.people().rotate_signing_key(&somebody(), false).await.unwrap();
        clock.pass(2);
        assert_eq!(worth(&two, fresh.token.expose()).await, "user:ana");
        let newest = login_again(&two).await;
        assert_eq!(worth(&one, &newest).await, "user:ana");
        one.people().rotate_signing_key(&somebody(), true).await.unwrap();
        clock.pass(2);
        assert_eq!(worth(&two, &newest).await, "Unauthorized");
    }
}

async fn login_again(house: &ombud::engine::House) -> String {
    try_login(house, "ana", "another horse battery").await.unwrap().token.expose().to_owned()
}

/// Of several that make the same account, or the first key, at the same moment, one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_makes_it() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let ([first, second], clock) = (stores(&StoreUrl::Sqlite(folder.path().join("a.db"))).await, Moved::new());
    let (one, two) = (house(&first, &clock), house(&second, &clock));
    let new = || super::new_user("ana", Role::Viewer);
    let me = somebody();
    let (here, there) = tokio::join!(one.people().create_user(&me, new()), two.people().create_user(&me, new()));
    let made = [here, there];
    assert_eq!(made.iter().filter(|came| came.is_ok()).count(), 1);
    let refused = made.into_iter().find_map(Result::err).unwrap();
    assert_eq!(refused.code, ErrorCode::Conflict);
    let (here, there) = tokio::join!(login(&one, "ana"), login(&two, "ana"));
    clock.pass(2);
    for token in [here, there] {
        for house in [&one, &two] {
            assert_eq!(worth(house, token.token.expose()).await, "user:ana");
        }
    }
    // Rotations at the same moment leave one key that signs, and what was signed counts.
    let before = login(&one, "ana").await;
    let (here, there) =
        tokio::join!(one.people().rotate_signing_key(&me, false), two.people().rotate_signing_key(&me, false));
    assert_eq!((here, there), (Ok(()), Ok(())));
    clock.pass(2);
    let after = login(&two, "ana").await;
    for token in [before, after] {
        assert_eq!(worth(&one, token.token.expose()).await, "user:ana");
    }
}
