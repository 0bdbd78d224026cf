//! What a section says of an interface: what its packets start with, and what their times mean.

use pcap_parser::{InterfaceDescriptionBlock, InterfaceStatisticsBlock, PcapNGOption};

use crate::source::frames::LinkLayer;

/// Codes of options.
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;
/// Of statistics: packets that the interface dropped, and that the system did, since the capture began.
const DROPPED: [u16; 2] = [5, 7];
const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// As powers of ten, where nothing is said.
const MICROSECONDS: u8 = 6;
const NANOSECONDS: u8 = 9;

/// See the module's description.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interface {
    /// As it is numbered.
    pub link_type: u32,
    /// `None`: one that cannot be read. There may still be no packet of it.
    pub link: Option<LinkLayer>,
    /// What was captured of a packet at most, in bytes; 0 for all of it.
    snap_bytes: u32,
    unit: Unit,
    /// In nanoseconds.
    offset: i128,
    /// Packets that were dropped, by the newest statistics.
    dropped: u64,
}

/// What a time is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many nanoseconds.
    Nanoseconds(u64),
    /// So many of them are a nanosecond.
    OfNanosecond(u64),
    /// Seconds, divided by a power of two.
    Binary(u8),
}

impl Interface {
    pub fn new(block: &InterfaceDescriptionBlock<'_>, big_endian: bool) -> Self {
        let find = |code| block.options.iter().find(|option| option.code.0 == code);
        let resolution = find(TIME_RESOLUTION).and_then(|option| option.value().first());
        let offset = find(TIME_OFFSET).and_then(|option| number(option, big_endian));
        let link_type = block.linktype.0.cast_unsigned();
        Self {
            link_type,
            link: LinkLayer::of(link_type).ok(),
            snap_bytes: block.snaplen,
            unit: Unit::of(resolution.copied().unwrap_or(MICROSECONDS)),
            offset: i128::from(offset.unwrap_or(0).cast_signed()) * i128::from(NANOS_PER_SECOND),
            dropped: 0,
        }
    }

    /// How many more packets were dropped than by the statistics before.
    pub fn newly_dropped(&mut self, block: &InterfaceStatisticsBlock<'_>, big_endian: bool) -> u64 {
        let dropped = block.options.iter().filter(|option| DROPPED.contains(&option.code.0));
        let dropped = dropped.filter_map(|option| number(option, big_endian));
        let dropped = dropped.fold(0, u64::saturating_add);
        let before = std::mem::replace(&mut self.dropped, dropped);
        dropped.saturating_sub(before)
    }

    /// Nanoseconds since 1970.
    pub fn time(&self, high: u32, low: u32) -> u64 {
        let time = u64::from(high) << 32 | u64::from(low);
        let nanos = match self.unit {
            Unit::Nanoseconds(unit) => time.saturating_mul(unit),
            Unit::OfNanosecond(of) => time / of,
            Unit::Binary(bits) => {
                let nanos = (u128::from(time) * u128::from(NANOS_PER_SECOND)) >> bits;
                u64::try_from(nanos).unwrap_or(u64::MAX)
            }
        };
        if self.offset == 0 {
            return nanos;
        }
        let nanos = i128::from(nanos) + self.offset;
        u64::try_from(nanos).unwrap_or(if nanos < 0 { 0 } else { u64::MAX })
    }

    /// How much there is of a simple packet, which does not say so, in bytes.
    pub fn captured(&self, original_bytes: u32) -> usize {
        let captured = match self.snap_bytes {
            0 => original_bytes,
            most => original_bytes.min(most),
        };
        captured as usize
    }
}

impl Unit {
    /// The highest bit says which powers: of ten or of two.
    fn of(resolution: u8) -> Self {
        match (resolution & 0x80 != 0, resolution & 0x7f) {
            (true, bits) => Self::Binary(bits),
            (false, power @ ..=NANOSECONDS) => {
                Self::Nanoseconds(10_u64.pow((NANOSECONDS - power).into()))
            }
            // A power that is beyond all bounds makes all times zero.
            (false, power) => {
                let of = 10_u64.checked_pow((power - NANOSECONDS).into());
                Self::OfNanosecond(of.unwrap_or(u64::MAX))
            }
        }
    }
}

fn number(option: &PcapNGOption<'_>, big_endian: bool) -> Option<u64> {
    let bytes = *option.value().first_chunk()?;
    Some(if big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_all_units() {
        let second = NANOS_PER_SECOND;
        // (resolution, offset in seconds, time → nanoseconds)
        let cases = [
            (6, 0, 1_500_000, second * 3 / 2),
            (9, 0, 1_500_000_000, second * 3 / 2),
            (0, 0, 3, 3 * second),
            (3, 0, 1500, second * 3 / 2),
            (12, 0, 1_500_000_000_000, second * 3 / 2),
            (127, 0, u64::MAX - 1, 0),
            (0x80, 0, 3, 3 * second),
            (0x8a, 0, 1536, second * 3 / 2),
            (0xbf, 0, 3 << 62, second * 3 / 2),
            (0xff, 0, u64::MAX, 0),
            (0, 0, u64::MAX, u64::MAX),
            (0x80, 0, u64::MAX, u64::MAX),
            (6, 100, 1_500_000, 100 * second + second * 3 / 2),
            (6, -1, 1_500_000, second / 2),
            (6, -2, 1_500_000, 0),
            (6, i64::MAX, 1, u64::MAX),
            (6, i64::MIN, u64::MAX, 0),
        ];
        for (resolution, offset, time, expected) in cases {
            let interface = Interface {
                link_type: 1,
                link: None,
                snap_bytes: 0,
                unit: Unit::of(resolution),
                dropped: 0,
                offset: i128::from(offset) * i128::from(NANOS_PER_SECOND),
            };
            let (high, low) = ((time >> 32) as u32, (time & 0xffff_ffff) as u32);
            assert_eq!(interface.time(high, low), expected, "{resolution:#x} {offset} {time}");
        }
    }
}
