//! `ombud oneshot`: a session, one run, the answer on standard output, an exit code.

use std::io::Read as _;
use std::path::Path;

use ombud::config::{Wire, printable};
use ombud::domain::{
    AnswerForm, Budget, Error, ErrorCode, Labels, ModelChoice, OnOrphan, Part, Permission, PermissionRule, Pins, Principal,
    Result, SessionId, SessionUpdated,
};
use ombud::engine::{Answering, Ask, Engine, NewSession, OnBusy, ProcedureCall, Target};

use crate::answer_file::AnswerFile;
use crate::attachments::Attachments;
use crate::caller_tools::CallerTools;
use crate::cli::{AskArguments, Busy, Format, OneshotArguments};
use crate::distance::Server;
use crate::follow::{Followed, leave};
use crate::naming;
use crate::program::Program;
use crate::prompt;
use crate::render::result::{Collector, RunResult, error_line};
use crate::render::{View, is_watched, note, refused};
use crate::run::Unseen;
use crate::signals::Signals;

/// What is told of an answer by rules.
pub const OFFLINE_NOTICE: &str =
    "answered by `offline/rules`, a set of rules and no language model; `ombud --help` tells how to use one";

/// Longest title that is made from a prompt, in characters.
const TITLE: usize = 60;
/// Most bytes of a schema.
const SCHEMA_BYTES: u64 = 256 << 10;

/// Runs the command; answers what the program exits with.
pub async fn execute(program: &Program, args: &OneshotArguments) -> u8 {
    let file = match args.output.as_deref().map(AnswerFile::begin).transpose() {
        Ok(file) => file,
        Err(error) => return refused(&program.context.out, program.format(), &error),
    };
    let mut view = match &file {
        Some(file) => View::onto(program, &file.out, false),
        None => View::of(program),
    };
    let mut result = match answer(program, args, &mut view).await {
        Ok(result) => result,
        Err(error) => {
            let mut collector = Collector::new(program.context.resolved.notices.clone());
            collector.failed(&error);
            crate::follow::shown(&mut view, collector.finish())
        }
    };
    report(program, &result);
    // An answer that is not complete is no answer; a result that tells so is one.
    if let Some(file) = file.filter(|_| result.exit_code == 0 || program.format() != Format::Text)
        && let Err(error) = file.keep()
    {
        note(&error_line(&error));
        result.exit_code = error.code.exit_code();
    }
    result.exit_code
}

/// What people are told beside the answer: notices when all went well, one line when it did not.
pub fn report(program: &Program, result: &RunResult) {
    if program.format() != Format::Text {
        if let Some(line) = result.error_line() {
            note(&line);
        }
        return;
    }
    if let Some(line) = result.error_line() {
        note(&line);
    } else if !program.global.quiet {
        if result.is_cancelled() && is_watched() {
            // A question that Ctrl-C has ended may still have its line to end.
            program.progress.say_last("(cancelled)");
        }
        if let Some(line) = result.waiting_line() {
            note(&line);
        }
        if result.is_silent() {
            note("note: the model ended without an answer");
        }
        for denied in result.denied_lines() {
            note(&denied);
        }
        // Where something failed, one line says so, and nothing else is said.
        if !is_watched() && result.exit_code == 0 {
            result.notices.iter().for_each(|notice| note(&format!("note: {notice}")));
        }
    }
}

async fn answer(program: &Program, args: &OneshotArguments, view: &mut View<'_>) -> Result<RunResult> {
    let mut signals = Signals::catch().map_err(|error| Error::internal(format!("signals cannot be caught: {error}")))?;
    let settings = program.settings();
    if args.trigger.is_none() && !args.arguments.is_empty() {
        return Err(Error::invalid("--argument gives a procedure something, and none is asked for")
            .hint("name one with `--trigger NAME`"));
    }
    let gather = async {
        match args.trigger {
            Some(_) => Ok(String::new()),
            None => prompt::gather(args.prompt.as_deref(), args.ask.no_stdin, program.global.quiet, &settings.limits).await,
        }
    };
    let gather =
        async { Ok::<_, Error>((gather.await?, Attachments::read(&args.ask.files).await?, form(&args.ask).await?)) };
    let (text, attachments, form) = tokio::select! {
        gathered = gather => gathered?,
        exit_code = signals.next() => {
            let mut collector = Collector::new(Vec::new());
            collector.signalled(exit_code);
            return Ok(crate::follow::shown(view, collector.finish()));
        }
    };
    let mut ask = question(program, &args.ask, None, &text)?;
    attachments.add_to(&mut ask);
    if form.is_some() {
        view.holds_back();
    }
    ask.pins.form = form;
    if let Target::New(new) = &mut ask.target {
        new.input = args.input.iter().cloned().collect();
    }
    if let Some(name) = &args.trigger {
        if !args.ask.files.is_empty() {
            return Err(Error::invalid("`--file` goes along with a prompt, and a procedure is asked for")
                .hint("give it what it declares with `--argument`"));
        }
        ask.input.clear();
        if let Target::New(new) = &mut ask.target
            && args.ask.name.is_none()
        {
            new.title = Some(name.clone());
        }
        let arguments = args.arguments.iter().cloned().collect();
        ask.procedure = Some(ProcedureCall { name: name.clone(), arguments, ..ProcedureCall::default() });
    }
    let house = program.open_asking(args.ephemeral).await?;
    let caller = program.caller();
    let mut named = None;
    if let Target::Existing(id) = &mut ask.target {
        *id = naming::session(&*house, &caller, id).await?;
        named = Some(id.clone());
    }
    tag(&*house, &caller, named.as_ref(), &args.ask).await?;
    let notices = notices(program, &ask)?;
    takes_images(program, &attachments, &ask)?;
    if is_watched() && !program.global.quiet && program.format() == Format::Text {
        notices.iter().for_each(|notice| note(&format!("note: {notice}")));
    }
    let mut followed = Followed::new(program, &*house, &caller, &mut signals, view);
    followed.denies.clone_from(&args.ask.deny);
    followed.tools = CallerTools::new(&args.tools, settings.limits.command_time);
    // A `^C` or what is typed for the shell would stand in the midst of the answer.
    let unseen = program.progress.is_watched().then(Unseen::begin);
    let result = followed.ask(ask, notices).await;
    drop(unseen);
    let leave_by = followed.leave_by;
    leave(&*house, &mut signals, leave_by).await;
    if !args.ephemeral {
        crate::sessions::retain(program, &*house).await;
    }
    Ok(result)
}

/// What is asked, from the flags; in `session`, where a conversation has one.
pub fn question(program: &Program, args: &AskArguments, session: Option<&SessionId>, text: &str) -> Result<Ask> {
    let (target, answering) = match session.or(args.session.as_ref()) {
        Some(id) => {
            // An agent that is named answers this once; the session keeps its own.
            let answering = program.global.agent.clone().map_or(Answering::SessionAgent, Answering::One);
            (Target::Existing(id.clone()), answering)
        }
        None => {
            let new = NewSession {
                id: args.session_id.clone(),
                title: Some(args.name.clone().unwrap_or_else(|| title(text))),
                labels: Labels::from_tags(args.tags.iter().cloned()),
                // Here the settings' agent is the one that was named.
                agent: program.global.agent.clone().filter(|_| program.server.is_some()),
                workspace: program.server.as_ref().and_then(|server| server.workspace.clone()),
                ..NewSession::default()
            };
            (Target::New(Box::new(new)), Answering::SessionAgent)
        }
    };
    let on_busy = match args.busy {
        Busy::Wait => OnBusy::WaitThenReject,
        Busy::Fail => OnBusy::Reject,
    };
    program.check_tools(args.allow.iter().chain(&args.deny))?;
    let pins = match &program.server {
        None => pins(program, args),
        Some(server) => pins_for(server, program, args)?,
    };
    Ok(Ask {
        procedure: None,
        target,
        input: vec![Part::text(text)],
        blobs: vec![],
        context: vec![],
        answering,
        on_busy,
        pins,
        ..Ask::default()
    })
}

/// The form that the answer must have. What is no regular file may stay silent, so it is read aside.
///
/// # Errors
/// `not_found`, `too_large` or `invalid_input` for a file that is no schema.
pub async fn form(args: &AskArguments) -> Result<Option<AnswerForm>> {
    let Some(path) = args.output_schema.clone() else { return Ok(None) };
    let read = tokio::task::spawn_blocking(move || form_of(&path)).await;
    read.map_err(|error| Error::internal(format!("the schema cannot be read: {error}")))?.map(Some)
}

/// The form of the answer that a file tells.
fn form_of(path: &Path) -> Result<AnswerForm> {
    let shown = printable(&path.to_string_lossy());
    let wrong = |why: String| Error::invalid(format!("the schema `{shown}` cannot be used: {why}"));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::new(ErrorCode::NotFound, format!("there is no schema `{shown}`")),
        _ => wrong(error.to_string()),
    })?;
    file.take(SCHEMA_BYTES + 1).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    if text.len() as u64 > SCHEMA_BYTES {
        return Err(Error::new(ErrorCode::TooLarge, format!("the schema `{shown}` is larger than {SCHEMA_BYTES} bytes")));
    }
    let schema = serde_json::from_str(&text).map_err(|error| wrong(format!("it is no JSON: {error}")))?;
    Ok(AnswerForm { name: "answer".to_owned(), schema })
}

/// Checks that the model that will be asked takes images, where some go along.
///
/// # Errors
/// `bad_media` when it is known not to. What a server's model takes, the server knows.
pub fn takes_images(program: &Program, attachments: &Attachments, ask: &Ask) -> Result<()> {
    if !attachments.has_images() || program.server.is_some() || !matches!(ask.target, Target::New(_)) {
        return Ok(());
    }
    let (models, settings) = (program.models()?, program.settings());
    let agent = settings.agents.get(&settings.agent).and_then(|agent| agent.model.as_ref());
    let chosen = models.choose(ask.pins.model.as_ref().or(agent).or(settings.model.as_ref()))?;
    let offline = settings.providers.get(&chosen.provider).is_some_and(|provider| provider.wire == Wire::Offline);
    if models.card(&chosen).images && !offline {
        return Ok(());
    }
    Err(Error::new(ErrorCode::BadMedia, format!("model `{chosen}` takes no images"))
        .hint("choose one that does with `-m PROVIDER/MODEL`"))
}

/// Adds tags to a session that exists.
pub async fn tag(engine: &dyn Engine, caller: &Principal, session: Option<&SessionId>, args: &AskArguments) -> Result<()> {
    let Some(id) = session.filter(|_| !args.tags.is_empty()) else { return Ok(()) };
    let mut labels = engine.session(caller, id).await?.summary.session.labels;
    args.tags.iter().for_each(|tag| labels.insert(Labels::TAG, tag.clone()));
    engine.update(caller, id, SessionUpdated { labels: Some(labels), ..SessionUpdated::default() }).await?;
    Ok(())
}

/// What is fixed for the run.
fn pins(program: &Program, args: &AskArguments) -> Pins {
    let settings = program.settings();
    let named = program.global.model.is_some();
    let moved = program.global.workspace.is_some();
    Pins {
        model: if named { settings.model.clone() } else { None },
        fallback: if args.fallback.is_empty() { Vec::new() } else { settings.fallback.clone() },
        instructions: args.instructions.iter().cloned().collect(),
        workspace: moved.then(|| settings.workspace.to_string_lossy().into_owned()),
        ..Pins::default()
    }
}

/// What is fixed for a run on a server: what the command line says. The run goes on there without this program.
fn pins_for(server: &Server, program: &Program, args: &AskArguments) -> Result<Pins> {
    let rules = |rules: &[String], permission| {
        rules.iter().map(|rule| PermissionRule::parse(rule, permission)).collect::<Result<Vec<_>>>()
    };
    // Of the two, a no counts first.
    let permissions = [rules(&args.deny, Permission::Deny)?, rules(&args.allow, Permission::Allow)?].concat();
    Ok(Pins {
        model: program.global.model.as_deref().map(ModelChoice::parse).transpose()?,
        fallback: args.fallback.iter().map(|named| ModelChoice::parse(named)).collect::<Result<_>>()?,
        instructions: args.instructions.iter().cloned().collect(),
        permissions,
        budget: Budget {
            max_turns: args.max_turns,
            max_tokens: args.max_tokens,
            // It was checked when it was read.
            max_cost_usd: args.max_cost.as_ref().and_then(|amount| amount.parse().ok()),
            timeout_seconds: args.timeout,
        },
        workspace: server.workspace.clone(),
        on_orphan: OnOrphan::Resume,
        ..Pins::default()
    })
}

/// What the user should know before the answer comes.
pub fn notices(program: &Program, ask: &Ask) -> Result<Vec<String>> {
    let mut notices = program.context.resolved.notices.clone();
    // A session that goes on has told this when it began.
    // What a server will ask, it tells with its answer.
    let Target::New(new) = &ask.target else { return Ok(notices) };
    if program.server.is_some() {
        return Ok(notices);
    }
    let settings = program.settings();
    let models = program.models()?;
    let wanted = ask.pins.model.as_ref().or(new.model.as_ref()).or(settings.model.as_ref());
    let chosen = models.choose(wanted)?;
    let offline = settings.providers.get(&chosen.provider).is_some_and(|provider| provider.wire == Wire::Offline);
    if offline {
        notices.push(OFFLINE_NOTICE.to_owned());
    } else if wanted.is_none() && !program.plays_a_tape() {
        notices
            .push(format!("model {chosen}, of the first provider that is set up; choose another with `-m PROVIDER/MODEL`"));
    }
    Ok(notices)
}

/// A title from the first line of a prompt.
pub fn title(prompt: &str) -> String {
    let line = prompt.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    if line.chars().count() <= TITLE {
        return line;
    }
    let cut: String = line.chars().take(TITLE - 1).collect();
    format!("{}…", cut.trim_end())
}
