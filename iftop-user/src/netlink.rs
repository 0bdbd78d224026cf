//! One question to the kernel's rtnetlink and its answer, in the network namespace of the thread.
//!
//! It owns sockets, sequence numbers, multi-part replies and the kernel's error messages. It must
//! never know what a message is about: callers build typed requests and pick what they need out of
//! the replies, attribute by attribute, so that an attribute whose shape is new cannot fail a dump.
//!
//! Sources: netlink(7), rtnetlink(7), `linux/netlink.h`.

use std::{fmt, io};

use anyhow::{Context as _, Result, bail, ensure};
use netlink_packet_core::{
    NLA_HEADER_SIZE, NLM_F_ACK, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_DUMP, NLM_F_DUMP_INTR,
    NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN, NetlinkBuffer,
    NetlinkHeader, NetlinkMessage, NlasIterator,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

mod changes;
#[cfg(test)]
pub(crate) mod namespace;

pub(crate) use changes::Changes;

/// How often a dump is started over because the list changed while it was read.
const DUMP_ATTEMPTS: usize = 10;
/// Every exchange has a socket of its own, so any number does.
const SEQUENCE: u32 = 1;
/// `NLMSGERR_ATTR_MSG`: the kernel's error in words.
const ERROR_ATTRIBUTE_MESSAGE: u16 = 1;
/// The errno, then the header of the message that was refused.
const ERROR_BYTES: usize = 4 + NETLINK_HEADER_BYTES;
const NETLINK_HEADER_BYTES: usize = 16;

/// The kernel's refusal of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// A positive errno, such as `libc::EEXIST`.
    pub(crate) errno: i32,
    /// What the kernel adds in words (extended acknowledgement, Linux 4.12).
    pub(crate) message: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", io::Error::from_raw_os_error(self.errno))?;
        self.message.as_ref().map_or(Ok(()), |message| write!(f, ": {message}"))
    }
}

impl std::error::Error for Refusal {}

/// One message of a dump: a fixed header, whose length depends on the kind, then attributes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply<'a> {
    pub(crate) payload: &'a [u8],
}

impl<'a> Reply<'a> {
    /// Type and value of each attribute behind a fixed header of this many bytes.
    pub(crate) fn attributes(self, header_bytes: usize) -> impl Iterator<Item = (u16, &'a [u8])> {
        attributes(self.payload.get(header_bytes..).unwrap_or_default())
    }
}

/// Type (without its flag bits) and value of each attribute; ends at the first broken one.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    NlasIterator::new(bytes).map_while(Result::ok).filter_map(|attribute| {
        let end = usize::from(attribute.length());
        Some((attribute.kind(), attribute.into_inner().get(NLA_HEADER_SIZE..end)?))
    })
}

/// An attribute's value as text, without the NUL that ends it.
pub(crate) fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// An attribute's value as a number in the machine's byte order.
pub(crate) fn number(value: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(value.try_into().ok()?))
}

/// Asks for a whole list and keeps what `pick` makes of each message.
///
/// Only that is kept: the routes of a router with a full table would fill much memory.
pub(crate) fn dump<T>(
    request: &RouteNetlinkMessage,
    mut pick: impl FnMut(Reply<'_>) -> Option<T>,
) -> Result<Vec<T>> {
    for _ in 0..DUMP_ATTEMPTS {
        let mut picked = Vec::new();
        let consistent = exchange(request.clone(), NLM_F_DUMP, |reply| picked.extend(pick(reply)))?;
        if consistent {
            return Ok(picked);
        }
    }
    bail!("the kernel's list changed during each of {DUMP_ATTEMPTS} attempts to read it")
}

/// Asks for one thing and keeps what `pick` makes of it. The kernel's refusal is a [`Refusal`].
pub(crate) fn get<T>(
    request: RouteNetlinkMessage,
    mut pick: impl FnMut(Reply<'_>) -> Option<T>,
) -> Result<Option<T>> {
    let mut picked = None;
    // The acknowledgement is what ends the answer.
    exchange(request, NLM_F_ACK, |reply| picked = pick(reply))?;
    Ok(picked)
}

/// Asks for one change, `flags` such as `NLM_F_CREATE`. The kernel's refusal is a [`Refusal`].
pub(crate) fn change(request: RouteNetlinkMessage, flags: u16) -> Result<()> {
    exchange(request, NLM_F_ACK | flags, |_| ()).map(|_| ())
}

/// Sends a request and reads to the end of its answer; `false` when the list changed meanwhile.
fn exchange(
    request: RouteNetlinkMessage,
    flags: u16,
    mut on_reply: impl FnMut(Reply<'_>),
) -> Result<bool> {
    let socket = Socket::new(NETLINK_ROUTE).context("open a netlink socket")?;
    // Both only make refusals shorter and more telling; kernels without them are served as well.
    let _ = socket.set_cap_ack(true);
    let _ = socket.set_ext_ack(true);
    let kernel = SocketAddr::new(0, 0);
    socket.send_to(&encode(request, flags), &kernel, 0).context("send to netlink")?;

    let mut answer = Answer { interrupted: false };
    loop {
        let (datagram, sender) = match socket.recv_from_full() {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context("receive from netlink"),
        };
        // Other processes may send to this socket too.
        if sender.port_number() == 0 && answer.read(&datagram, &mut on_reply)? {
            return Ok(!answer.interrupted);
        }
    }
}

fn encode(request: RouteNetlinkMessage, flags: u16) -> Vec<u8> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    header.sequence_number = SEQUENCE;
    let mut message = NetlinkMessage::new(header, request.into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// What is known of an answer that comes in several datagrams.
struct Answer {
    /// A message said that the list changed during the dump.
    interrupted: bool,
}

impl Answer {
    /// Takes the messages of one datagram; `true` when the answer is complete.
    fn read(&mut self, datagram: &[u8], on_reply: &mut impl FnMut(Reply<'_>)) -> Result<bool> {
        let mut rest = datagram;
        while !rest.is_empty() {
            let message = NetlinkBuffer::new_checked(rest)?;
            if message.sequence_number() == SEQUENCE {
                let flags = message.flags();
                self.interrupted |= flags & NLM_F_DUMP_INTR != 0;
                match message.message_type() {
                    NLMSG_NOOP => (),
                    NLMSG_OVERRUN => bail!("netlink lost a part of its answer"),
                    kind @ (NLMSG_DONE | NLMSG_ERROR) => {
                        return end(kind, flags, message.payload()).map(|()| true);
                    }
                    _ => on_reply(Reply { payload: message.payload() }),
                }
            }
            let length = usize::try_from(message.length())?.next_multiple_of(4);
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(false)
    }
}

/// The message that ends an answer: well (errno 0) or badly (a negative errno).
fn end(kind: u16, flags: u16, payload: &[u8]) -> Result<()> {
    let Some(code) = payload.first_chunk() else {
        // Some kernels end a dump with an empty message.
        ensure!(kind == NLMSG_DONE, "netlink sent an error message without an error");
        return Ok(());
    };
    let errno = i32::from_ne_bytes(*code).saturating_neg();
    if errno == 0 {
        return Ok(());
    }
    // Behind an error that is not capped stands the whole request; only its header is wanted.
    let has_words = kind == NLMSG_ERROR && flags & NLM_F_CAPPED != 0 && flags & NLM_F_ACK_TLVS != 0;
    let words = payload.get(ERROR_BYTES..).filter(|_| has_words).unwrap_or_default();
    let message = attributes(words)
        .find(|(kind, _)| *kind == ERROR_ATTRIBUTE_MESSAGE)
        .map(|(_, value)| text(value));
    Err(Refusal { errno, message }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_LINK: u16 = 16;

    fn message(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(NETLINK_HEADER_BYTES + payload.len()).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn read(datagram: &[u8]) -> (Result<bool>, bool, Vec<Vec<u8>>) {
        let (mut answer, mut replies) = (Answer { interrupted: false }, Vec::new());
        let complete = answer.read(datagram, &mut |reply| replies.push(reply.payload.to_vec()));
        (complete, answer.interrupted, replies)
    }

    #[test]
    fn datagrams_hold_several_messages() {
        let part = [message(NEW_LINK, 2, 1, b"one"), message(NEW_LINK, 2, 1, b"three")].concat();
        let (complete, interrupted, replies) = read(&part);
        assert!(!complete.unwrap() && !interrupted);
        assert_eq!(replies, [b"one".to_vec(), b"three".to_vec()]);

        let whole = [part, message(NLMSG_DONE, 2, 1, &[0; 4])].concat();
        assert!(read(&whole).0.unwrap());
        assert!(read(&message(NLMSG_DONE, 2, 1, &[])).0.unwrap());
    }

    #[test]
    fn messages_for_others_are_passed_over() {
        let (complete, _, replies) = read(&message(NEW_LINK, 2, 7, b"one"));
        assert!(!complete.unwrap() && replies.is_empty());
    }

    #[test]
    fn a_list_that_changed_is_noticed_in_any_message() {
        for kind in [NEW_LINK, NLMSG_DONE] {
            assert!(read(&message(kind, 2 | NLM_F_DUMP_INTR, 1, &[0; 4])).1);
        }
    }

    #[test]
    fn broken_datagrams_are_errors() {
        let whole = message(NEW_LINK, 2, 1, b"four");
        assert!(read(&whole[..whole.len() - 1]).0.is_err(), "longer than the datagram");
        assert!(read(&whole[..10]).0.is_err(), "not even a header");
        let mut endless = whole;
        endless[..4].fill(0);
        assert!(read(&endless).0.is_err(), "a length of 0 would loop for ever");
        assert!(read(&message(NLMSG_OVERRUN, 0, 1, &[])).0.is_err());
        assert!(read(&message(NLMSG_ERROR, 0, 1, &[])).0.is_err());
    }

    #[test]
    fn refusals_carry_errno_and_words() {
        let mut payload = (-libc::EEXIST).to_ne_bytes().to_vec();
        payload.extend([0; NETLINK_HEADER_BYTES]);
        let bare = payload.clone();
        payload.extend(8_u16.to_ne_bytes());
        payload.extend(ERROR_ATTRIBUTE_MESSAGE.to_ne_bytes());
        payload.extend(b"why\0");

        let cases = [
            (NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, &payload, Some("why".to_owned())),
            (NLMSG_ERROR, 0, &bare, None),
            (NLMSG_DONE, 2, &bare, None),
        ];
        for (kind, flags, payload, words) in cases {
            let error = read(&message(kind, flags, 1, payload)).0.unwrap_err();
            let refusal = error.downcast_ref::<Refusal>().unwrap();
            assert_eq!((refusal.errno, &refusal.message), (libc::EEXIST, &words));
        }
        assert!(read(&message(NLMSG_ERROR, 0, 1, &[0; 20])).0.unwrap(), "errno 0 acknowledges");
    }

    #[test]
    fn attributes_end_at_the_first_broken_one() {
        let bytes = [5, 0, 1, 0x80, b'x', 0, 0, 0, 99, 0, 2, 0];
        assert_eq!(attributes(&bytes).collect::<Vec<_>>(), [(1, &b"x"[..])]);
        assert_eq!(attributes(&[]).count(), 0);
    }
}
