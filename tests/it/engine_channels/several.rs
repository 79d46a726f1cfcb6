//! Several agents answer: each in its own run, never without end.

use std::collections::BTreeSet;

use ombud::domain::{AgentState, Answers, Delta, Fact, Frame, Outcome, Participant, RunStatus, SessionId};
use ombud::engine::{Engine as _, RunFilter};

use super::{Room, by, said, seat};
use crate::support::house::{answer, somebody};
use crate::support::model_server::{Answer, Gate};

async fn runs(room: &Room, session: &SessionId) -> Vec<(String, RunStatus)> {
    let page = room.house.runs(&somebody(), &RunFilter::newest(Some(session), &[], 100)).await.unwrap();
    let mut runs: Vec<_> = page.runs.into_iter().map(|run| (run.agent, run.status)).collect();
    runs.reverse();
    runs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_answers_in_a_run_of_its_own() {
    let gate = Gate::new();
    let slow = Answer::pieces(&["al", "pha says"]).wait_after(1, &gate);
    let alpha = seat("alpha", vec![slow, Answer::text("more of alpha")]);
    let beta = seat("beta", vec![Answer::text("beta says"), Answer::text("more of beta")]);
    let room = Room::with(vec![alpha, beta]).await;
    let id = room.session(&["Anna"]).await;
    let asked = room.ask(by("Anna", &id, "hi all")).await;
    assert_eq!((asked.runs.len(), asked.run.as_ref()), (2, asked.runs.first()));
    // Side by side: one ends while the other is in its middle.
    let first = room.ends(&id, asked.before, 1).await;
    assert_eq!((&first[0].0, first[0].1.answer.as_str()), (&asked.runs[1], "beta says"));
    gate.open();
    let ends = room.ends(&id, asked.before, 2).await;
    assert_eq!(ends.iter().map(|(_, end)| end.answer.as_str()).collect::<Vec<_>>(), ["beta says", "alpha says"]);
    let order = [("Anna", "hi all"), ("beta", "beta says"), ("alpha", "alpha says")];
    assert_eq!(room.shown(&id).await, order.map(|(who, text)| (who.to_owned(), text.to_owned())));
    // Each was shown what was there when it was asked, and nothing of the other.
    for model in room.models.values() {
        assert_eq!(said(&model.requests()[0]), ["hi all"]);
    }
    room.says(by("Anna", &id, "and now?")).await;
    assert_eq!(said(&room.models["alpha"].requests()[1]), ["hi all", "beta: beta says", "alpha says", "and now?"]);
    assert_eq!(said(&room.models["beta"].requests()[1]), ["hi all", "beta says", "alpha: alpha says", "and now?"]);
}

/// Two agents that always name each other answer each other four times after each message, and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_that_name_each_other_come_to_an_end() {
    let names = |other: &str| vec![Answer::text(&format!("What do you think, @{other}?")).always()];
    let room = Room::with(vec![seat("alpha", names("beta")), seat("beta", names("alpha"))]).await;
    let id = room.session(&["Anna"]).await;
    for message in 1..=2 {
        let asked = room.ask(by("Anna", &id, "begin")).await;
        let ends = room.ends(&id, asked.before, 6).await;
        assert!(ends.iter().all(|(_, end)| end.outcome == Outcome::Completed), "{ends:?}");
        let runs = runs(&room, &id).await;
        assert_eq!(runs.len(), 6 * message, "{runs:?}");
        assert!(runs.iter().all(|(_, status)| *status == RunStatus::Completed), "{runs:?}");
    }
    // What an agent is asked by another is the last thing that it is shown.
    let asked = room.models["alpha"].requests();
    assert_eq!(said(&asked[1]).last().unwrap(), "beta: What do you think, @alpha?");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_takes_part_and_takes_work_answers() {
    let mut idle = seat("idle", vec![]);
    idle.0.state = AgentState::Inactive;
    let room =
        Room::with(vec![seat("alpha", vec![Answer::text("one"), Answer::text("two")]), seat("gone", vec![]), idle]).await;
    let id = room.session(&["Anna"]).await;
    room.house.channels().leave(&somebody(), &id, vec![Participant::agent("gone")]).await.unwrap();
    // Who has left is not asked by name either.
    assert_eq!(room.says(by("Anna", &id, "hi, @gone and @idle")).await.len(), 1);
    room.house.channels().leave(&somebody(), &id, vec![Participant::agent("alpha")]).await.unwrap();
    let asked = room.ask(by("Anna", &id, "anybody?")).await;
    assert_eq!((asked.run, asked.runs.len()), (None, 0));
    room.house.channels().leave(&somebody(), &id, vec![Participant::agent("idle")]).await.unwrap();
    // Where no agent takes part, it is the session's own.
    assert_eq!(room.says(by("Anna", &id, "hello?")).await[0].answer, "two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_decide_who_answers() {
    let mut judged = seat(
        "judged",
        vec![Answer::text("IGNORE"), Answer::text("RESPOND"), Answer::text("it is late"), Answer::text("yes?")],
    );
    judged.0.answers = Answers::Judged;
    let mut named = seat("named", vec![Answer::text("here I am"), Answer::text("alone with you")]);
    (named.0.answers, named.0.called) = (Answers::WhenNamed, vec!["Doctor".into()]);
    let room = Room::with(vec![judged, named]).await;
    let id = room.session(&["Anna", "Ben"]).await;
    let ends = room.says(by("Anna", &id, "Ben, are you there?")).await;
    assert_eq!(ends.iter().map(|end| (&*end.agent, end.outcome)).collect::<Vec<_>>(), [("judged", Outcome::Silent)]);
    assert_eq!(room.shown(&id).await.len(), 1);
    let ends = room.says(by("Ben", &id, "what is the time?")).await;
    assert_eq!(ends.iter().map(|end| &*end.answer).collect::<Vec<_>>(), ["it is late"]);
    let asked = room.models["judged"].requests();
    let judge = said(&asked[1]);
    assert!(judge.last().unwrap().starts_with("Should judged answer"), "{judge:?}");
    assert!(asked[1].body.get("tools").is_none() && asked[2].body.get("tools").is_some(), "{asked:?}");
    assert_eq!(said(&asked[2]).last().unwrap(), "Ben: what is the time?");
    // What a judge was asked, and said, stands in the log.
    let events = room.house.events(&somebody(), &id, None, 500).await.unwrap();
    let judged = events.iter().filter_map(|event| match &event.fact {
        Fact::Notice(notice) => Some((notice.code.as_str(), notice.details["word"].as_str().unwrap())),
        _ => None,
    });
    assert_eq!(judged.collect::<Vec<_>>(), [("model.judged", "IGNORE"), ("model.judged", "RESPOND")]);
    // Who is named answers without being judged.
    let ends = room.says(by("Anna", &id, "doctor, and you, @judged?")).await;
    let answers: BTreeSet<_> = ends.iter().map(|end| &*end.answer).collect();
    assert_eq!(answers, BTreeSet::from(["here I am", "yes?"]));
    // With one person alone, every agent answers.
    let two = vec![Participant::person("anna"), Participant::agent("named")];
    room.house.channels().seat(&somebody(), &id, two).await.unwrap();
    assert_eq!(room.says(by("Anna", &id, "hm")).await[0].answer, "alone with you");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_of_silence_is_shown_to_nobody() {
    let script =
        vec![Answer::pieces(&["IGN", "ORE."]), Answer::pieces(&["Ign", "orant as I am, I answer"]), Answer::text("last")];
    let mut alpha = seat("alpha", script);
    alpha.0.silence = Some("[IGNORE]".into());
    let room = Room::with(vec![alpha]).await;
    let id = room.session(&["Anna"]).await;
    let told = |frames: &[Frame]| -> String {
        let pieces = frames.iter().filter_map(|frame| match frame {
            Frame::Delta(live) => match &live.delta {
                Delta::Grew { text, .. } => Some(text.clone()),
                Delta::Opened { .. } | Delta::Closed { .. } => Some(String::new()),
            },
            Frame::Fact(_) => None,
        });
        pieces.collect()
    };
    let asked = room.ask(by("Anna", &id, "hi")).await;
    let frames = answer(&room.house, &asked).await;
    assert_eq!((told(&frames), runs(&room, &id).await), (String::new(), vec![("alpha".to_owned(), RunStatus::Silent)]));
    assert!(!frames.iter().any(|frame| matches!(frame, Frame::Delta(_))), "{frames:?}");
    assert_eq!(room.shown(&id).await, [("Anna".to_owned(), "hi".to_owned())]);
    let asked = room.ask(by("Anna", &id, "please")).await;
    assert_eq!(told(&answer(&room.house, &asked).await), "Ignorant as I am, I answer");
    room.says(by("Anna", &id, "well")).await;
    assert_eq!(said(&room.models["alpha"].requests()[2]), ["hi", "please", "Ignorant as I am, I answer", "well"]);
}

/// A message comes while the answers to the one before are on their way: each agent answers both, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_come_at_once_are_answered_in_order() {
    let gate = Gate::new();
    let alpha = seat("alpha", vec![Answer::pieces(&["o", "ne"]).wait_after(1, &gate), Answer::text("two")]);
    let beta = seat("beta", vec![Answer::text("uno"), Answer::text("due")]);
    let room = Room::with(vec![alpha, beta]).await;
    let id = room.session(&["Anna", "Ben"]).await;
    let first = room.ask(by("Anna", &id, "a")).await;
    gate.wait_until_reached();
    let second = room.ask(by("Ben", &id, "b")).await;
    gate.open();
    room.ends(&id, first.before, 4).await;
    let mut of_alpha = room.shown(&id).await;
    of_alpha.retain(|(who, _)| who == "alpha");
    assert_eq!(of_alpha, ["one", "two"].map(|text| ("alpha".to_owned(), text.to_owned())));
    assert_eq!(said(&room.models["alpha"].requests()[1]).last().unwrap(), "Ben: b");
    assert_eq!(second.runs.len(), 2);
}
