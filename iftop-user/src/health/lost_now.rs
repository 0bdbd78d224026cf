//! Packets that get lost at present, and the worst of it in words.

/// Packets per second that get lost now; each is more than 0 while any do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LostNow {
    /// We could not take them: libpcap's buffer was full.
    pub ours: f64,
    /// The device could not take them.
    pub missed: f64,
    /// The interface dropped them while receiving, before our hook.
    pub dropped: f64,
    /// They were broken when they came.
    pub errors: f64,
    /// They could not be sent.
    pub send_failed: f64,
    /// The queue dropped them instead of having them sent.
    pub queue: f64,
}

/// A way to lose packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// By libpcap, for want of room. A file says it for its whole at the end, not for a time.
    Ours,
    /// Never seen by us, though they were whole.
    BeforeUs,
    /// Broken when they came.
    Broken,
    /// Not sent by the device.
    SendFailed,
    /// Dropped by the queue.
    Queue,
}

impl Loss {
    /// In words, around a rate.
    pub fn told(self, rate: &str) -> String {
        match self {
            Self::Ours => format!("libpcap dropped {rate}"),
            Self::BeforeUs => format!("NIC dropped {rate} before us"),
            Self::Broken => format!("NIC received {rate} broken"),
            Self::SendFailed => format!("NIC failed to send {rate}"),
            Self::Queue => format!("qdisc dropped {rate}"),
        }
    }
}

impl LostNow {
    /// The worst, with its rate, where there is any.
    pub fn worst(&self) -> Option<(Loss, f64)> {
        [
            (Loss::Ours, self.ours),
            (Loss::BeforeUs, self.before_us()),
            (Loss::Broken, self.errors),
            (Loss::SendFailed, self.send_failed),
            (Loss::Queue, self.queue),
        ]
        .into_iter()
        .filter(|&(_, rate)| rate > 0.0)
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
    }

    /// Never seen by us, though they were whole.
    pub fn before_us(&self) -> f64 {
        self.missed + self.dropped
    }
}
