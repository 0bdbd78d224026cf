//! Which packets of an interface a ring holds, and which way they went.
//!
//! libpcap does not say which way an Ethernet frame went, and addresses only hint at it: a bridge sends
//! from addresses that are not its own. So on Linux there are two rings, one for what is received and one
//! for what is sent, told apart by the kernel (`direction`). Where the link header says it (`any`) one is
//! enough; so on a loopback interface, where each packet passes twice and libpcap shows it once. Elsewhere
//! the hardware address of the sender says it, and behind other headers the IP addresses.

use crate::{
    interface::Interface,
    source::frames::{LinkLayer, Way},
};

/// See the module's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    #[cfg(target_os = "linux")]
    Received,
    #[cfg(target_os = "linux")]
    Sent,
    /// Received and sent.
    #[cfg(any(not(target_os = "linux"), test))]
    Both,
    /// Each packet of a loopback interface. It counts as sent, as in the kernel.
    Loopback,
    /// Those of all interfaces.
    All,
}

impl Part {
    /// Those that there are of an interface, or of all at once.
    pub fn of(interface: Option<&Interface>) -> &'static [Self] {
        match interface {
            None => &[Self::All],
            Some(interface) if interface.loopback => &[Self::Loopback],
            #[cfg(target_os = "linux")]
            Some(_) => &[Self::Received, Self::Sent],
            #[cfg(not(target_os = "linux"))]
            Some(_) => &[Self::Both],
        }
    }

    /// Which way a frame went, where its link header does not say it, by the interface's hardware address.
    pub fn way(self, link: LinkLayer, frame: &[u8], mac: Option<[u8; 6]>) -> Option<Way> {
        match self {
            Self::All => None,
            Self::Loopback => Some(Way::Out),
            #[cfg(target_os = "linux")]
            Self::Sent => Some(Way::Out),
            #[cfg(target_os = "linux")]
            Self::Received => match link {
                LinkLayer::Cooked | LinkLayer::Cooked2 => None,
                LinkLayer::Ethernet => Some(received(frame, mac.unwrap_or_default())),
                _ => Some(Way::In),
            },
            #[cfg(any(not(target_os = "linux"), test))]
            Self::Both => match (link, mac) {
                (LinkLayer::Ethernet, Some(mac)) if frame.get(6..12) == Some(&mac) => {
                    Some(Way::Out)
                }
                (LinkLayer::Ethernet, Some(mac)) => Some(received(frame, mac)),
                // macOS tells no hardware address of an interface with a long name.
                _ => None,
            },
        }
    }
}

/// As the program in the kernel says it.
fn received(frame: &[u8], mac: [u8; 6]) -> Way {
    match frame.first_chunk() {
        Some(receiver) if *receiver != mac && receiver[0] & 1 == 0 => Way::By,
        _ => Way::In,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways() {
        const OURS: [u8; 6] = [2, 0, 0, 0, 0, 1];
        const THEIRS: [u8; 6] = [2, 0, 0, 0, 0, 2];
        const GROUP: [u8; 6] = [0xff; 6];
        let cases = [
            (Part::Both, LinkLayer::Ethernet, [THEIRS, OURS], Some(Way::Out)),
            (Part::Both, LinkLayer::Ethernet, [GROUP, OURS], Some(Way::Out)),
            (Part::Both, LinkLayer::Ethernet, [OURS, THEIRS], Some(Way::In)),
            (Part::Both, LinkLayer::Ethernet, [GROUP, THEIRS], Some(Way::In)),
            (Part::Both, LinkLayer::Ethernet, [THEIRS, THEIRS], Some(Way::By)),
            (Part::Both, LinkLayer::Null, [OURS, THEIRS], None),
            (Part::Loopback, LinkLayer::Null, [OURS, THEIRS], Some(Way::Out)),
            (Part::All, LinkLayer::Cooked2, [OURS, THEIRS], None),
        ];
        for (part, link, addresses, way) in cases {
            assert_eq!(
                part.way(link, &addresses.concat(), Some(OURS)),
                way,
                "{part:?} {addresses:?}"
            );
        }
        let frame = [THEIRS, OURS].concat();
        assert_eq!(Part::Both.way(LinkLayer::Ethernet, &frame, None), None, "addresses decide");
        #[cfg(target_os = "linux")]
        for (part, link, addresses, way) in [
            // A bridge sends from addresses that are not its own.
            (Part::Sent, LinkLayer::Ethernet, [OURS, THEIRS], Some(Way::Out)),
            (Part::Received, LinkLayer::Ethernet, [OURS, THEIRS], Some(Way::In)),
            (Part::Received, LinkLayer::Ethernet, [THEIRS, OURS], Some(Way::By)),
            (Part::Received, LinkLayer::RawIp, [THEIRS, OURS], Some(Way::In)),
            (Part::Received, LinkLayer::Cooked, [THEIRS, OURS], None),
        ] {
            assert_eq!(
                part.way(link, &addresses.concat(), Some(OURS)),
                way,
                "{part:?} {addresses:?}"
            );
        }
    }
}
