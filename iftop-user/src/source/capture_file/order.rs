//! The numbers of a capture file, in the byte order of the machine that wrote it.

/// See the module's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub const BOTH: [Self; 2] = [Self::Little, Self::Big];

    #[inline]
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        if self == Self::Big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    #[inline]
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        if self == Self::Big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    #[inline]
    pub fn u64(self, bytes: [u8; 8]) -> u64 {
        if self == Self::Big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) }
    }
}

/// A number's bytes, which are there.
#[inline]
pub(super) fn part<const BYTES: usize>(bytes: &[u8], place: usize) -> [u8; BYTES] {
    bytes.get(place..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; BYTES])
}
