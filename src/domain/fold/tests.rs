//! What a fold promises: the same from a snapshot as from the beginning, a size that does not grow with the log, and a
//! window that holds what runs at work answer.

use super::*;
use crate::domain::{
    Actor, Author, AuthorKind, Budget, EventId, FACT_VERSION, Labels, Message, MessageImported, MessagePosted, Outcome,
    Part, Pins, Revision, RunFinished, SessionId, SessionRestored, Visibility,
};

pub(super) fn event(seq: u64, run: Option<&str>, fact: Fact) -> Event {
    Event {
        v: FACT_VERSION,
        seq,
        id: EventId::from_text("e"),
        session: SessionId::from_text("s"),
        run: run.map(RunId::from_text),
        at: Timestamp::from_millis(i64::try_from(seq).unwrap()),
        actor: Actor::house(),
        fact,
    }
}

pub(super) fn message(seq: u64, kind: AuthorKind) -> Message {
    Message {
        id: MessageId::from_text(&format!("m{seq}")),
        author: Author::named(kind, "a"),
        parts: vec![Part::text("x")],
        at: Timestamp::from_millis(0),
        thread: None,
        visibility: Visibility::All,
        attributes: serde_json::Map::new(),
    }
}

pub(super) fn created() -> Event {
    let fact = SessionCreated {
        incarnation: 1,
        title: None,
        labels: Labels::default(),
        agent: "default".into(),
        participants: Vec::new(),
        workspace: None,
        model: None,
        lifetime: None,
        state: serde_json::Map::new(),
        attributes: serde_json::Map::new(),
    };
    event(1, None, Fact::SessionCreated(fact))
}

pub(super) fn posted(seq: u64) -> Event {
    event(seq, None, Fact::MessagePosted(MessagePosted { message: message(seq, AuthorKind::Person) }))
}

pub(super) fn queued(seq: u64, run: &str) -> Event {
    let fact = RunQueued {
        agent: "default".into(),
        revision: Revision("r".into()),
        input: None,
        process: None,
        priority: 0,
        procedure: None,
        arguments: serde_json::Map::new(),
        asked_by: String::new(),
        attributes: serde_json::Map::new(),
        labels: crate::domain::Labels::default(),
        run_attributes: serde_json::Map::new(),
        taking_part: None,
        pins: Pins { budget: Budget::default(), ..Pins::default() },
    };
    event(seq, Some(run), Fact::RunQueued(Box::new(fact)))
}

pub(super) fn finished(seq: u64, run: &str) -> Event {
    let fact = RunFinished {
        agent: "default".into(),
        outcome: Outcome::Completed,
        answer: "x".into(),
        message_id: None,
        model: None,
        rounds: 1,
        tool_calls: 0,
        usage: Usage::default(),
        output: None,
        elapsed_ms: 1,
        error: None,
    };
    event(seq, Some(run), Fact::RunFinished(fact))
}

#[test]
fn from_a_snapshot_it_goes_on_as_from_the_beginning() {
    let mut log = vec![created()];
    for turn in 0..40 {
        let seq = 2 + turn * 3;
        log.extend([posted(seq), queued(seq + 1, &format!("r{turn}")), finished(seq + 2, &format!("r{turn}"))]);
    }
    let mut whole = Fold::begin(&log[0], 10).unwrap();
    log[1..].iter().for_each(|event| drop(whole.apply(event, 10)));
    for cut in 1..log.len() {
        let mut fold = Fold::begin(&log[0], 10).unwrap();
        log[1..cut].iter().for_each(|event| drop(fold.apply(event, 10)));
        let kept = serde_json::to_string(&fold).unwrap();
        let mut fold: Fold = serde_json::from_str(&kept).unwrap();
        log[cut..].iter().for_each(|event| drop(fold.apply(event, 10)));
        assert_eq!(fold, whole, "cut at {cut}");
    }
    assert_eq!((whole.runs, whole.head, whole.bytes), (40, 121, 1_210));
    assert!(whole.active.is_empty());
}

#[test]
fn its_size_does_not_grow_with_the_log() {
    let size_after = |turns: u64| {
        let mut fold = Fold::begin(&created(), 10).unwrap();
        (0..turns).for_each(|turn| drop(fold.apply(&posted(2 + turn), 10)));
        (serde_json::to_string(&fold).unwrap().len(), fold.window_start())
    };
    let (small, _) = size_after(WINDOW_TURNS as u64);
    let (large, start) = size_after(WINDOW_TURNS as u64 * 10);
    assert!(large < small + small / 4, "{small} bytes, then {large}");
    assert_eq!(start, 2 + WINDOW_TURNS as u64 * 9);
}

#[test]
fn what_a_run_answers_stays_in_the_window() {
    let mut fold = Fold::begin(&created(), 10).unwrap();
    fold.apply(&posted(2), 10);
    fold.apply(&queued(3, "r"), 10);
    for seq in 4..20 {
        fold.apply(&posted(seq), WINDOW_BYTES / 2);
    }
    assert!(fold.window_start() <= 2, "{}", fold.window_start());
    fold.apply(&finished(20, "r"), 10);
    fold.apply(&posted(21), 10);
    assert!(fold.window_start() > 15, "{}", fold.window_start());
}

#[test]
fn an_imported_history_has_turns_of_its_own() {
    let mut fold = Fold::begin(&created(), 10).unwrap();
    fold.apply(&event(2, None, Fact::SessionRestored(SessionRestored { count: 6, ..SessionRestored::default() })), 10);
    for seq in 3..9 {
        let kind = if seq % 2 == 1 { AuthorKind::Person } else { AuthorKind::Agent };
        let fact = Fact::MessageImported(MessageImported { message: message(seq, kind), returns: Vec::new() });
        fold.apply(&event(seq, None, fact), WINDOW_BYTES / 5);
    }
    assert_eq!(fold.window_start(), 5);
}

#[test]
fn what_processes_worked_on_a_run_is_counted_and_what_lies_between_is_not() {
    let started = |attempt: u32| {
        Fact::RunStarted(crate::domain::RunStarted {
            agent: "default".into(),
            message_id: MessageId::from_text("m"),
            previous_message_id: None,
            input: None,
            model: crate::domain::ModelChoice::new("p", "m"),
            attempt,
            process: crate::domain::ProcessId::from_text("p"),
            base_seq: 0,
            step: None,
        })
    };
    let waiting = Fact::RunWaiting(crate::domain::RunWaiting { calls: Vec::new(), thread: None, deadline: None });
    let notice =
        Fact::Notice(crate::domain::Notice { code: "c".into(), message: "m".into(), details: serde_json::Value::Null });
    let mut fold = Fold::begin(&created(), 10).unwrap();
    fold.apply(&queued(3, "r"), 10);
    // Times are places: it is taken at 10, seen at 30, taken again at 100, waits at 150, is taken at 500, seen at 503.
    let log = [(10, started(1)), (30, notice.clone()), (100, started(2)), (150, waiting), (300, notice.clone())];
    for (seq, fact) in log {
        fold.apply(&event(seq, Some("r"), fact), 10);
    }
    let run = RunId::from_text("r");
    assert_eq!(fold.active_run(&run).unwrap().worked(), 20 + 50);
    fold.apply(&event(500, Some("r"), started(3)), 10);
    fold.apply(&event(503, Some("r"), notice), 10);
    assert_eq!(fold.active_run(&run).unwrap().worked(), 20 + 50 + 3);
}

/// A run that answers because its agent takes part; `named_by` = the agent that asked it.
fn taking_part(seq: u64, root: &str, named_by: Option<&str>) -> Event {
    let mut event = queued(seq, &format!("r{seq}"));
    let Fact::RunQueued(fact) = &mut event.fact else { panic!() };
    let (root, named_by) = (MessageId::from_text(root), named_by.map(str::to_owned));
    fact.taking_part = Some(crate::domain::TakingPart { root, named_by, judged: false });
    event
}

#[test]
fn what_waits_for_answers_is_not_forgotten_however_much_was_said_since() {
    let mut fold = Fold::begin(&created(), 10).unwrap();
    let known = |fold: &Fold, root: &str| fold.exchanges.iter().any(|exchange| exchange.root.as_str() == root);
    for seq in 2..102 {
        fold.apply(&taking_part(seq, &format!("m{seq}"), None), 10);
    }
    assert_eq!(fold.exchanges.len(), 100);
    for seq in 2..102 {
        fold.apply(&event(seq + 100, Some(&format!("r{seq}")), finished(1, "").fact), 10);
    }
    fold.apply(&taking_part(300, "m300", None), 10);
    assert_eq!((fold.exchanges.len(), known(&fold, "m2"), known(&fold, "m300")), (32, false, true));
    fold.apply(&taking_part(301, "m300", Some("other")), 10);
    assert_eq!((fold.exchanges.len(), fold.exchanges.last().unwrap().asked), (32, 1));
}

#[test]
fn a_row_tells_of_those_that_have_begun_and_of_some_that_wait() {
    let mut fold = Fold::begin(&created(), 10).unwrap();
    for seq in 2..1_002 {
        fold.apply(&queued(seq, &format!("r{seq}")), 10);
    }
    let waiting = Fact::RunWaiting(crate::domain::RunWaiting { calls: Vec::new(), thread: None, deadline: None });
    fold.apply(&event(1_002, Some("r900"), waiting), 10);
    let told = fold.summary().active;
    let ids: Vec<&str> = told.iter().map(|active| active.run.as_str()).collect();
    assert_eq!((ids.len(), ids[0], ids[126], ids[127]), (super::ActiveRun::TOLD, "r2", "r128", "r900"));
    assert_eq!((fold.active.len(), told[127].status), (1_000, RunStatus::Waiting));
}

/// Hundreds of runs may wait in one session, and each append makes a copy.
#[test]
fn copies_share_the_runs_that_wait() {
    let mut fold = Fold::begin(&created(), 10).unwrap();
    for seq in 2..102 {
        fold.apply(&queued(seq, &format!("r{seq}")), 10);
    }
    let mut copy = fold.clone();
    copy.apply(&event(102, Some("r3"), finished(1, "").fact), 10);
    let cancels = crate::domain::RunCancelRequested { reason: "x".into() };
    copy.apply(&event(103, Some("r5"), Fact::RunCancelRequested(cancels)), 10);
    let shared = fold.active.iter().filter(|active| copy.active.iter().any(|other| std::sync::Arc::ptr_eq(active, other)));
    assert_eq!((shared.count(), fold.active.len(), copy.active.len()), (98, 100, 99));
    assert!(fold.active[3].cancel_requested.is_none());
}
