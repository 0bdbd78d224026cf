//! Landlock (Linux 5.13): no file is changed or made, no program started, no TCP port opened, no abstract
//! socket of others reached (Linux 6.12).
//!
//! What may be read is a matter of users: the resolver's modules and their files are anywhere. Two devices
//! stay open for writing, as a terminal is opened by its name where stdin is none.

use std::os::fd::BorrowedFd;

use anyhow::Result;
use landlock::{
    ABI, AccessFs, AccessNet, CompatLevel, Compatible as _, PathBeneath, PathFd, Ruleset,
    RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetStatus, Scope,
};

/// The newest that is asked for; an older kernel does what it can.
const NEWEST: ABI = ABI::V5;

const WRITABLE: [&str; 2] = ["/dev/tty", "/dev/null"];

/// Whether the kernel has it. For the calling thread.
pub(super) fn enter() -> Result<bool> {
    let mut rules = rules()?;
    for path in WRITABLE {
        // What is not there needs no rule.
        if let Ok(device) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(device, AccessFs::WriteFile))?;
        }
    }
    Ok(rules.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}

/// The same, but files are made in a folder, and no device is open for writing.
pub(super) fn enter_with(folder: BorrowedFd<'_>) -> Result<()> {
    let rule = PathBeneath::new(folder, AccessFs::MakeReg | AccessFs::WriteFile);
    rules()?.add_rule(rule)?.restrict_self()?;
    Ok(())
}

fn rules() -> Result<RulesetCreated> {
    let refused = AccessFs::from_write(NEWEST) | AccessFs::Execute;
    // Devices of the kinds that are open already are told what to do all the time.
    let refused = refused & !AccessFs::IoctlDev;
    Ok(Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(refused)?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::AbstractUnixSocket)?
        .create()?)
}
