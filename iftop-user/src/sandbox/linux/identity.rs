//! Another user: who, and becoming him.
//!
//! Source: credentials(7). The calls are those of a thread, not the C library's, which change all threads.

use std::env;

use anyhow::{Context as _, Result, bail};
use nix::unistd::{User, getgrouplist};
use rustix::{
    process::geteuid,
    thread::{Gid, Uid, set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};

/// What has no name anywhere.
const NOBODY: u32 = 65534;
/// Where sudo(8) says who called it.
const CALLER: &str = "SUDO_UID";

/// A user with all his groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// As it is told.
    pub name: String,
    /// By name, so that nothing else will do.
    pub asked_for: bool,
    user: u32,
    groups: Vec<u32>,
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
            None => match env::var(CALLER).ok().and_then(|number| number.parse().ok()) {
                Some(caller) if caller != 0 => Self::numbered(caller),
                _ => Self::nobody(),
            },
        };
        Ok(Some(identity))
    }

    fn named(text: &str) -> Result<Self> {
        let user = User::from_name(text).context("look up a user")?;
        let identity = match (user, text.parse()) {
            (Some(user), _) => Self::of(user),
            (None, Ok(number)) => Self::numbered(number),
            (None, Err(_)) => bail!("--user {text}: there is no such user"),
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
            _ => Self { name: user.to_string(), asked_for: false, user, groups: vec![user] },
        }
    }

    /// His own group first.
    fn of(user: User) -> Self {
        let own = user.gid.as_raw();
        let name = std::ffi::CString::new(user.name.as_bytes()).unwrap_or_default();
        let all = getgrouplist(&name, user.gid).unwrap_or_default();
        let others = all.into_iter().map(nix::unistd::Gid::as_raw).filter(|group| *group != own);
        let groups = std::iter::once(own).chain(others).collect();
        Self { name: user.name, asked_for: false, user: user.uid.as_raw(), groups }
    }

    /// Becomes him for ever.
    pub fn assume(&self) -> Result<()> {
        let groups: Vec<_> = self.groups.iter().map(|group| Gid::from_raw(*group)).collect();
        let (user, group) = (Uid::from_raw(self.user), groups[0]);
        set_thread_groups(&groups)
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
        assert_eq!((root.user, root.groups[0]), (0, 0));
        let unknown = Identity::named("54321").unwrap();
        assert_eq!(
            (unknown.name.as_str(), unknown.user, unknown.groups),
            ("54321", 54321, vec![54321])
        );
        let error = Identity::named("no such user").unwrap_err().to_string();
        assert_eq!(error, "--user no such user: there is no such user");
        assert_ne!(Identity::nobody().user, 0);
    }
}
