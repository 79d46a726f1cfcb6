//! What a command may do: read everywhere, write only where it is told. By Landlock, as far as the kernel has it.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};

/// What programs write to and where nothing stays. Not terminals: a command must not write to one behind our back.
const DEVICES: [&str; 6] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm"];

/// The newest rules that we know; older kernels enforce a part of them.
const RULES: ABI = ABI::V6;

/// Confines the calling thread and what it starts: it gains no privileges, writes only below `writable` and to harmless
/// devices, and signals and traces only processes that are confined with it. Says how well, as the guard's first line.
pub fn this_thread(writable: &[PathBuf]) -> Result<String, String> {
    let status = restrict(writable).map_err(|error| format!("the command cannot be confined: {error}"))?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced, _) => "confined".to_owned(),
        (RulesetStatus::PartiallyEnforced, _) => "partly confined".to_owned(),
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => "not confined: Landlock is switched off".to_owned(),
        (RulesetStatus::NotEnforced, _) => "not confined: this kernel has no Landlock".to_owned(),
    })
}

fn restrict(writable: &[PathBuf]) -> Result<RestrictionStatus, RulesetError> {
    let write = AccessFs::from_write(RULES);
    let places = writable.iter().map(PathBuf::as_path).chain(DEVICES.iter().map(Path::new));
    // Only what is handled is restricted: reading and running are not.
    Ruleset::default()
        .handle_access(write)?
        .scope(Scope::from_all(RULES))?
        .create()?
        .add_rules(path_beneath_rules(places, write))?
        .restrict_self()
}
