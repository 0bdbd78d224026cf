//! What an interface itself counts, beside us: what passed it, and what it lost.
//!
//! It owns what those numbers mean; only Linux is asked for them. It must never compare them with anything: what a frame is to the
//! interface and to us differs.
//!
//! Source: rtnetlink(7), `struct rtnl_link_stats64` of `linux/if_link.h` and its description in
//! Documentation/networking/statistics.rst.

use iftop_common::Count;

/// Since the interface exists, or since its driver last began anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceCounters {
    /// Switched on (`IFF_UP`).
    pub up: bool,
    /// Received by this interface, in bytes of frames. Whether a checksum is in them, and whether
    /// what the driver dropped is, depends on the driver.
    pub received: Count,
    /// Sent by this interface, likewise; what a queueing discipline dropped never got here.
    pub sent: Count,
    /// What got lost.
    pub losses: InterfaceLosses,
    /// The XDP program at it, whoever attached it: it sees received frames after they are counted.
    pub xdp: Option<Xdp>,
}

/// An XDP program at an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xdp {
    /// Who runs it: `native` is the driver, `generic` the kernel, `offloaded` the device.
    pub mode: &'static str,
    /// The kernel's number for it; 0 where there are several.
    pub program: u32,
}

/// Packets that an interface lost, or the kernel on its behalf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceLosses {
    /// `rx_missed_errors`: the host gave the device no buffer in time. Only hardware has it, and it
    /// is never in `dropped`.
    pub missed: u64,
    /// `rx_dropped`: dropped by the driver before us (no memory, an address that it filters), and by
    /// the kernel on both sides of us: before, where the backlog of a CPU is full, and behind, where
    /// no protocol takes the packet (`__netif_receive_skb_core` in `net/core/dev.c`).
    pub dropped: u64,
    /// `rx_errors`: broken on their way, such as by a wrong checksum; never passed on.
    pub errors: u64,
    /// `rx_over_errors`: did not fit into the buffers of the host. Events of the hardware, not always
    /// one for each packet, and in many drivers also in `errors` or `missed`.
    pub over_errors: u64,
    /// `rx_fifo_errors`: the older name of that in older drivers.
    pub fifo_errors: u64,
    /// `rx_nohandler`: received by an interface that is not to receive, such as the spare one of a
    /// bond. Behind us.
    pub no_handler: u64,
    /// `tx_dropped`: dropped by the driver on their way out, so behind us.
    pub send_dropped: u64,
    /// `tx_errors`: could not be sent, so behind us.
    pub send_errors: u64,
}
