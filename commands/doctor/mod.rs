//! `ombud doctor`: looks whether everything works, and says what to do where it does not.

mod checks;
mod report;

use ombud::domain::{Error, Result};
use ombud::engine::Engine;

use self::report::Report;
use crate::cli::{DoctorArguments, Format};
use crate::output::Output;
use crate::program::Program;

/// Looks at everything.
///
/// # Errors
/// As the output; what does not work is told, not returned.
pub async fn execute(program: &Program, arguments: &DoctorArguments) -> Result<u8> {
    let mut report = Report::default();
    checks::config(&mut report, program);
    let mut is_new = false;
    if program.server.is_none() {
        checks::folders(&mut report, program.settings());
        is_new = checks::new_store(&mut report, program.settings());
    }
    // A store that is not there yet is not made by looking for it.
    match program.open_asking(is_new).await {
        Ok(house) => look(&mut report, program, arguments, &*house, is_new).await,
        Err(error) => report.failed("store", &error),
    }
    report.print(&program.context.out, program.format())
}

async fn look(report: &mut Report, program: &Program, arguments: &DoctorArguments, house: &dyn Engine, is_new: bool) {
    let caller = program.caller();
    let settings = program.server.is_none().then(|| program.settings());
    if !is_new && !checks::store(report, house, &caller, settings).await && settings.is_none() {
        // Nobody is there: nothing else can be learned.
        return;
    }
    checks::models(report, house, &caller, !arguments.offline).await;
    checks::tools(report, house, &caller).await;
    if !arguments.offline {
        checks::tool_servers(report, house, &caller).await;
    }
    // Nothing that was started here may outlive this program.
    house.drain().await;
}

/// What can be said when not even the settings can be read.
pub fn without_settings(out: &Output, format: Format, error: &Error) -> Result<u8> {
    let mut report = Report::default();
    report.failed("config", error);
    report.print(out, format)
}
