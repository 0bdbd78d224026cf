//! What we and the helper process say to each other: JSON behind its length, and descriptors.
//!
//! It must never trust a length: either side may have been taken over by somebody.

use std::{
    io::{self, ErrorKind, IoSlice, IoSliceMut, Read as _, Write as _},
    mem::MaybeUninit,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream,
    },
};

use anyhow::{Result, ensure};
use rustix::{
    io::retry_on_intr,
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::super::attached::{NotSet, Shape};
use crate::{packet_filter::PacketFilter, source::surroundings::Look};

/// The longest filter that the kernel takes is much shorter.
const MOST_BYTES: u32 = 16 << 20;
/// As many maps as any table has.
const MOST_DESCRIPTORS: usize = 5;

/// What the helper is asked to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    SetFilter(Option<PacketFilter>),
    Look,
    LetGo,
    /// For the interface of this index, as that of the start is gone.
    LoadAgain(u32),
    Attach,
}

/// What it says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Done,
    NotSet(NotSet),
    Look(Look),
    /// The maps' descriptors follow.
    Loaded(Shape),
    Failed(String),
}

/// Sends a message.
pub(super) fn send(socket: &mut UnixStream, message: &impl Serialize) -> Result<()> {
    let mut bytes = vec![0; size_of::<u32>()];
    serde_json::to_writer(&mut bytes, message)?;
    let length = u32::try_from(bytes.len() - size_of::<u32>())?;
    bytes[..size_of::<u32>()].copy_from_slice(&length.to_ne_bytes());
    Ok(socket.write_all(&bytes)?)
}

/// The next message; `None` where there will be none.
pub(super) fn receive<T: DeserializeOwned>(socket: &mut UnixStream) -> Result<Option<T>> {
    let mut length = [0; size_of::<u32>()];
    match socket.read_exact(&mut length) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let length = u32::from_ne_bytes(length);
    ensure!(length <= MOST_BYTES, "a message of {length} bytes");
    let mut bytes = vec![0; length as usize];
    socket.read_exact(&mut bytes)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// Hands descriptors over, beside a byte that is nothing.
pub(super) fn send_descriptors(socket: &UnixStream, descriptors: &[OwnedFd]) -> Result<()> {
    let descriptors: Vec<_> = descriptors.iter().map(OwnedFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ensure!(ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)), "too many descriptors");
    sendmsg(socket, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Takes what was handed over.
pub(super) fn receive_descriptors(socket: &UnixStream) -> Result<Vec<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut bytes = [IoSliceMut::new(&mut byte)];
    let received =
        retry_on_intr(|| recvmsg(socket, &mut bytes, &mut ancillary, RecvFlags::CMSG_CLOEXEC))?;
    ensure!(received.bytes == 1, io::Error::from(ErrorKind::UnexpectedEof));
    let messages = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let descriptors: Vec<_> = messages.flatten().collect();
    ensure!(!descriptors.is_empty(), "no descriptors");
    Ok(descriptors)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn what_is_sent_arrives_and_the_end_is_no_error() {
        let (mut one, mut other) = UnixStream::pair().unwrap();
        send(&mut one, &Request::LoadAgain(7)).unwrap();
        send_descriptors(&one, &[File::open("/dev/null").unwrap().into()]).unwrap();
        send(&mut one, &Request::Look).unwrap();
        assert!(matches!(receive(&mut other), Ok(Some(Request::LoadAgain(7)))));
        assert_eq!(receive_descriptors(&other).unwrap().len(), 1);
        assert!(matches!(receive(&mut other), Ok(Some(Request::Look))));
        one.write_all(&u32::MAX.to_ne_bytes()).unwrap();
        assert!(receive::<Request>(&mut other).is_err(), "a length that nobody means");
        drop(one);
        assert!(matches!(receive::<Request>(&mut other), Ok(None)));
    }
}
