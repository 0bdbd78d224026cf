//! Questions to the driver of an interface.
//!
//! It owns how they are asked. It must never ask a driver to change anything.
//!
//! Source: `linux/ethtool.h`, `SIOCETHTOOL` of netdevice(7).
#![expect(unsafe_code, reason = "ioctl(2) with structures of linux/ethtool.h")]

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

/// Of `linux/sockios.h`.
const SIOCETHTOOL: libc::Ioctl = 0x8946;

/// `struct ifreq`, whose union is 16 or 24 bytes long.
#[repr(C)]
struct Request<T> {
    name: [u8; libc::IF_NAMESIZE],
    question: *mut T,
    unused: [u8; 16],
}

/// Only to be asked: any socket does.
pub(super) fn socket() -> io::Result<OwnedFd> {
    // SAFETY: takes no pointers.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above has just opened it, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Has the kernel answer into the question.
///
/// # Safety
/// The structure must start with its command, and be as long as the answer to that can be.
pub(super) unsafe fn ask<T>(socket: &OwnedFd, name: &str, question: &mut T) -> io::Result<()> {
    let mut request = Request { name: [0; libc::IF_NAMESIZE], question, unused: [0; 16] };
    // The last byte stays zero.
    let bytes = request.name[..libc::IF_NAMESIZE - 1].get_mut(..name.len());
    bytes.ok_or(io::ErrorKind::InvalidInput)?.copy_from_slice(name.as_bytes());
    // SAFETY: the request lives and is as long as the kernel's; of the question, by this
    // function's contract, only what is ours is read and written.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
