//! Tables as large as the kernel has memory for.
//!
//! It owns trying again with smaller ones. It must never take an error for want of memory that is another.

use anyhow::Result;

use aya::Ebpf;

use super::{
    explain,
    object::{self, Settings},
};
use crate::source::table_size::Size;

/// Loads the tables as large as was asked for, or as large as the kernel has memory for; then the programs: the
/// verifier takes memory too, and where a group of processes has none left, the kernel kills one of them.
pub(super) fn load(settings: &Settings, wanted: Size, programs: &[&str]) -> Result<(Ebpf, Size)> {
    let tables = |size| Ok((object::load(settings, size, &[])?, size));
    let (mut object, size) = as_large_as_can_be(wanted, tables)?;
    match object::load_programs(&mut object, settings, programs) {
        Ok(()) => Ok((object, size)),
        Err(error) if explain::is_out_of_memory(&error) => {
            drop(object);
            load(settings, size.smaller().ok_or(error)?, programs)
        }
        Err(error) => Err(error),
    }
}

/// Halves the size until the kernel has memory for it, and then once more: tables that just fit would
/// leave none to the rest of this program, and the kernel kills it when it asks for more.
fn as_large_as_can_be<T>(wanted: Size, load: impl Fn(Size) -> Result<T>) -> Result<T> {
    let (mut size, mut refused) = (wanted, false);
    loop {
        match load(size) {
            Err(error) if explain::is_out_of_memory(&error) => {
                size = size.smaller().ok_or(error)?;
                refused = true;
            }
            Ok(loaded) if refused => {
                let Some(smaller) = size.smaller() else { return Ok(loaded) };
                // The kernel gives it back in its own time: it may refuse what it had a moment ago.
                drop(loaded);
                (size, refused) = (smaller, false);
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context as _;
    use iftop_common::Table;

    use super::*;

    /// A kernel that has room for so many lines, or says so much in any case.
    fn load(wanted: Size, room: u64, code: i32) -> Result<u64> {
        as_large_as_can_be(wanted, |size| {
            if size.lines() <= room {
                return Ok(size.lines());
            }
            Err(io::Error::from_raw_os_error(code)).context("make a map").context("load")
        })
    }

    #[test]
    fn what_the_kernel_has_no_memory_for_is_made_smaller() {
        for table in [Table::Flat, Table::Hash] {
            let wanted = Size::new(table, 1 << 16, 64, 2);
            let lines = wanted.lines();
            // (room, what the kernel says beyond it) → lines
            let cases = [
                (lines, libc::ENOMEM, Some(lines)),
                (lines - 1, libc::ENOMEM, Some(lines / 4)),
                (lines / 8, libc::ENOMEM, Some(lines / 16)),
                (lines / 8, libc::E2BIG, Some(lines / 16)),
                (1024, libc::ENOMEM, Some(1024)),
                (1023, libc::ENOMEM, None),
                (lines / 2, libc::EPERM, None),
            ];
            for (room, code, expected) in cases {
                let loaded = load(wanted, room, code);
                if let Err(error) = &loaded {
                    let cause = error.downcast_ref::<io::Error>().unwrap();
                    assert_eq!(cause.raw_os_error(), Some(code), "the cause is told: {error:#}");
                }
                assert_eq!(loaded.ok(), expected, "{table:?} {room} {code}");
            }
        }
    }
}
