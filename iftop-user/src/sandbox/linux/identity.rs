//! Another user: who, and becoming him, in his own group alone: others of his may be as good as root.
//!
//! Source: credentials(7). The calls are those of a thread, not the C library's, which change all threads.

use std::env;

use anyhow::{Context as _, Result, bail};
use nix::unistd::User;
use rustix::{
    process::{geteuid, getuid},
    thread::{Gid, Uid, set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};

/// What has no name anywhere.
const NOBODY: u32 = 65534;
/// To the kernel it means that nothing is to change.
const NO_ONE: u32 = u32::MAX;
/// Where sudo(8) says who called it.
const CALLER: &str = "SUDO_UID";

/// A user and his group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// As it is told.
    pub name: String,
    /// By name, so that nothing else will do.
    pub asked_for: bool,
    user: u32,
    group: u32,
}

impl Identity {
    /// The one that was asked for, or the best there is; none where we are not root.
    pub fn choose(asked_for: Option<&str>) -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return match asked_for {
                Some(user) => bail!("--user {user}: only root can become another user"),
                None => Ok(None),
            };
        }
        let identity = match asked_for {
            Some(text) => Self::named(text)?,
            None => Self::caller().unwrap_or_else(Self::nobody),
        };
        Ok(Some(identity))
    }

    /// Whoever called us, where that is somebody else than who we are.
    pub fn caller() -> Option<Self> {
        if !geteuid().is_root() {
            return None;
        }
        // A file that makes whoever starts it root says better than he does who that was.
        if !getuid().is_root() {
            return Some(Self::numbered(getuid().as_raw()));
        }
        let caller = env::var(CALLER).ok().and_then(|number| number.parse().ok());
        caller.filter(|&caller| caller != 0 && caller != NO_ONE).map(Self::numbered)
    }

    fn named(text: &str) -> Result<Self> {
        let user = User::from_name(text).context("look up a user")?;
        let identity = match (user, text.parse()) {
            (Some(user), _) => Self::of(user),
            (None, Ok(number)) if number != NO_ONE => Self::numbered(number),
            (None, _) => bail!("--user {text}: there is no such user"),
        };
        Ok(Self { asked_for: true, ..identity })
    }

    fn nobody() -> Self {
        match User::from_name("nobody") {
            Ok(Some(user)) if !user.uid.is_root() => Self::of(user),
            _ => Self::numbered(NOBODY),
        }
    }

    /// One that may have no name.
    fn numbered(user: u32) -> Self {
        match User::from_uid(user.into()) {
            Ok(Some(user)) => Self::of(user),
            _ => Self { name: user.to_string(), asked_for: false, user, group: user },
        }
    }

    fn of(user: User) -> Self {
        let (number, group) = (user.uid.as_raw(), user.gid.as_raw());
        Self { name: user.name, asked_for: false, user: number, group }
    }

    /// Becomes him for ever.
    pub fn assume(&self) -> Result<()> {
        let (user, group) = (Uid::from_raw(self.user), Gid::from_raw(self.group));
        set_thread_groups(&[group])
            .and_then(|()| set_thread_res_gid(group, group, group))
            .and_then(|()| set_thread_res_uid(user, user, user))
            .with_context(|| format!("become {}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_name_and_by_number() {
        let root = Identity::named("root").unwrap();
        assert_eq!((root.user, root.group), (0, 0));
        let unknown = Identity::named("54321").unwrap();
        let found = (unknown.name.as_str(), unknown.user, unknown.group);
        assert_eq!(found, ("54321", 54321, 54321));
        for text in ["no such user", "4294967295", "-1"] {
            let error = Identity::named(text).unwrap_err().to_string();
            assert_eq!(error, format!("--user {text}: there is no such user"));
        }
        assert_ne!(Identity::nobody().user, 0);
    }
}
