//! How the program comes to its usual name, beside the iftop that the system has.
//!
//! It owns the names. `/usr/bin/iftop` is a link that `update-alternatives` keeps; Debian's iftop is
//! `/usr/sbin/iftop`, and nothing here may touch that, nor a file of another package.

/// What the packages and all files in them are called.
pub const NAME: &str = "iftop-ebpf";

/// The line that makes the link, or has it make way for one with a higher priority.
pub const INSTALL: &str = "update-alternatives --install /usr/bin/iftop iftop /usr/bin/iftop-ebpf 50 \
     --slave /usr/share/man/man1/iftop.1.gz iftop.1.gz /usr/share/man/man8/iftop-ebpf.8.gz";

/// The line that takes it away.
pub const REMOVE: &str = "update-alternatives --remove iftop /usr/bin/iftop-ebpf";
