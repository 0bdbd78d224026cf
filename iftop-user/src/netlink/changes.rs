//! Hearing that something has changed, without being told what.
//!
//! Source: rtnetlink(7), `RTMGRP_LINK` of `linux/rtnetlink.h`.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

/// Of `linux/rtnetlink.h`.
const RTMGRP_LINK: u32 = 1;

/// See the module's description.
pub(crate) struct Changes(Socket);

impl Changes {
    /// Of interfaces, in the namespace of the calling thread.
    pub(crate) fn of_links() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind(&SocketAddr::new(0, RTMGRP_LINK))?;
        Ok(Self(socket))
    }

    /// Returns when something may have changed since the last time, or since this was made.
    pub(crate) fn wait(&self) -> io::Result<()> {
        match self.0.recv_from_full() {
            Ok(_) => Ok(()),
            // More has changed than there was room to tell.
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }
}
