//! Reading a whole hash map: in batches, and entry by entry. Nothing is deleted, so that every round
//! reads the same.
#![expect(unsafe_code, reason = "the raw bpf(2) system call")]

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

use anyhow::{Result, ensure};

/// `enum bpf_cmd` in `<linux/bpf.h>`.
const BPF_MAP_LOOKUP_ELEM: libc::c_long = 1;
const BPF_MAP_GET_NEXT_KEY: libc::c_long = 4;
const BPF_MAP_LOOKUP_BATCH: libc::c_long = 24;

/// Entries asked for at once; more is not faster, and a bucket surely fits.
const BATCH: usize = 16_384;

/// The `batch` member of `union bpf_attr`.
#[repr(C)]
struct BatchAttr {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

/// The members of `union bpf_attr` for single entries. The third is the value or the next key.
#[repr(C)]
struct EntryAttr {
    map_fd: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// A map of hashes, and how long its keys and values are for user space: those of maps with a value for
/// each CPU are all of them together.
#[derive(Clone, Copy)]
pub struct Entries<'a> {
    pub map: BorrowedFd<'a>,
    pub key_bytes: usize,
    pub value_bytes: usize,
}

impl Entries<'_> {
    /// Reads all with `BPF_MAP_LOOKUP_BATCH`; how many there were.
    pub fn read_in_batches(&self) -> Result<usize> {
        let mut keys = vec![0_u8; BATCH * self.key_bytes];
        let mut values = vec![0_u8; BATCH * self.value_bytes];
        let (mut read, mut position, mut first) = (0, 0_u32, true);
        loop {
            let mut next = 0_u32;
            let mut attr = BatchAttr {
                in_batch: if first { 0 } else { &raw const position as u64 },
                out_batch: &raw mut next as u64,
                keys: keys.as_mut_ptr() as u64,
                values: values.as_mut_ptr() as u64,
                count: u32::try_from(BATCH)?,
                map_fd: self.map.as_raw_fd().cast_unsigned(),
                elem_flags: 0,
                flags: 0,
            };
            // SAFETY: the kernel reads `in_batch` and writes `out_batch` (4 bytes each for a hash map) and
            // at most `count` keys and values, for which there is room. `attr` is as long as stated.
            let result = unsafe { call(BPF_MAP_LOOKUP_BATCH, &raw mut attr) };
            match result {
                Ok(()) => read += attr.count as usize,
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                    return Ok(read + attr.count as usize);
                }
                Err(error) => return Err(error.into()),
            }
            (position, first) = (next, false);
        }
    }

    /// Reads all with a key and a look-up at a time; how many there were.
    pub fn read_one_by_one(&self) -> Result<usize> {
        // The kernel copies keys from and to here, and values.
        let mut key = vec![0_u8; self.key_bytes];
        let mut next = vec![0_u8; self.key_bytes];
        let mut value = vec![0_u8; self.value_bytes];
        ensure!(!key.is_empty() && !value.is_empty(), "a map without keys or values");
        let mut read = 0;
        loop {
            let mut attr = EntryAttr {
                map_fd: self.map.as_raw_fd().cast_unsigned(),
                padding: 0,
                key: if read == 0 { 0 } else { key.as_ptr() as u64 },
                value: next.as_mut_ptr() as u64,
                flags: 0,
            };
            // SAFETY: both keys are as long as the map's. `attr` is as long as stated.
            match unsafe { call(BPF_MAP_GET_NEXT_KEY, &raw mut attr) } {
                Ok(()) => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(read),
                Err(error) => return Err(error.into()),
            }
            std::mem::swap(&mut key, &mut next);
            attr.key = key.as_ptr() as u64;
            attr.value = value.as_mut_ptr() as u64;
            // SAFETY: key and value are as long as the map's.
            unsafe { call(BPF_MAP_LOOKUP_ELEM, &raw mut attr) }?;
            read += 1;
        }
    }
}

/// # Safety
/// Every pointer in `attr` must be good for what the command reads and writes.
unsafe fn call<T>(command: libc::c_long, attr: *mut T) -> io::Result<()> {
    // SAFETY: as the caller vouches.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, attr, size_of::<T>()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
