//! What a doctor looks at, one function each. None of them ends the others.

use std::path::{Path, PathBuf};

use ombud::config::{Settings, printable};
use ombud::domain::{Cause, Error, ErrorCode, Permission, Principal};
use ombud::engine::{Engine, ProviderItem};

use super::report::{Models, Provider, Report, Store};
use crate::program::{Program, store_folder, store_place};

/// Less room than this on the store's disk is told, in bytes.
const LITTLE_ROOM: u64 = 256 << 20;
/// Less than this, in bytes, and a question may not find room to be kept.
const NO_ROOM: u64 = 1 << 20;
/// File systems over a network, on which locks cannot be trusted: NFS, SMB, CIFS, AFS, Ceph, 9P.
const NETWORKS: [u64; 6] = [0x6969, 0x517b, 0xff53_4d42, 0x5346_414f, 0x00c3_6400, 0x0102_1997];

/// What the settings say of themselves.
pub fn config(report: &mut Report, program: &Program) {
    let resolved = &program.context.resolved;
    let file = resolved.user_file.as_ref().map(|file| printable(&file.to_string_lossy()));
    report.works("config", file.map_or_else(|| "no file: the defaults count".to_owned(), |file| format!("{file} is read")));
    for notice in &resolved.notices {
        report.warns("config", notice.clone(), None);
    }
    for (name, error) in &resolved.broken_agents {
        report.failed(&format!("agent {}", printable(name)), error);
    }
}

/// The folders of this machine.
pub fn folders(report: &mut Report, settings: &Settings) {
    let folder = &settings.workspace;
    let shown = printable(&folder.to_string_lossy());
    report.workspace = Some(shown.clone());
    match (std::fs::read_dir(folder), can_write(folder)) {
        (Err(error), _) => {
            let error = Error::invalid(format!("{shown} cannot be read: {error}")).hint("choose another by `--workspace`");
            report.failed("workspace", &error);
        }
        (Ok(_), true) => report.works("workspace", format!("{shown} can be read and written")),
        (Ok(_), false) => report.warns("workspace", format!("{shown} can be read, and not written"), None),
    }
    let Some(place) = store_folder(settings).map(|place| there(&place)) else { return };
    if is_on_network(&place) {
        let error =
            Error::new(ErrorCode::NotSupported, format!("{} lies on a network", printable(&place.to_string_lossy())));
        report.failed("store", &error.hint("locks cannot be trusted there: choose a folder of this machine by `--store`"));
    }
    // File systems of the kernel's own have no room, and need none.
    if let Some(about) = rustix::fs::statvfs(&place).ok().filter(|about| about.f_blocks > 0) {
        let free = about.f_bavail.saturating_mul(about.f_frsize);
        let hint = "make room, or choose another place by `--store`";
        if free < NO_ROOM {
            let error = Error::store(Some(Cause::Full), format!("only {} KiB are free on its disk", free >> 10));
            report.failed("store", &error.hint(hint));
        } else if free < LITTLE_ROOM {
            report.warns("store", format!("only {} MiB are free on its disk", free >> 20), Some(hint.to_owned()));
        }
    }
}

/// Whether there is no store yet; it is told, and so is where none could be made.
pub fn new_store(report: &mut Report, settings: &Settings) -> bool {
    let (Ok(url), Some(place)) = (settings.store_address(), store_place(settings)) else { return false };
    if place.exists() {
        return false;
    }
    let url = printable(url);
    let folder = there(&place);
    if can_write(&folder) {
        report.works("store", format!("{url} is not there yet: the first question makes it"));
        report.store = Some(Store { url, sessions: 0 });
    } else {
        let folder = printable(&folder.to_string_lossy());
        let error = Error::store(Some(Cause::ReadOnly), format!("{url} cannot be made: {folder} cannot be written"));
        report.failed("store", &error.hint("allow this user to write there, or choose another place by `--store`"));
    }
    true
}

fn can_write(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// The folder, or the nearest one above that is there.
fn there(folder: &Path) -> PathBuf {
    folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/")).to_owned()
}

#[cfg(target_os = "linux")]
fn is_on_network(folder: &Path) -> bool {
    // The kernel's numbers have 32 bits, whatever the machine's words have.
    rustix::fs::statfs(folder).is_ok_and(|about| NETWORKS.contains(&(about.f_type as u64 & 0xffff_ffff)))
}

#[cfg(not(target_os = "linux"))]
fn is_on_network(_: &Path) -> bool {
    let _ = NETWORKS;
    false
}

/// Where sessions are kept; whether anybody could tell. Without settings it is the store of a server.
pub async fn store(report: &mut Report, house: &dyn Engine, caller: &Principal, settings: Option<&Settings>) -> bool {
    let health = match house.health(caller).await {
        Ok(health) => health,
        Err(error) => {
            report.failed(if settings.is_some() { "store" } else { "server" }, &error);
            return false;
        }
    };
    if let Some(error) = &health.error {
        report.failed("store", error);
        return true;
    }
    let (url, sessions) = (printable(&health.store), health.sessions);
    let count = if sessions == 1 { "1 session".to_owned() } else { format!("{sessions} sessions") };
    match settings.and_then(store_place).is_some_and(|place| !can_write(&place)) {
        true => {
            let error = Error::store(Some(Cause::ReadOnly), format!("{url} holds {count}, and cannot be written"));
            report.failed("store", &error.hint("allow this user to write it, or choose another place by `--store`"));
        }
        false => report.works("store", format!("{url} holds {count}")),
    }
    report.store = Some(Store { url, sessions });
    true
}

/// Who offers models.
pub async fn models(report: &mut Report, house: &dyn Engine, caller: &Principal, reach: bool) {
    let default = match house.models(caller).await {
        Ok(models) => models.into_iter().next().map(|item| item.model),
        Err(error) => {
            report.failed("model", &error);
            None
        }
    };
    let providers = match house.equipment().providers(caller, reach).await {
        Ok(providers) => providers,
        Err(error) => return report.failed("models", &error),
    };
    if let Some(model) = &default {
        match providers.iter().find(|provider| provider.name == model.provider) {
            Some(provider) if provider.host.is_none() => {
                let hint = "set OPENAI_API_KEY, ANTHROPIC_API_KEY or OLLAMA_HOST, or run `ombud config init`".to_owned();
                report.warns("model", format!("{model} answers, which is no language model"), Some(hint));
            }
            _ => report.works("model", format!("{model} is asked when none is named")),
        }
    }
    for provider in &providers {
        of_provider(report, provider, default.as_ref().is_some_and(|model| model.provider == provider.name));
    }
    let told = |provider: ProviderItem| Provider {
        reached: provider.offered.is_some().then_some(true).or(provider.error.is_some().then_some(false)),
        name: provider.name,
        host: provider.host,
        usable: provider.usable,
    };
    report.models = Models { default, providers: providers.into_iter().map(told).collect() };
}

/// One of them. That one cannot be reached which is not asked by default is no failure.
fn of_provider(report: &mut Report, provider: &ProviderItem, is_default: bool) {
    let Some(host) = &provider.host else { return };
    let name = format!("provider {}", printable(&provider.name));
    if let Some(error) = &provider.error {
        match is_default {
            true => report.failed(&name, error),
            false => report.warns(&name, error.message.clone(), error.hint.clone()),
        }
    } else if let Some(offered) = &provider.offered {
        report.works(&name, format!("{host} answers, with {} models", offered.len()));
    } else if is_default && !provider.usable {
        let error = Error::new(ErrorCode::Unauthorized, "it needs a key and has none");
        let hint = match provider.name.as_str() {
            "openai" => "set OPENAI_API_KEY".to_owned(),
            "anthropic" => "set ANTHROPIC_API_KEY".to_owned(),
            other => format!("set `providers.{}.api_key_env`", printable(other)),
        };
        report.failed(&name, &error.hint(hint));
    }
}

/// The house's own tools.
pub async fn tools(report: &mut Report, house: &dyn Engine, caller: &Principal) {
    match house.equipment().tools(caller).await {
        Ok(tools) => {
            let allowed = tools.iter().filter(|tool| tool.permission == Permission::Allow).map(|tool| tool.name.as_str());
            let allowed: Vec<&str> = allowed.collect();
            report.works("tools", format!("{} are there; called without a question: {}", tools.len(), listed(&allowed)));
            report.tools.extend(tools.iter().map(|tool| tool.name.clone()));
        }
        Err(error) => return report.failed("tools", &error),
    }
    match house.equipment().try_command(caller).await {
        Ok(None) => report.works("commands", "can be run, and write to the workspace and the temporary folder only"),
        Ok(Some(cause)) => {
            let hint = "allow them only what you would run yourself".to_owned();
            report.warns("commands", format!("can be run, and are not confined: {cause}"), Some(hint));
        }
        // On a server it is for who administers it.
        Err(error) if error.code == ErrorCode::Forbidden => report.warns("commands", error.message, error.hint),
        Err(error) => report.failed("commands", &error),
    }
}

/// Some names, or that there are none.
fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The tool servers: each is started once.
pub async fn tool_servers(report: &mut Report, house: &dyn Engine, caller: &Principal) {
    let servers = match house.tool_servers().tool_servers(caller).await {
        Ok(servers) => servers,
        Err(error) => return report.warns("tool servers", error.message, error.hint),
    };
    for item in servers {
        let slug = &item.server.slug;
        let name = format!("tool server {slug}");
        match house.tool_servers().tools_of_server(caller, slug).await {
            Ok(tools) => {
                report.works(&name, format!("offers {} tools", tools.len()));
                report.tools.extend(tools.into_iter().map(|tool| tool.name));
            }
            Err(error) => report.failed(&name, &error),
        }
    }
}
