//! What agents are shown, amended and forgotten for one of them alone.

use ombud::domain::{Clock as _, ErrorCode, MessageId, SessionId};
use ombud::engine::{Engine as _, Forget};
use ombud::observe::SystemClock;

use super::{Room, by, said, seat};
use crate::support::house::somebody;
use crate::support::lives::files_with;
use crate::support::model_server::Answer;

impl Room {
    async fn ids(&self, session: &SessionId) -> Vec<MessageId> {
        let page = self.house.messages(&somebody(), session, None, 100).await.unwrap();
        page.messages.into_iter().map(|shown| shown.message.id).collect()
    }

    /// What an agent is shown, the newest first.
    async fn remembers(&self, agent: &str, session: Option<&SessionId>) -> Vec<String> {
        let page = self.house.memories().memories(&somebody(), agent, session, None, 100).await.unwrap();
        page.memories.into_iter().map(|memory| memory.message.text()).collect()
    }
}

fn both(alpha: &[&str], beta: &[&str]) -> Vec<super::Seat> {
    let script = |texts: &[&str]| texts.iter().map(|text| Answer::text(text)).collect();
    vec![seat("alpha", script(alpha)), seat("beta", script(beta))]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_amended_or_forgotten_changes_what_one_agent_is_shown() {
    let room = Room::with(both(&["alpha one", "alpha two", "alpha three"], &["beta one", "beta two", "beta three"])).await;
    let (memories, me) = (room.house.memories(), somebody());
    let id = room.session(&["Anna"]).await;
    room.says(by("Anna", &id, "my number is 7311")).await;
    let ids = room.ids(&id).await;
    memories.amend(&me, "alpha", &id, &ids[0], "my number is 1234-canary").await.unwrap();
    let before = room.house.session(&me, &id).await.unwrap().summary.events;
    memories.amend(&me, "alpha", &id, &ids[0], "my number is 1234-canary").await.unwrap();
    assert_eq!(room.house.session(&me, &id).await.unwrap().summary.events, before);
    memories.amend(&me, "alpha", &id, &ids[0], "my number is 9999").await.unwrap();
    assert_eq!(files_with(room.folder.path(), "1234-canary"), [""; 0]);
    let own = room.shown(&id).await;
    let alpha_one = room.shown(&id).await.iter().position(|(who, _)| who == "alpha").unwrap();
    memories.amend(&me, "alpha", &id, &ids[alpha_one], "alpha amended").await.unwrap();
    assert_eq!(
        memories.forget(&me, "beta", Forget::Message { session: id.clone(), message: ids[0].clone() }).await.unwrap(),
        1
    );
    assert_eq!(
        memories.forget(&me, "beta", Forget::Message { session: id.clone(), message: ids[0].clone() }).await.unwrap(),
        0
    );
    // For people nothing has changed.
    assert_eq!(room.shown(&id).await, own);
    let mut remembered = room.remembers("alpha", Some(&id)).await;
    remembered.sort();
    assert_eq!(remembered, ["alpha amended", "beta one", "my number is 9999"]);
    room.says(by("Anna", &id, "what is it?")).await;
    let alpha = said(&room.models["alpha"].requests()[1]);
    assert!(alpha.contains(&"my number is 9999".to_owned()) && alpha.contains(&"alpha amended".to_owned()), "{alpha:?}");
    let mut beta = said(&room.models["beta"].requests()[1]);
    beta.sort();
    assert_eq!(beta, ["alpha: alpha one", "beta one", "what is it?"]);

    assert_eq!(memories.forget(&me, "alpha", Forget::Session(id.clone())).await.unwrap(), 6);
    assert_eq!(memories.forget(&me, "alpha", Forget::Session(id.clone())).await.unwrap(), 0);
    assert_eq!(files_with(room.folder.path(), "alpha amended"), [""; 0]);
    assert_eq!(room.remembers("alpha", None).await, [""; 0]);
    room.says(by("Anna", &id, "and now?")).await;
    assert_eq!(said(&room.models["alpha"].requests()[2]), ["and now?"]);
    assert_eq!(said(&room.models["beta"].requests()[2]).len(), 6);
    assert_eq!(room.shown(&id).await.len(), 9);

    let none = MessageId::from_text("none");
    let error = memories.amend(&me, "alpha", &id, &none, "x").await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::NotFound, "memory `none` is not known"));
    assert_eq!(memories.amend(&me, "alpha", &id, &ids[0], "x").await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(memories.amend(&me, "beta", &id, &ids[1], " ").await.unwrap_err().code, ErrorCode::InvalidInput);
    let error = memories.forget(&me, "alpha", Forget::Message { session: id.clone(), message: none }).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memories_of_all_sessions_come_in_pages_the_newest_first() {
    let room = Room::with(vec![seat("alpha", (0..5).map(|n| Answer::text(&format!("answer {n}"))).collect())]).await;
    let (memories, me) = (room.house.memories(), somebody());
    let (one, two) = (room.session(&["Anna"]).await, room.session(&["Ben"]).await);
    for (n, id) in [&one, &two, &one, &two, &two].into_iter().enumerate() {
        room.says(by("Anna", id, &format!("question {n}"))).await;
        // What was said in one millisecond has no order across sessions.
        let now = SystemClock.now();
        while SystemClock.now() == now {
            tokio::task::yield_now().await;
        }
    }
    let expected: Vec<_> = (0..5).rev().flat_map(|n| [format!("answer {n}"), format!("question {n}")]).collect();
    assert_eq!(room.remembers("alpha", None).await, expected);
    let (mut seen, mut before) = (Vec::new(), None::<String>);
    loop {
        let page = memories.memories(&me, "alpha", None, before.as_deref(), 3).await.unwrap();
        assert!(page.memories.len() <= 3);
        seen.extend(page.memories.into_iter().map(|memory| memory.message.text()));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let of_one = room.remembers("alpha", Some(&one)).await;
    assert_eq!(of_one, ["answer 2", "question 2", "answer 0", "question 0"]);
    assert_eq!(room.remembers("nobody", None).await, [""; 0]);
    let wrong = memories.memories(&me, "alpha", None, Some("x"), 3).await.unwrap_err();
    assert_eq!(wrong.code, ErrorCode::InvalidInput);
    assert_eq!(memories.forget(&me, "alpha", Forget::Everything).await.unwrap(), 10);
    assert_eq!(room.remembers("alpha", None).await, [""; 0]);
    assert_eq!(room.shown(&one).await.len(), 4);
}
