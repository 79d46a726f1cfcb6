//! Finding, copying and putting away sessions.

mod commands;
mod distance;
mod logs;
mod transcripts;

use ombud::domain::{Message, MessageId, Part, SessionId};
use ombud::engine::{Engine, ForkedSession, PruneRules, SearchHit, SessionFilter, SessionSearch, StatsBy, StatsFilter};

use crate::support::house::{again, answer, question, somebody};
use crate::support::lives::{imported, scene};
use crate::support::model_server::Answer;
use ombud::engine::{Ask, NewSession, OnBusy, Target};

/// What is found, as session, text and place in the log.
async fn found(house: &dyn Engine, query: &str) -> Vec<SearchHit> {
    let search = SessionSearch { query: query.to_owned(), limit: 50, ..SessionSearch::default() };
    let page = house.keeping().search(&somebody(), &search).await.unwrap();
    assert_eq!((page.next, page.is_cut), (None, false));
    page.hits
}

fn snippets(hits: &[SearchHit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.snippet.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_is_found_until_it_counts_no_more() {
    let scene = scene(vec![Answer::text("The parrot sleeps."), Answer::text("It is green."), Answer::text("No.")]).await;
    let (house, me) = (&*scene.house, somebody());
    let new = NewSession { title: Some("Birds of Friday".into()), ..NewSession::default() };
    let (asked, _) = scene.says(Ask { target: Target::New(Box::new(new)), ..question("What does the PARROT do?") }).await;
    let id = &asked.session;
    scene.clock.go_on(60);
    scene.says(again(id, "Which colour has the parrot?", OnBusy::Reject)).await;
    let hits = found(house, "parrot").await;
    assert_eq!(snippets(&hits), ["Which colour has the parrot?", "The parrot sleeps.", "What does the PARROT do?"]);
    let newest = &hits[0];
    assert_eq!(newest.marks, [(21, 27)]);
    assert_eq!(
        (newest.title.as_deref(), newest.author.as_ref().unwrap().name.as_str()),
        (Some("Birds of Friday"), "somebody")
    );
    let ids = scene.ids(id).await;
    assert_eq!(newest.message.as_ref(), Some(&ids[2]));
    let title = found(house, "birds friday").await;
    assert_eq!((title.len(), title[0].seq, title[0].message.as_ref()), (1, 0, None));

    let since = SessionSearch { query: "parrot".into(), since: Some(newest.at), limit: 9, ..SessionSearch::default() };
    assert_eq!(house.keeping().search(&me, &since).await.unwrap().hits.len(), 1);
    let mut page = SessionSearch { query: "parrot".into(), limit: 1, ..SessionSearch::default() };
    let mut told = Vec::new();
    loop {
        let found = house.keeping().search(&me, &page).await.unwrap();
        told.extend(found.hits);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(told, hits);

    house.channels().redact(&me, id, &ids[1]).await.unwrap();
    assert_eq!(snippets(&found(house, "parrot").await), ["Which colour has the parrot?", "What does the PARROT do?"]);
    house.rewind(&me, id, Some(&ids[0])).await.unwrap();
    assert_eq!(snippets(&found(house, "parrot").await), ["What does the PARROT do?"]);
    house.clear(&me, id, ombud::domain::AfterClearing::Active).await.unwrap();
    assert_eq!(found(house, "parrot").await, []);
    assert_eq!(found(house, "birds").await.len(), 1);
    house.delete(&me, id).await.unwrap();
    assert_eq!(found(house, "birds").await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_has_the_history_up_to_a_message_and_goes_its_own_way() {
    let calls = Answer::text("I look.").and_calls(vec![("list_files", serde_json::json!({}))]);
    let script = vec![Answer::text("one"), calls, Answer::text("two"), Answer::text("three"), Answer::text("of the fork")];
    let scene = scene(script).await;
    let (house, me) = (&*scene.house, somebody());
    let (asked, _) = scene.says(question("first")).await;
    let id = &asked.session;
    scene.says(again(id, "second", OnBusy::Reject)).await;
    scene.says(again(id, "third", OnBusy::Reject)).await;
    let ids = scene.ids(id).await;
    assert_eq!(scene.shown(id).await, ["first", "one", "second", "I look.", "two", "third", "three"]);

    // In the middle of a round: what its calls gave comes along.
    let fork = ForkedSession { at: Some(ids[3].clone()), title: Some("Other".into()), ..ForkedSession::default() };
    let forked = house.keeping().fork(&me, id, &fork).await.unwrap();
    assert_eq!(scene.shown(&forked.id).await, ["first", "one", "second", "I look."]);
    let page = house.messages(&me, &forked.id, None, 9).await.unwrap();
    assert_eq!(page.messages[3].returns.len(), 1);
    assert_eq!(page.messages.iter().map(|shown| shown.message.id.clone()).collect::<Vec<_>>(), ids[..4]);
    let expected = serde_json::json!({"session": id, "message": ids[3], "seq": forked.attributes["fork"]["seq"]});
    assert_eq!((forked.title.as_deref(), &forked.attributes["fork"]), (Some("Other"), &expected));
    let asked = house.ask(&me, again(&forked.id, "and now?", OnBusy::Reject)).await.unwrap();
    answer(&scene.house, &asked).await;
    assert_eq!(scene.shown(&forked.id).await.last().map(String::as_str), Some("of the fork"));
    assert_eq!(scene.shown(id).await.len(), 7);

    // What was taken back or away does not come along.
    house.rewind(&me, id, Some(&ids[4])).await.unwrap();
    house.channels().redact(&me, id, &ids[0]).await.unwrap();
    let chosen = ForkedSession { id: Some(SessionId::from_text("chosen")), ..ForkedSession::default() };
    house.keeping().fork(&me, id, &chosen).await.unwrap();
    assert_eq!(scene.shown(&SessionId::from_text("chosen")).await, ["one", "second", "I look.", "two"]);
    let error = house.keeping().fork(&me, id, &chosen).await.unwrap_err();
    assert_eq!(error.message, "session `chosen` exists");
    let gone = ForkedSession { at: Some(ids[6].clone()), ..ForkedSession::default() };
    let error = house.keeping().fork(&me, id, &gone).await.unwrap_err();
    assert_eq!(error.message, format!("message `{}` is not known", ids[6]));
    assert_eq!(snippets(&found(house, "second").await), ["second", "second", "second"]);
    let requests = scene.server.finish();
    let last = serde_json::to_string(&requests.last().unwrap().body).unwrap();
    assert!(last.contains("I look.") && !last.contains("third"), "{last}");
}

/// Sessions with these ids, one a day, the last one now.
async fn daily(scene: &crate::support::lives::Scene, ids: &[&str]) {
    for id in ids {
        scene.clock.go_on(86_400);
        let id = SessionId::from_text(id);
        scene.house.import(&somebody(), imported(&id, None, 2)).await.unwrap();
    }
}

async fn left(house: &dyn Engine) -> Vec<String> {
    let filter = SessionFilter { limit: 50, ..SessionFilter::default() };
    let page = house.sessions(&somebody(), &filter).await.unwrap();
    page.sessions.into_iter().map(|item| item.summary.session.id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_sessions_are_deleted_by_rules() {
    let scene = scene(vec![]).await;
    let (house, me) = (&*scene.house, somebody());
    daily(&scene, &["e", "d", "c", "b", "a"]).await;
    let prune = async |rules: PruneRules| {
        let pruned = house.keeping().prune(&me, &rules).await.unwrap();
        (pruned.sessions.iter().map(|session| session.id.to_string()).collect::<Vec<_>>(), pruned.kept)
    };
    let old = PruneRules { older_than_seconds: Some(4 * 86_400), ..PruneRules::default() };
    let told = prune(PruneRules { dry_run: true, ..old.clone() }).await;
    assert_eq!((told, left(house).await.len()), ((vec!["e".to_owned()], 4), 5));
    assert_eq!(prune(old).await, (vec!["e".to_owned()], 4));
    assert_eq!(left(house).await, ["a", "b", "c", "d"]);
    let one = house.session(&me, &SessionId::from_text("a")).await.unwrap().summary.bytes;
    let small = PruneRules { max_bytes: Some(one * 3 + 2), ..PruneRules::default() };
    assert_eq!(prune(small).await, (vec!["d".to_owned()], 3));
    let tagged = PruneRules { keep: Some(0), labels: vec![("tag".into(), "x".into())], ..PruneRules::default() };
    assert_eq!(prune(tagged).await, (vec![], 0));
    assert_eq!(
        prune(PruneRules { keep: Some(1), ..PruneRules::default() }).await,
        (vec!["b".to_owned(), "c".to_owned()], 1)
    );
    assert_eq!(left(house).await, ["a"]);
    let error = house.keeping().prune(&me, &PruneRules::default()).await.unwrap_err();
    assert_eq!(error.message, "no rule says which sessions are deleted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_delete_once_a_day() {
    let scene = scene(vec![]).await;
    let me = somebody();
    daily(&scene, &["c", "b", "a"]).await;
    assert_eq!(scene.house.keeping().retain(&me).await.unwrap(), None);
    let mut settings = crate::support::house::settings(&scene.server, scene.folder.path());
    settings.retention.keep_sessions = Some(2);
    let house = crate::support::lives::open(settings, &scene.url, &scene.clock).await;
    let pruned = house.keeping().retain(&me).await.unwrap().unwrap();
    assert_eq!((pruned.sessions.len(), left(&*house).await), (1, vec!["a".to_owned(), "b".to_owned()]));
    house.import(&me, imported(&SessionId::from_text("new"), None, 1)).await.unwrap();
    assert_eq!(house.keeping().retain(&me).await.unwrap(), None);
    scene.clock.go_on(86_401);
    assert_eq!(house.keeping().retain(&me).await.unwrap().map(|pruned| pruned.sessions.len()), Some(1));
    assert_eq!(left(&*house).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn use_is_added_up() {
    let calls =
        Answer::calls(vec![("list_files", serde_json::json!({})), ("read_file", serde_json::json!({"path": "none"}))]);
    let script = vec![Answer::text("one").usage(10, 0, 2), calls.usage(5, 0, 1), Answer::text("two").usage(7, 0, 3)];
    let scene = scene(script).await;
    let (asked, _) = scene.says(question("first")).await;
    scene.clock.go_on(2 * 86_400);
    scene.says(again(&asked.session, "second", OnBusy::Reject)).await;
    let stats = async |by: StatsBy, since| {
        let filter = StatsFilter { by, since, agent: None };
        scene.house.keeping().stats(&somebody(), &filter).await.unwrap()
    };
    let days = stats(StatsBy::Day, None).await;
    let told: Vec<(u64, u64, u64, u64)> =
        days.rows.iter().map(|row| (row.runs, row.input_tokens, row.output_tokens, row.tool_calls)).collect();
    assert_eq!(told, [(1, 10, 2, 0), (1, 12, 4, 2)]);
    assert_eq!((days.rows[0].key.len(), days.total.runs, days.total.turns, days.total.input_tokens), (10, 2, 3, 22));
    let agents = stats(StatsBy::Agent, None).await;
    assert_eq!((agents.rows.len(), agents.rows[0].key.as_str(), agents.rows[0].runs), (1, "default", 2));
    let tools = stats(StatsBy::Tool, None).await;
    let told: Vec<(&str, u64, u64, u64)> =
        tools.rows.iter().map(|row| (row.key.as_str(), row.tool_calls, row.failed, row.runs)).collect();
    assert_eq!(told, [("list_files", 1, 0, 1), ("read_file", 1, 1, 1)]);
    let since = scene.house.session(&somebody(), &asked.session).await.unwrap().summary.session.updated_at;
    assert_eq!(stats(StatsBy::Day, Some(since)).await.total.runs, 1);
}

/// A message of a person.
fn message(id: &str, text: &str) -> Message {
    Message { parts: vec![Part::text(text)], ..crate::support::lives::message(id, ombud::domain::AuthorKind::Person, text) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sees_one_agent_finds_nothing_of_others() {
    let scene = scene(vec![]).await;
    let mut brought = imported(&SessionId::from_text("s"), None, 0);
    brought.messages = vec![(message("m", "a hidden parrot"), vec![])];
    scene.house.import(&somebody(), brought).await.unwrap();
    let scope = |name: &str| ombud::domain::Scope::Agent { name: name.to_owned(), session: None };
    for (agent, count) in [("default", 1), ("other", 0)] {
        let who = ombud::domain::Principal { scopes: vec![scope(agent)], ..somebody() };
        let search = SessionSearch { query: "parrot".into(), limit: 9, ..SessionSearch::default() };
        let page = scene.house.keeping().search(&who, &search).await.unwrap();
        assert_eq!(page.hits.len(), count, "{agent}");
    }
    assert_eq!(found(&*scene.house, "parrot").await[0].message, Some(MessageId::from_text("m")));
}
