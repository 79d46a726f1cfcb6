//! How long a word counts, and where it stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::StreamExt as _;
use ombud::config::{Settings, Wire};
use ombud::domain::{Clock, ErrorCode, Fact, KeyPermission, Principal, SessionUpdated, Timestamp};
use ombud::engine::{
    Engine, House, IssuedKey, IssuedToken, NewKey, NewSession, NewToken, NobodyToAsk, Notices, OnBusy, Parts, SessionFilter,
};
use ombud::models::{Models, Offline};
use ombud::observe::SystemClock;
use ombud::storage::{self, Store, StoreUrl};
use ombud::tools::Tools;
use secrecy::SecretString;

use super::{key, token, two_agents, verified, worth};
use crate::support::house::{again, answer, open, question, somebody};
use crate::support::model_server::{Answer, ModelServer};

/// Whoever has no admin's key has no commands run, as anybody without proof.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_no_admin_unless_it_was_made_one() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let workspace = tempfile::tempdir().unwrap();
    let house = open(two_agents(&server, workspace.path()), &StoreUrl::Memory).await;
    for (name, admin) in [("plain", false), ("operator", true)] {
        let new = NewKey { admin, ..key(name, &KeyPermission::ALL) };
        let caller = verified(&house, &house.create_key(&somebody(), new).await.unwrap().word).await;
        assert_eq!((caller.name.as_str(), caller.is_admin()), (format!("key:{name}").as_str(), admin));
        let asked = house.ask(&caller, question("run it")).await.unwrap();
        answer(&house, &asked).await;
        let events = house.events(&caller, &asked.session, None, 100).await.unwrap();
        let queued = events.iter().find_map(|event| match &event.fact {
            Fact::RunQueued(queued) => Some((event.actor.name.clone(), queued.pins.no_commands)),
            _ => None,
        });
        assert_eq!(queued, Some((caller.name, !admin)));
    }
}

/// A clock that tests move.
pub struct Moved(AtomicI64);

impl Moved {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_795_156_323_042)))
    }

    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> uuid::Uuid {
        SystemClock.new_id()
    }
}

/// A house on a store, under a clock.
pub fn house_on(store: &Arc<dyn Store>, clock: &Arc<Moved>, change: impl FnOnce(&mut Settings)) -> House {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let mut settings = two_agents(&server, &std::env::temp_dir());
    change(&mut settings);
    House::new(Parts {
        models: Models::new(&settings, clock.clone(), Arc::new(Offline::new(clock.clone()))).unwrap(),
        tools: Tools::new(&settings.limits, &settings.tools),
        settings,
        store: Arc::clone(store),
        clock: clock.clone(),
        approver: Arc::new(NobodyToAsk),
        notices: Notices::default(),
    })
}

pub async fn memory() -> Arc<dyn Store> {
    storage::open(&StoreUrl::Memory).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_counts_for_its_time() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |_| ());
    let me = somebody();
    assert_eq!(house.has_keys(&me).await, Ok(false));
    let new = NewKey { ttl_seconds: Some(7_200), ..key("shop", &[KeyPermission::Sessions, KeyPermission::Mint]) };
    let IssuedKey { key: kept, word } = house.create_key(&me, new.clone()).await.unwrap();
    assert_eq!(house.has_keys(&me).await, Ok(true));
    assert!(word.expose().starts_with("test_sk_") && word.expose().ends_with(&kept.ending));
    assert_eq!(house.create_key(&me, new).await.unwrap_err().message, "key `shop` exists");
    assert_eq!(house.keys(&me).await, Ok(vec![kept.clone()]));
    assert_eq!(kept.expires_at.unwrap().millis_since(kept.created_at), 7_200_000);

    let shop = verified(&house, &word).await;
    let ends_in = async |wanted: Option<u64>| {
        let new = NewToken { ttl_seconds: wanted, ..token("alpha", None) };
        let issued: IssuedToken = house.mint(&shop, new).await.unwrap();
        (issued.expires_at.millis_since(clock.now()) / 1_000, issued.word)
    };
    // An hour unless told; never longer than the key that minted it.
    let (seconds, usual) = ends_in(None).await;
    assert_eq!(seconds, 3_600);
    assert_eq!(ends_in(Some(60)).await.0, 60);
    assert_eq!(ends_in(Some(1_000_000)).await.0, 7_200);
    let longest = NewToken { ttl_seconds: Some(1_000_000), ..token("alpha", None) };
    let longest = house.mint(&me, longest).await.unwrap();
    assert_eq!(longest.expires_at.millis_since(clock.now()), 86_400_000);
    let never = NewToken { ttl_seconds: Some(0), ..token("alpha", None) };
    assert_eq!(house.mint(&me, never).await.unwrap_err().code, ErrorCode::InvalidInput);

    // A word that was good a moment ago is not remembered beyond its end.
    assert!(worth(&house, usual.expose()).await.starts_with("token:"));
    clock.pass(3_599);
    assert!(worth(&house, usual.expose()).await.starts_with("token:"));
    clock.pass(1);
    assert_eq!(worth(&house, usual.expose()).await, "Unauthorized");
    assert_eq!(worth(&house, word.expose()).await, "key:shop");
    clock.pass(3_600);
    assert_eq!(worth(&house, word.expose()).await, "Unauthorized");
    // Who was known before does nothing any more either.
    let error = house.sessions(&shop, &SessionFilter::default()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unauthorized);
    assert_eq!(house.has_keys(&me).await, Ok(true), "one whose time is over is still a reason to want another");

    for word in ["", "x", "test_sk_", &word.expose().to_uppercase(), &format!("{} ", word.expose()), &"x".repeat(10_000)] {
        assert_eq!(worth(&house, word).await, "Unauthorized");
    }
    // The hash under which it is kept opens nothing.
    let record = store.records("key").await.unwrap().remove(0);
    assert_eq!(worth(&house, &record.id).await, "Unauthorized");
    assert!(!record.body.contains(word.expose()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_revoked_opens_nothing() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |_| ());
    let me = somebody();
    let shop = house.create_key(&me, key("shop", &[KeyPermission::Sessions, KeyPermission::Mint])).await.unwrap();
    let caller = verified(&house, &shop.word).await;
    let minted = house.mint(&caller, token("alpha", None)).await.unwrap();
    let second = house.mint(&caller, token("alpha", None)).await.unwrap();
    let holder = verified(&house, &minted.word).await;
    let session = house.create(&holder, NewSession::default()).await.unwrap();
    let mut frames = house.subscribe(&holder, &session.id, None).await.unwrap();
    assert!(frames.next().await.unwrap().is_ok());

    assert_eq!(house.revoke(&caller, minted.word.expose()).await, Ok(Some(minted.id)));
    assert_eq!(house.revoke(&caller, minted.word.expose()).await, Ok(None), "it was revoked before");
    assert_eq!(house.revoke(&caller, "test_et_none").await, Ok(None));
    assert_eq!(house.revoke(&caller, shop.word.expose()).await, Ok(None), "a key is removed, not revoked");
    assert_eq!(worth(&house, minted.word.expose()).await, "Unauthorized");
    // Neither does who was known before: not with a verb, and not by what is read already.
    assert_eq!(house.session(&holder, &session.id).await.unwrap_err().code, ErrorCode::Unauthorized);
    let change = SessionUpdated { title: Some(Some("secret".into())), ..SessionUpdated::default() };
    house.update(&me, &session.id, change).await.unwrap();
    assert_eq!(frames.next().await.unwrap().unwrap_err().code, ErrorCode::Unauthorized);
    assert!(frames.next().await.is_none());

    // With a key all go that it minted.
    assert!(worth(&house, second.word.expose()).await.starts_with("token:"));
    assert_eq!(house.remove_key(&me, "shop").await.unwrap().id, shop.key.id);
    assert_eq!(worth(&house, shop.word.expose()).await, "Unauthorized");
    assert_eq!(worth(&house, second.word.expose()).await, "Unauthorized");
    assert_eq!(house.remove_key(&me, "shop").await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(house.keys(&me).await, Ok(vec![]));
}

/// Two processes on one store: what one takes away opens nothing in the other within two seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_processes_learn_of_it_soon() {
    let (store, clock) = (memory().await, Moved::new());
    let (one, two) = (house_on(&store, &clock, |_| ()), house_on(&store, &clock, |_| ()));
    let me = somebody();
    assert_eq!(two.has_keys(&me).await, Ok(false));
    let shop = one.create_key(&me, key("shop", &[KeyPermission::Mint])).await.unwrap();
    let minted = one.mint(&verified(&one, &shop.word).await, token("alpha", None)).await.unwrap();
    // A new word is known at once.
    assert_eq!(worth(&two, shop.word.expose()).await, "key:shop");
    let holder = verified(&two, &minted.word).await;
    assert_eq!(one.revoke(&me, minted.word.expose()).await, Ok(Some(minted.id)));
    one.remove_key(&me, "shop").await.unwrap();
    clock.pass(2);
    assert_eq!(worth(&two, minted.word.expose()).await, "Unauthorized");
    assert_eq!(worth(&two, shop.word.expose()).await, "Unauthorized");
    let error = two.sessions(&holder, &SessionFilter::default()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unauthorized);
}

/// What somebody without proof has minted counts only where nobody needs any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_nobody_in_particular_ends_with_the_open_house() {
    let (store, clock) = (memory().await, Moved::new());
    let open = house_on(&store, &clock, |_| ());
    let minted = open.mint(&Principal::unproven(), token("alpha", None)).await.unwrap();
    assert!(worth(&open, minted.word.expose()).await.starts_with("token:"));
    let closed =
        house_on(&store, &clock, |settings| settings.server.token = Some(SecretString::from("a token of the house")));
    assert_eq!(worth(&closed, minted.word.expose()).await, "Unauthorized");
    open.create_key(&somebody(), key("shop", &[KeyPermission::Sessions])).await.unwrap();
    assert_eq!(worth(&open, minted.word.expose()).await, "Unauthorized");
}

/// A key's doors go over to what it mints, and can only become fewer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doors_only_become_fewer() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |_| ());
    let doors = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let new = NewKey { doors: doors(&["one", "two"]), ..key("k", &[KeyPermission::Mint]) };
    let limited = verified(&house, &house.create_key(&somebody(), new).await.unwrap().word).await;
    for (caller, wanted, enters) in [
        (&limited, None, ["one", "two"].as_slice()),
        (&limited, doors(&["two", "three"]), &["two"]),
        (&limited, doors(&["three"]), &[]),
        (&somebody(), None, &["one", "two", "three"]),
        (&somebody(), doors(&["three"]), &["three"]),
    ] {
        let new = NewToken { doors: wanted, ..token("alpha", None) };
        let holder = verified(&house, &house.mint(caller, new).await.unwrap().word).await;
        let entered: Vec<_> = ["one", "two", "three"].into_iter().filter(|door| holder.may_enter(door)).collect();
        assert_eq!(entered, enters);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_makes_no_key() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |_| ());
    let good = || key("shop", &[KeyPermission::Sessions]);
    let wrong = [
        NewKey { name: String::new(), ..good() },
        NewKey { name: "-a".into(), ..good() },
        NewKey { name: "a b".into(), ..good() },
        NewKey { name: "a\n".into(), ..good() },
        NewKey { name: "x".repeat(65), ..good() },
        NewKey { permissions: vec![], ..good() },
        NewKey { prefix: String::new(), ..good() },
        NewKey { prefix: "key".into(), ..good() },
        NewKey { prefix: "Key_".into(), ..good() },
        NewKey { ttl_seconds: Some(0), ..good() },
        NewKey { ttl_seconds: Some(u64::MAX), ..good() },
        NewKey { doors: Some(vec![]), ..good() },
        NewKey { doors: Some(vec!["A B".into()]), ..good() },
        NewKey { doors: Some((0..17).map(|number| format!("door{number}")).collect()), ..good() },
    ];
    for new in wrong {
        let error = house.create_key(&somebody(), new.clone()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{new:?}");
    }
    assert_eq!(house.keys(&somebody()).await, Ok(vec![]));
}

/// Tokens that are over do not pile up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_are_over_are_taken_away() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |_| ());
    let new = NewToken { ttl_seconds: Some(60), ..token("alpha", None) };
    for _ in 0..1_000 {
        house.mint(&somebody(), new.clone()).await.unwrap();
    }
    assert_eq!(store.records("token").await.unwrap().len(), 1_000);
    clock.pass(3_600);
    let last = house.mint(&somebody(), new).await.unwrap();
    house.drain().await;
    assert_eq!(store.records("token").await.unwrap().len(), 1);
    assert!(worth(&house, last.word.expose()).await.starts_with("token:"));
}

/// Words are in no log of a session, and in no text of an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_nowhere() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let workspace = tempfile::tempdir().unwrap();
    let house = &open(two_agents(&server, workspace.path()), &StoreUrl::Memory).await;
    let session = house.create(&somebody(), NewSession::default()).await.unwrap().id;
    let issued = house.create_key(&somebody(), key("shop", &KeyPermission::ALL)).await.unwrap();
    let minted = house.mint(&verified(house, &issued.word).await, token("alpha", None)).await.unwrap();
    let mut said = format!("{issued:?} {minted:?}");
    for word in [&issued.word, &minted.word] {
        let caller = verified(house, word).await;
        said.push_str(&format!("{caller:?}"));
        house.ask(&caller, again(&session, "hi", OnBusy::Queue)).await.unwrap();
        said.push_str(&format!("{:?}", house.verify(&Principal::house(), &format!("{}x", word.expose())).await));
        said.push_str(&format!("{:?}", house.remove_key(&somebody(), word.expose()).await));
        said.push_str(&format!("{:?}", house.create_key(&somebody(), key(word.expose(), &KeyPermission::ALL)).await));
    }
    let events = house.events(&somebody(), &session, None, 1_000).await.unwrap();
    let log = serde_json::to_string(&events).unwrap();
    assert!(log.contains("key:shop") && log.contains("token:"), "who asked stands in the log by name");
    for text in [said, log] {
        for word in [&issued.word, &minted.word] {
            assert!(!text.contains(word.expose()) && !text.contains(&word.expose()[..20]), "{text}");
        }
    }
}
