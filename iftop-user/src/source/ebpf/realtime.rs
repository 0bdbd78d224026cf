//! Whether the kernel preempts what others do not.

/// True on `PREEMPT_RT`, where a program at a hook may be interrupted by another one on its CPU, so
/// that a line of the flat table would have two writers. Such a kernel says so in its version
/// (`scripts/mkcompile_h`).
pub(super) fn is_preempt_rt() -> bool {
    rustix::system::uname().version().to_string_lossy().contains("PREEMPT_RT")
}
