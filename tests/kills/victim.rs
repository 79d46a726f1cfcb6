//! The process that is killed at a point of an append: a house as `ombud oneshot --format jsonl` has it, which says on
//! standard error when it has come to the point. Standard output is what it acknowledges.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use futures_util::StreamExt as _;
use ombud::config::{Environment, Flags, resolve};
use ombud::domain::{ErrorCode, Fact, Frame, Part, Pins, Principal, SessionId};
use ombud::engine::{Answering, Ask, Engine as _, House, NewSession, NobodyToAsk, OnBusy, Parts, Target};
use ombud::models::{Models, Offline};
use ombud::observe::SystemClock;
use ombud::storage::{self, StoreUrl, probe};
use ombud::tools::Tools;

/// What it says on standard error at the point.
pub const REACHED: &str = "reached";

/// Where it is to be killed.
struct Plan {
    point: String,
    /// At its so manieth append; 0 = never.
    number: u32,
    /// Whether it waits there to be killed, or goes on.
    waits: bool,
}

static PLAN: OnceLock<Plan> = OnceLock::new();
static COUNT: AtomicU32 = AtomicU32::new(0);

fn reached(point: &'static str) {
    let Some(plan) = PLAN.get().filter(|plan| plan.point == point) else { return };
    if COUNT.fetch_add(1, Ordering::SeqCst) + 1 == plan.number {
        eprintln!("{REACHED}");
        if plan.waits {
            loop {
                thread::park();
            }
        }
    }
}

/// Runs with the arguments SESSION POINT NUMBER WAITS. At its end it says how often it came to the point.
pub fn main(arguments: &[String]) -> ExitCode {
    let [session, point, number, waits] = arguments else { panic!("{arguments:?}") };
    let plan = Plan { point: point.clone(), number: number.parse().unwrap(), waits: waits == "waits" };
    assert!(PLAN.set(plan).is_ok() && probe::install(reached));
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(ask(session));
    eprintln!("{}", COUNT.load(Ordering::SeqCst));
    ExitCode::SUCCESS
}

async fn ask(session: &str) {
    let flags = Flags { allow: vec!["run_command".to_owned()], ..Flags::default() };
    let settings = resolve(&flags, &Environment::of_process()).unwrap().settings;
    let store = storage::open(&StoreUrl::parse(settings.store_address().unwrap()).unwrap()).await.unwrap();
    let clock = Arc::new(SystemClock);
    let models = Models::new(&settings, clock.clone(), Arc::new(Offline::new(clock.clone()))).unwrap();
    let tools = Tools::new(&settings.limits, &settings.tools);
    let house = House::new(Parts {
        settings,
        store,
        models,
        tools,
        clock,
        approver: Arc::new(NobodyToAsk),
        notices: ombud::engine::Notices::default(),
    });
    let caller = Principal::local("victim");
    let new = NewSession { id: Some(SessionId::parse(session).unwrap()), ..NewSession::default() };
    let ask = Ask {
        procedure: None,
        target: Target::New(Box::new(new)),
        input: vec![Part::text("work")],
        blobs: vec![],
        context: vec![],
        answering: Answering::SessionAgent,
        on_busy: OnBusy::Reject,
        pins: Pins::default(),
        ..Ask::default()
    };
    let asked = house.ask(&caller, ask).await.unwrap();
    let mut frames = loop {
        match house.subscribe(&caller, &asked.session, Some(asked.before)).await {
            Ok(frames) => break frames,
            // With the planted bug, what was acknowledged comes a moment later.
            Err(error) if cfg!(feature = "planted-publish-before-commit") && error.code == ErrorCode::NotFound => {}
            Err(error) => panic!("{error:?}"),
        }
    };
    while let Some(frame) = frames.next().await {
        let frame = frame.unwrap();
        let mut line = serde_json::to_string(&frame).unwrap();
        line.push('\n');
        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
        if matches!(&frame, Frame::Fact(event) if matches!(event.fact, Fact::RunFinished(_))) {
            break;
        }
    }
    house.drain().await;
}
