//! The interfaces of the calling thread's network namespace, as the kernel lists them.
//!
//! It owns finding and choosing an interface. It must never read `/sys`, which may show another
//! namespace, and never change an interface.
//!
//! Who lists them depends on the system: netlink on Linux (`linux`), getifaddrs(3) elsewhere.

use std::net::IpAddr;

use anyhow::{Context as _, Result, bail};

use crate::names::printable;

mod counters;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(any(not(target_os = "linux"), test))]
mod getifaddrs;
#[cfg(target_os = "linux")]
mod linux;
mod present;

pub use counters::{InterfaceCounters, InterfaceLosses, Xdp};
#[cfg(not(target_os = "linux"))]
use elsewhere as system;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "linux")]
pub use linux::{counters, cut_by_kernel};
pub use present::{index_of, is_present, name_of};
pub use system::{all, link_speed, takes_ipv6, wait_for};

/// What libpcap calls all interfaces at once.
pub const ANY: &str = "any";
/// Interfaces that are not chosen unless asked for; classic iftop's list.
const NEVER_DEFAULT: [&str; 6] = ["lo", "stf", "gif", "dummy", "vmnet", "wmaster"];

/// One network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number for it in this namespace, from 1.
    pub index: u32,
    /// Its name, as given to `-i`. Any byte but `/` and white space may be in it: what is shown is
    /// [`shown_name`](Self::shown_name).
    pub name: String,
    /// Switched on (`IFF_UP`).
    pub up: bool,
    /// Able to carry packets, as far as the driver knows (`IFF_RUNNING`).
    pub running: bool,
    /// A loopback (`IFF_LOOPBACK`).
    pub loopback: bool,
    /// `ARPHRD_*` of `linux/if_arp.h`.
    pub link_layer: u16,
    /// Hardware address, where it has one of six bytes; all zero on `lo`.
    pub mac: Option<[u8; 6]>,
    /// Its own IP addresses in the kernel's order: IPv4 first, primary before secondary.
    pub addresses: Vec<IpAddr>,
    /// What kind of virtual interface it is, such as `wireguard`; hardware has none.
    pub kind: Option<String>,
    /// The one far end of a tunnel that has exactly one (GRE, ipip, sit, ..).
    pub tunnel_peer: Option<IpAddr>,
}

impl Interface {
    /// Its name as it can be shown.
    pub fn shown_name(&self) -> String {
        printable(self.name.as_bytes())
    }

    /// Whether its counters are those of a device, which sends and receives the segments of what is an
    /// aggregate to the kernel. Most virtual interfaces count what the kernel hands them; those that
    /// bundle devices add up theirs.
    pub fn counts_segments(&self) -> bool {
        match &self.kind {
            Some(kind) => ["bond", "team"].contains(&kind.as_str()),
            None => !self.loopback,
        }
    }
}

/// The addresses of this host: those of all its interfaces.
pub fn own_addresses() -> Result<Vec<IpAddr>> {
    Ok(all()?.into_iter().flat_map(|interface| interface.addresses).collect())
}

/// The interface of this name; the error names those there are.
pub fn find(name: &str) -> Result<Interface> {
    named(all()?, name)
}

/// The interface of the default route (IPv4 before IPv6, lowest metric first), else the first that
/// is up, no loopback and can be read.
pub fn default_interface() -> Result<Interface> {
    let interfaces = all()?;
    let default_route = system::default_route(&interfaces)?;
    match choose(&interfaces, default_route) {
        Some(interface) => Ok(interface.clone()),
        None => bail!(
            "no default route, and no interface is up that iftop can read: choose one with -i; \
             there are: {}",
            names(&interfaces)
        ),
    }
}

fn choose(interfaces: &[Interface], default_route: Option<u32>) -> Option<&Interface> {
    let of_route = interfaces.iter().find(|interface| Some(interface.index) == default_route);
    of_route.or_else(|| {
        interfaces.iter().find(|interface| {
            let skipped = NEVER_DEFAULT.iter().any(|prefix| interface.name.starts_with(prefix));
            interface.up && !interface.loopback && !skipped && system::can_be_read(interface)
        })
    })
}

fn named(interfaces: Vec<Interface>, name: &str) -> Result<Interface> {
    let there_are = names(&interfaces);
    // libpcap's word, which is no interface of the kernel.
    let hint = if name == ANY { " (all of them at once: by --source pcap)" } else { "" };
    interfaces.into_iter().find(|interface| interface.name == name).with_context(|| {
        format!("no interface `{}`{hint}; there are: {there_are}", printable(name.as_bytes()))
    })
}

fn names(interfaces: &[Interface]) -> String {
    let names = interfaces.iter().map(Interface::shown_name);
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name and whether it is up.
    fn interfaces(list: &[(&str, bool)]) -> Vec<Interface> {
        (1..)
            .zip(list)
            .map(|(index, (name, up))| Interface {
                index,
                name: (*name).to_owned(),
                up: *up,
                loopback: *name == "lo",
                #[cfg(target_os = "linux")]
                link_layer: if name.starts_with("can") { 280 } else { libc::ARPHRD_ETHER },
                ..Interface::default()
            })
            .collect()
    }

    /// Elsewhere any interface may be one that can be read.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_default_route_wins_then_the_first_usable() {
        let list = [
            ("lo", true),
            ("eth0", false),
            ("dummy0", true),
            ("lowpan0", true),
            ("can0", true),
            ("eth1", true),
            ("eth2", true),
        ];
        let list = interfaces(&list);
        let chosen = |route| choose(&list, route).map(|interface| interface.name.as_str());
        assert_eq!(chosen(Some(7)), Some("eth2"));
        assert_eq!(chosen(Some(3)), Some("dummy0"), "a route says more than a name");
        assert_eq!(chosen(None), Some("eth1"));
        assert_eq!(chosen(Some(99)), Some("eth1"), "gone meanwhile");
        assert_eq!(choose(&list[..5], None), None);
    }

    #[test]
    fn a_missing_interface_is_told_with_those_there_are() {
        let list = interfaces(&[("lo", true), ("eth0", true)]);
        assert_eq!(named(list.clone(), "eth0").unwrap().index, 2);
        let error = |name| named(list.clone(), name).unwrap_err().to_string();
        assert_eq!(error("eth9\x1b"), r"no interface `eth9\x1b`; there are: lo, eth0");
        let any = "no interface `any` (all of them at once: by --source pcap); there are: lo, eth0";
        assert_eq!(error("any"), any);
    }
}
