//! That reading blocks allocates nothing, whatever options they have: memory is bounded.

use std::{fs, sync::Arc};

use super::{super::playback::Playback, *};
use crate::allocations::allocations;

/// So many that all blocks are read at once.
const OPTIONS: usize = 1000;

/// What each block has, as numbers of the little order, and then its options.
const BLOCKS: [(u32, &[u32]); 6] = [
    (SECTION, &[BYTE_ORDER, 1, u32::MAX, u32::MAX]),
    (INTERFACE, &[1, 0]),
    (STATISTICS, &[0, 0, 0]),
    (PACKET, &[0, 0, 0, 4, 4, 0]),
    (OLD_PACKET, &[0, 0, 0, 4, 4, 0]),
    (SIMPLE_PACKET, &[4, 0]),
];

#[test]
fn options_are_not_gathered() {
    let mut file = Vec::new();
    for (kind, numbers) in BLOCKS {
        let comment = 1_u32;
        let body = [numbers, &[comment; OPTIONS]].concat();
        let length = u32::try_from(body.len() * 4).unwrap() + LEAST_BYTES;
        let numbers = [&[kind, length], &body[..], &[length]].concat();
        file.extend(numbers.into_iter().flat_map(u32::to_le_bytes));
    }
    let path = tempfile::NamedTempFile::new().unwrap();
    fs::write(&path, &file).unwrap();
    let (_playback, head) = Playback::new().unwrap();
    let mut input = Input::open(path.path(), Arc::clone(&head), true).unwrap();
    let mut blocks = PcapNg::begin(&mut input).unwrap();
    let mut packets = 0;
    let allocated = allocations(|| {
        while let Some(record) = blocks.peek(&mut input).unwrap() {
            let bytes = record.bytes;
            input.consume(bytes);
            packets += 1;
        }
    });
    assert_eq!((packets, allocated), (3, 1), "one for the list of interfaces");
}
