//! The verbs of sessions of several, over a distance: as the house itself answers.

use ombud::config::Wire;
use ombud::domain::{ErrorCode, MessageId, Participant};
use ombud::engine::{Answering, Ask, Engine as _, Expected, Forget, NewSession, OnBusy, SessionFilter, ShelfPlace};
use ombud::remote::Remote;
use serde_json::json;

use super::person;
use crate::support::house::{again, answer, somebody};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::Served;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_far_side_answers_as_the_house() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("one")]);
    let served = Served::start(&model).await;
    let (far, near, me) = (Remote::new(served.client.base(), None).unwrap(), &*served.house, somebody());
    let participants = vec![person("Anna"), Participant::agent("default")];
    let made = far.create(&me, NewSession { participants, ..NewSession::default() }).await.unwrap();
    let id = &made.id;
    let channels = far.channels();
    assert_eq!(channels.join(&me, id, vec![person("Ben")]).await.unwrap().participants.len(), 3);
    assert_eq!(channels.leave(&me, id, vec![person("Ben")]).await.unwrap().participants, made.participants);
    let seated = channels.seat(&me, id, vec![person("Ben"), Participant::agent("default")]).await.unwrap();
    assert_eq!(near.session(&me, id).await.unwrap().summary.session, seated);
    let filter = SessionFilter { participant: Some(person("Ben")), limit: 5, ..SessionFilter::default() };
    assert_eq!(far.sessions(&me, &filter).await.unwrap().sessions.len(), 1);

    let ask = Ask { author: Some(person("Ben")), answering: Answering::Participants, ..again(id, "hi", OnBusy::Queue) };
    let asked =
        far.ask(&me, Ask { message_attributes: json!({"door": 1}).as_object().unwrap().clone(), ..ask }).await.unwrap();
    answer(near, &asked).await;
    let said = far.messages(&me, id, None, 5).await.unwrap().messages.remove(0).message;
    assert_eq!((Some(&said.id), said.attributes.get("door")), (asked.message.as_ref(), Some(&json!(1))));
    assert_eq!((said.author.name.as_str(), said.author.id.as_deref()), ("Ben", Some("ben")));

    let memories = far.memories();
    let page = memories.memories(&me, "default", Some(id), None, 1).await.unwrap();
    assert_eq!(page, near.memories().memories(&me, "default", Some(id), None, 1).await.unwrap());
    let next = memories.memories(&me, "default", None, page.next.as_deref(), 5).await.unwrap();
    assert_eq!(next.memories.iter().map(|memory| &memory.message.id).collect::<Vec<_>>(), [&said.id]);
    memories.amend(&me, "default", id, &said.id, "hello").await.unwrap();
    assert_eq!(
        near.memories().memories(&me, "default", Some(id), None, 5).await.unwrap().memories[1].message.text(),
        "hello"
    );
    assert_eq!(memories.forget(&me, "default", Forget::Session(id.clone())).await.unwrap(), 2);
    channels.redact(&me, id, &said.id).await.unwrap();
    assert_eq!(near.messages(&me, id, None, 5).await.unwrap().messages.len(), 1);
    let none = MessageId::from_text("none");
    assert_eq!(channels.redact(&me, id, &none).await, near.channels().redact(&me, id, &none).await);
    let shelf = far.shelves().shelf_put(&me, &ShelfPlace::new("a", "b"), "c", json!(1), Expected::Anything).await;
    assert_eq!(shelf.unwrap_err().code, ErrorCode::NotSupported);
    served.leave().await;
}
