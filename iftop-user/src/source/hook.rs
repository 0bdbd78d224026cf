//! Which hook of the kernel somebody asked for.
//!
//! Plain values, on systems without eBPF too, where options are refused by their name. It must never
//! attach anything.

/// Which kind of hook to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HookChoice {
    /// TCX where the kernel has it, else clsact.
    #[default]
    Auto,
    /// This one or none.
    Only(HookKind),
    /// Received frames at the XDP hook, run by the kernel or by the driver; what is sent as by `Auto`.
    Xdp(XdpBy),
}

/// A kind of tc hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// A TCX link, since Linux 6.6.
    Tcx,
    /// A filter of the clsact qdisc.
    Clsact,
}

impl HookKind {
    /// As it stands in the status rule and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcx => "tcx",
            Self::Clsact => "clsact",
        }
    }
}

/// Who runs the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XdpBy {
    /// The kernel, once there is a socket buffer: on any Ethernet device.
    Kernel,
    /// The driver, before there is one.
    Driver,
}

impl XdpBy {
    /// As the kernel calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "generic",
            Self::Driver => "native",
        }
    }
}
