//! `ombud serve`: the house opened to others.

mod ready;

use std::sync::Arc;

use ombud::config::Settings;
use ombud::domain::{Error, Result};
use ombud::engine::{Engine, House};
use ombud::observe::SystemClock;
use ombud::server::{Mounted, Server, mounts};
use serde_json::json;

use crate::cli::{Format, ServeArguments};
use crate::program::Program;
use crate::render::{harmless, note};
use crate::signals::Signals;

/// Runs the command; answers what the program exits with.
pub async fn execute(program: &Program, args: &ServeArguments) -> Result<u8> {
    let settings = program.settings();
    if args.print_routes {
        return print_routes(program, &mounts(&settings.server.dialects)?);
    }
    program.check_tools(args.allow.iter().chain(&args.deny))?;
    if args.token.is_some() {
        note("warning: everybody who can list processes sees --token; use --token-file or OMBUD_SERVER_TOKEN");
    }
    serve(program, Opened::here(program).await?, args.ready_fd).await
}

/// An engine that can be served.
pub struct Opened {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// The house, where it is of this process: then its queue is attended to.
    pub house: Option<Arc<House>>,
    /// What the start line says about it.
    pub about: String,
}

impl Opened {
    /// The house of this process.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn here(program: &Program) -> Result<Self> {
        let model = program.models()?.choose(program.settings().model.as_ref())?;
        let house = program.open_serving().await?;
        let about = format!("store={} model={model}", house.store_url());
        Ok(Self { engine: house.clone(), house: Some(house), about })
    }
}

/// Serves until the program is told to end; answers what it exits with.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(program: &Program, opened: Opened, ready_fd: Option<u32>) -> Result<u8> {
    let settings = program.settings();
    let mut signals = Signals::catch().map_err(|error| Error::internal(format!("no signals: {error}")))?;
    let Opened { engine, house, about } = opened;
    if let Some(house) = &house {
        crate::users::first_admin(program, &**house).await?;
    }
    let server = Server::bind(engine, Arc::new(settings.clone()), Arc::new(SystemClock)).await?;
    let tools = match &house {
        Some(_) => format!(" tools={}", program.tools_allowed().join(",")),
        None => String::new(),
    };
    let start_line = format!(
        "ombud {} listening on {} {about} dialects={} auth={}{tools}",
        env!("CARGO_PKG_VERSION"),
        server.url(),
        server.dialects().join(","),
        auth(settings),
    );
    note(&start_line);
    ready::tell(ready_fd, program.environment.get("NOTIFY_SOCKET"))?;
    // It may also be told to over an API.
    let first = server.leaving();
    let stop = first.clone();
    let signalled = async move {
        signals.next().await;
        first.cancel();
        signals.next().await
    };
    let attending = {
        let stop = stop.clone();
        tokio::spawn(async move {
            match house {
                Some(house) => house.attend_to_queue(stop).await,
                None => Ok(()),
            }
        })
    };
    let ended = stop.clone();
    let exit_code = tokio::select! {
        served = server.serve(async move { stop.cancelled().await }) => served.map(|()| 0)?,
        exit_code = signalled => exit_code,
    };
    ended.cancel();
    match attending.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => note(&format!("warning: runs that nobody works on were not looked for: {error}")),
        Err(error) => note(&format!("warning: runs that nobody works on were not looked for: {error}")),
    }
    ready::leaving(program.environment.get("NOTIFY_SOCKET"));
    Ok(exit_code)
}

/// Who is let in, in a word.
fn auth(settings: &Settings) -> &'static str {
    let server = &settings.server;
    match (server.token.is_some(), server.no_auth, server.allow_local_admin) {
        (true, ..) => "token",
        (false, true, _) => "none",
        (false, false, true) => "local-admin",
        (false, false, false) => "local",
    }
}

fn print_routes(program: &Program, routes: &[Mounted]) -> Result<u8> {
    let needs = |route: &Mounted| format!("{:?}", route.needs).to_lowercase();
    let out = &program.context.out;
    if program.format() != Format::Text {
        let routes = routes.iter().map(
            |route| json!({ "method": route.method, "path": route.path, "dialect": route.dialect, "needs": needs(route) }),
        );
        out.write_json(&json!({ "routes": routes.collect::<Vec<_>>() }))?;
        return Ok(0);
    }
    let width = routes.iter().map(|route| route.path.len()).max().unwrap_or_default();
    for route in routes {
        let line = format!("{:<7} {:<width$} {} {}", route.method, route.path, route.dialect, needs(route));
        out.write_line(&harmless(&line))?;
    }
    Ok(0)
}
