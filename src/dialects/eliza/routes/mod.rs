//! Routes, a file a subject.

mod agents;
mod audio;
mod channels;
mod groups;
mod jobs;
mod logs;
mod media;
mod memories;
mod messages;
mod participants;
mod plugins;
mod rooms;
mod runs;
mod runtime;
mod servers;
mod sessions;
mod submit;
mod system;
mod titles;
mod worlds;

use crate::http::{Route, Routes};

/// Marks a route whose path another API has too.
fn told_apart(route: Route) -> Route {
    let rest = route.pattern.strip_prefix("/api/agents").filter(|rest| rest.is_empty() || rest.starts_with("/{"));
    if rest.is_some_and(|rest| rest.matches('/').count() < 2) { route.meant(super::around::meant) } else { route }
}

/// All routes, in the order of the documentation.
pub fn all() -> Routes {
    let all = [
        agents::routes(),
        worlds::routes(),
        logs::routes(),
        runs::routes(),
        memories::routes(),
        rooms::routes(),
        groups::routes(),
        servers::routes(),
        channels::routes(),
        participants::routes(),
        messages::routes(),
        submit::routes(),
        titles::routes(),
        sessions::routes(),
        jobs::routes(),
        media::routes(),
        audio::routes(),
        runtime::routes(),
        system::routes(),
        plugins::routes(),
    ];
    all.into_iter().flatten().map(told_apart).collect()
}
