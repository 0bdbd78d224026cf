//! What the process is allowed of the system's resources, asked before anything else: what runs out later
//! ends it in the middle, and perhaps without a word.
//!
//! It owns how much is needed. It must never change a limit, and keeps nothing open.
//!
//! Sources: getrlimit(2).

use std::{io, iter};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, getrlimit};

/// More than any way to count has open at a time.
const DESCRIPTORS: usize = 64;

/// Beside what flows take, in the kernel's tables and here: the program, its libraries, and what the
/// allocator reserves for threads.
const ADDRESSES: u64 = 256 << 20;

/// Whether a run can have what it may need, where flows may take so much memory.
///
/// # Errors
/// Say what there is too little of, and how it is raised.
pub(crate) fn check(max_memory: u64) -> Result<()> {
    // A limit alone does not say how much of it is used.
    iter::repeat_with(io::pipe)
        .take(DESCRIPTORS / 2)
        .collect::<io::Result<Vec<_>>>()
        .with_context(|| format!("{DESCRIPTORS} files cannot be open at a time (ulimit -n)"))?;
    is_enough(getrlimit(Resource::As).current, max_memory)
}

/// Without addresses the allocator would abort the program.
fn is_enough(limit: Option<u64>, max_memory: u64) -> Result<()> {
    let needed = max_memory.saturating_add(ADDRESSES);
    ensure!(
        limit.is_none_or(|limit| limit >= needed),
        "the address space is limited to {} MiB (ulimit -v), and {} MiB are needed with \
         --max-memory {}M",
        limit.unwrap_or_default() >> 20,
        needed >> 20,
        max_memory >> 20
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_space_must_have_room_for_the_memory_that_was_allowed() {
        let cases = [
            (None, 1 << 40, true),
            (Some(384 << 20), 128 << 20, true),
            (Some((384 << 20) - 1), 128 << 20, false),
            (Some(u64::MAX - 1), u64::MAX, false),
        ];
        for (limit, max_memory, enough) in cases {
            assert_eq!(is_enough(limit, max_memory).is_ok(), enough, "{limit:?} {max_memory}");
        }
        assert!(check(128 << 20).is_ok());
    }
}
