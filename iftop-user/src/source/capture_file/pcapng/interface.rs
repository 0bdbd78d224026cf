//! What a section says of an interface: what its packets start with, and what their times mean.

use super::options::Options;
use crate::source::frames::LinkLayer;

/// Codes of options.
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;
/// Of statistics: packets that the interface dropped, and that the system did, since the capture began.
const DROPPED: [u16; 2] = [5, 7];
/// In their place, what nobody knows.
const UNKNOWN: u64 = u64::MAX;
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
    /// Packets that were dropped, by the statistics so far: the most of each kind.
    dropped: [u64; DROPPED.len()],
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
    pub fn new(link_type: u16, snap_bytes: u32, options: &Options<'_>) -> Self {
        let resolution = options.value(TIME_RESOLUTION).and_then(<[u8]>::first);
        let offset = options.value(TIME_OFFSET).and_then(<[u8]>::first_chunk);
        let offset = offset.map(|bytes| options.order.u64(*bytes));
        let link_type = link_type.into();
        Self {
            link_type,
            link: LinkLayer::of(link_type).ok(),
            snap_bytes,
            unit: Unit::of(resolution.copied().unwrap_or(MICROSECONDS)),
            offset: i128::from(offset.unwrap_or(0).cast_signed()) * i128::from(NANOS_PER_SECOND),
            dropped: [0; DROPPED.len()],
        }
    }

    /// How many more packets were dropped than by the statistics before, which need not say it each time.
    pub fn newly_dropped(&mut self, options: Options<'_>) -> u64 {
        let mut newly = 0_u64;
        let order = options.order;
        for (code, value) in options {
            let Some(kind) = DROPPED.iter().position(|&it| it == code) else { continue };
            let Some(bytes) = value.first_chunk() else { continue };
            let (dropped, most) = (order.u64(*bytes), &mut self.dropped[kind]);
            if dropped != UNKNOWN && dropped > *most {
                newly = newly.saturating_add(dropped - *most);
                *most = dropped;
            }
        }
        newly
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::capture_file::order::Order;

    #[test]
    fn what_is_dropped_is_the_most_that_statistics_say() {
        const BY_INTERFACE: u16 = 5;
        const BY_SYSTEM: u16 = 7;
        /// Each block's options, and how many more were dropped.
        type Case<'a> = &'a [(&'a [(u16, u64)], u64)];
        let cases: &[Case<'_>] = &[
            &[(&[], 0)],
            &[
                (&[(BY_INTERFACE, 3), (BY_SYSTEM, 20)], 23),
                (&[(BY_INTERFACE, 4), (BY_SYSTEM, 20)], 1),
            ],
            // One that is not said is not 0.
            &[(&[(BY_INTERFACE, 5)], 5), (&[(4, 9)], 0), (&[(BY_INTERFACE, 5)], 0)],
            &[(&[(BY_INTERFACE, 5)], 5), (&[(BY_SYSTEM, 2)], 2), (&[(BY_INTERFACE, 6)], 1)],
            &[(&[(BY_SYSTEM, 5)], 5), (&[(BY_SYSTEM, 3)], 0), (&[(BY_SYSTEM, 6)], 1)],
            &[(&[(BY_INTERFACE, u64::MAX)], 0), (&[(BY_INTERFACE, 7)], 7)],
            &[(&[(BY_INTERFACE, u64::MAX - 1), (BY_SYSTEM, u64::MAX - 1)], u64::MAX)],
        ];
        for case in cases {
            let mut interface = Interface::new(1, 0, &Options::new(&[], Order::Little));
            for (options, expected) in *case {
                let option = |(code, value): &(u16, u64)| {
                    [&code.to_be_bytes()[..], &[0, 8], &value.to_be_bytes()].concat()
                };
                let bytes: Vec<u8> = options.iter().flat_map(option).collect();
                let newly = interface.newly_dropped(Options::new(&bytes, Order::Big));
                assert_eq!(newly, *expected, "{case:?}");
            }
        }
    }

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
                dropped: [0; DROPPED.len()],
                offset: i128::from(offset) * i128::from(NANOS_PER_SECOND),
            };
            let (high, low) = ((time >> 32) as u32, (time & 0xffff_ffff) as u32);
            assert_eq!(interface.time(high, low), expected, "{resolution:#x} {offset} {time}");
        }
    }
}
