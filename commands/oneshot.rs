//! `ombud oneshot`: a session, one run, the answer on standard output, an exit code.

use std::path::Path;

use ombud::config::Wire;
use ombud::domain::{Budget, Error, Labels, Part, Pins, Result, SessionId};
use ombud::engine::{Answering, Ask, NewSession, OnBusy, Target};

use crate::cli::{Busy, Format, OneshotArgs};
use crate::follow::Followed;
use crate::instructions;
use crate::program::Program;
use crate::prompt;
use crate::render::result::{Collector, RunResult};
use crate::render::{View, is_watched, note};
use crate::signals::Signals;

/// Longest title that is made from a prompt, in characters.
const TITLE: usize = 60;

/// Runs the command; answers what the program exits with.
pub async fn execute(program: &Program, args: &OneshotArgs) -> u8 {
    let mut view = View::new(program.global.format, program.global.quiet, program.global.verbose > 0);
    let result = match answer(program, args, &mut view).await {
        Ok(result) => result,
        Err(error) => {
            let mut collector = Collector::new(program.resolved.notices.clone());
            collector.failed(&error);
            let result = collector.finish();
            crate::follow::checked(view.end(&result));
            result
        }
    };
    report(program, &result);
    result.exit_code
}

/// What people are told beside the answer: notices when all went well, one line when it did not.
pub fn report(program: &Program, result: &RunResult) {
    if program.global.format != Format::Text {
        if let Some(line) = result.error_line() {
            note(&line);
        }
        return;
    }
    if let Some(line) = result.error_line() {
        note(&line);
    } else if !program.global.quiet {
        for denied in result.denied_lines() {
            note(&denied);
        }
        if !is_watched() {
            result.notices.iter().for_each(|notice| note(&format!("note: {notice}")));
        }
    }
}

async fn answer(program: &Program, args: &OneshotArgs, view: &mut View) -> Result<RunResult> {
    let mut signals = Signals::catch().map_err(|error| Error::internal(format!("signals cannot be caught: {error}")))?;
    let settings = &program.resolved.settings;
    let text = tokio::select! {
        text = prompt::gather(args.prompt.as_deref(), args.no_stdin, program.global.quiet, &settings.limits) => text?,
        exit_code = signals.next() => {
            let mut collector = Collector::new(Vec::new());
            collector.signalled(exit_code);
            return Ok(collector.finish());
        }
    };
    let ask = question(program, args, &text)?;
    let house = program.open_with(std::sync::Arc::new(ombud::engine::NobodyToAsk), args.ephemeral).await?;
    let notices = notices(program, &ask)?;
    if is_watched() && !program.global.quiet && program.global.format == Format::Text {
        notices.iter().for_each(|notice| note(&format!("note: {notice}")));
    }
    let caller = program.caller();
    let mut followed = Followed { engine: &*house, caller: &caller, signals: &mut signals, view };
    let result = followed.ask(ask, notices).await;
    ombud::engine::Engine::drain(&*house).await;
    if let Some(path) = &args.output {
        write_answer(path, &result.answer)?;
    }
    Ok(result)
}

/// What is asked, from the flags.
pub fn question(program: &Program, args: &OneshotArgs, text: &str) -> Result<Ask> {
    let target = match &args.session {
        Some(id) => Target::Existing(SessionId::parse(id)?),
        None => Target::New(NewSession {
            id: args.session_id.as_deref().map(SessionId::parse).transpose()?,
            title: Some(args.name.clone().unwrap_or_else(|| title(text))),
            labels: Labels::from_tags(args.tag.iter().cloned()),
            agent: None,
            workspace: None,
            model: None,
            lifetime: None,
        }),
    };
    let on_busy = match args.busy {
        Busy::Wait => OnBusy::WaitThenReject,
        Busy::Fail => OnBusy::Reject,
    };
    Ok(Ask {
        target,
        input: vec![Part::text(text)],
        answering: answering(program),
        on_busy,
        pins: pins(program, args.instructions.as_deref())?,
        priority: 0,
    })
}

/// The agent that was named, or the session's.
pub fn answering(program: &Program) -> Answering {
    program.global.agent.clone().map_or(Answering::SessionAgent, Answering::One)
}

/// What is fixed for the run.
pub fn pins(program: &Program, instructions: Option<&str>) -> Result<Pins> {
    let settings = &program.resolved.settings;
    let mut texts = Vec::new();
    if settings.project_instructions {
        texts.extend(instructions::of_project(&settings.workspace, settings.limits.instructions_bytes)?);
    }
    texts.extend(instructions.map(str::to_owned));
    let named = program.global.model.is_some();
    let moved = program.global.workspace.is_some();
    Ok(Pins {
        model: if named { settings.model.clone() } else { None },
        instructions: texts,
        caller_tools: Vec::new(),
        permissions: Vec::new(),
        budget: Budget::default(),
        workspace: moved.then(|| settings.workspace.to_string_lossy().into_owned()),
        on_orphan: ombud::domain::OnOrphan::Cancel,
    })
}

/// What the user should know before the answer comes.
pub fn notices(program: &Program, ask: &Ask) -> Result<Vec<String>> {
    let mut notices = program.resolved.notices.clone();
    let settings = &program.resolved.settings;
    let models = ombud::models::Models::new(settings, std::sync::Arc::new(ombud::observe::SystemClock))?;
    let wanted = ask.pins.model.as_ref().or(settings.model.as_ref());
    let chosen = models.choose(wanted)?;
    let offline = settings.providers.get(&chosen.provider).is_some_and(|provider| provider.wire == Wire::Offline);
    if offline && matches!(ask.target, Target::New(_)) {
        notices.push(
            "answered by `offline/rules`, which is no language model but a set of rules; set OPENAI_API_KEY, ANTHROPIC_API_KEY or OLLAMA_HOST to use one"
                .to_owned(),
        );
    } else if wanted.is_none() && matches!(ask.target, Target::New(_)) {
        notices.push(format!("model {chosen} (by its key in the environment; choose another with `-m PROVIDER/MODEL`)"));
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

fn write_answer(path: &Path, answer: &str) -> Result<()> {
    let mut text = answer.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    std::fs::write(path, text).map_err(|error| {
        Error::store(None, format!("the answer cannot be written to `{}`: {error}", path.display()))
            .hint("the answer is in the session: `ombud sessions show ID`")
    })
}
