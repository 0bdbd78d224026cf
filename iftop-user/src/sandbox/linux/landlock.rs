//! Landlock (Linux 5.13): no file is changed or made, no program started, no TCP port opened, no abstract
//! socket of others reached (Linux 6.12).
//!
//! What may be read is a matter of users: the resolver's modules and their files are anywhere. Two devices
//! stay open for writing, as a terminal is opened by its name where stdin is none.

use anyhow::Result;
use landlock::{
    ABI, AccessFs, AccessNet, CompatLevel, Compatible as _, PathBeneath, PathFd, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope,
};

/// The newest that is asked for; an older kernel does what it can.
const NEWEST: ABI = ABI::V5;

const WRITABLE: [&str; 2] = ["/dev/tty", "/dev/null"];

/// Whether the kernel has it. For the calling thread.
pub(super) fn enter() -> Result<bool> {
    let refused = AccessFs::from_write(NEWEST) | AccessFs::Execute;
    // Devices of the kinds that are open already are told what to do all the time.
    let refused = refused & !AccessFs::IoctlDev;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(refused)?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::AbstractUnixSocket)?
        .create()?;
    for path in WRITABLE {
        // What is not there needs no rule.
        if let Ok(device) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(device, AccessFs::WriteFile))?;
        }
    }
    Ok(rules.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}
