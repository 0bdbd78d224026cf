//! Reading a hash map in large pieces and emptying it on the way, which aya does not offer.
#![expect(unsafe_code, reason = "the raw bpf(2) system call")]

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

use iftop_common::{Counters, FlowKey, flat::Words};

/// `enum bpf_cmd` in `<linux/bpf.h>`, since Linux 5.6.
const BPF_MAP_LOOKUP_AND_DELETE_BATCH: libc::c_long = 25;

/// Entries asked for at once, to begin with. A hash bucket must fit in whole; see [`take_all`].
pub(super) const FIRST_BATCH: usize = 4096;

/// The `batch` member of `union bpf_attr`.
#[repr(C)]
struct BatchAttr {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    /// In: room; out: how many were copied.
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

/// Takes every entry out of a flow map that no program uses, and adds it to `taken`. `capacity` is
/// the map's.
pub(super) fn take_all(
    map: BorrowedFd<'_>,
    capacity: u32,
    first_batch: usize,
    taken: &mut Vec<(FlowKey, Counters)>,
) -> io::Result<()> {
    let capacity = (capacity as usize).max(1);
    let mut batch = Batch::with_room(first_batch.min(capacity));
    let mut position = None;
    loop {
        let (result, count, next) = batch.take(map, position);
        let keys = batch.keys.iter().map(FlowKey::from_words);
        taken.extend(keys.zip(batch.counters.iter().copied()).take(count));
        match result {
            Ok(()) => position = Some(next),
            Err(error) => match error.raw_os_error() {
                Some(libc::ENOENT) => return Ok(()),
                // The next bucket holds more than there is room for; nothing of it was taken.
                Some(libc::ENOSPC) if batch.keys.len() < capacity => {
                    batch = Batch::with_room((batch.keys.len() * 2).min(capacity));
                }
                _ => return Err(error),
            },
        }
    }
}

/// Room for one piece.
struct Batch {
    keys: Vec<Words>,
    counters: Vec<Counters>,
}

impl Batch {
    fn with_room(room: usize) -> Self {
        Self { keys: vec![Words::default(); room], counters: vec![Counters::default(); room] }
    }

    /// Moves the piece at `position` (opaque; `None`: from the start) out of the map. Returns how
    /// many entries that were, whatever the result, and where the next piece is.
    fn take(&mut self, map: BorrowedFd<'_>, position: Option<u32>) -> (io::Result<()>, usize, u32) {
        let mut next = 0_u32;
        let mut attr = BatchAttr {
            in_batch: position.as_ref().map_or(0, |position| &raw const *position as u64),
            out_batch: &raw mut next as u64,
            keys: self.keys.as_mut_ptr() as u64,
            values: self.counters.as_mut_ptr() as u64,
            count: u32::try_from(self.keys.len()).unwrap_or(u32::MAX),
            map_fd: map.as_raw_fd().cast_unsigned(),
            elem_flags: 0,
            flags: 0,
        };
        // SAFETY: the kernel reads `in_batch` and writes `out_batch` (4 bytes each for a hash map),
        // and at most `count` keys and values into vectors of that length; every bit pattern is a
        // valid key or counter. `attr` is as long as stated.
        let result = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                BPF_MAP_LOOKUP_AND_DELETE_BATCH,
                &raw mut attr,
                size_of::<BatchAttr>(),
            )
        };
        let result = if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
        // Only these errors come with a count of what was moved before.
        let count = match &result {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => 0,
            _ => attr.count as usize,
        };
        (result, count, next)
    }
}
