//! The options that a block ends with: a code and a value each.
//!
//! They are read where they stand, and never gathered: a block may have millions of them. What is no option
//! ends them, as their own end does.

use crate::source::capture_file::order::Order;

/// The end of all options; whatever stands behind it is none.
const END: u16 = 0;

/// See the module's description.
#[derive(Clone, Debug)]
pub(super) struct Options<'a> {
    left: &'a [u8],
    pub order: Order,
}

impl<'a> Options<'a> {
    pub fn new(bytes: &'a [u8], order: Order) -> Self {
        Self { left: bytes, order }
    }

    /// The value of the first one with this code.
    #[inline]
    pub fn value(&self, code: u16) -> Option<&'a [u8]> {
        self.clone().find_map(|(found, value)| (found == code).then_some(value))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // So that there is no more where this ends.
        let left = std::mem::take(&mut self.left);
        let ([a, b, c, d], rest) = left.split_first_chunk()?;
        let (code, bytes) = (self.order.u16([*a, *b]), self.order.u16([*c, *d]));
        let bytes = usize::from(bytes);
        if code == END {
            return None;
        }
        let value = rest.get(..bytes)?;
        self.left = rest.get(bytes.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_up_to_their_end_or_to_what_is_none() {
        /// Bytes in the little order; codes and values.
        type Case<'a> = (&'a [u8], &'a [(u16, &'a [u8])]);
        let cases: &[Case<'_>] = &[
            (&[], &[]),
            (&[1, 0, 0, 0], &[(1, &[])]),
            (&[9, 0, 1, 0, 6, 0, 0, 0, 2, 1, 4, 0, 1, 2, 3, 4], &[(9, &[6]), (258, &[1, 2, 3, 4])]),
            (&[5, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0], &[(5, &[])]),
            // An end that says to have a value.
            (&[0, 0, 4, 0, 2, 0, 0, 0], &[]),
            // Longer than what is left, by its value or only by what fills it up.
            (&[2, 0, 40, 0, 1, 2, 3, 4], &[]),
            (&[1, 0, 0, 0, 2, 0, 0xff, 0xff, 2, 0, 0, 0], &[(1, &[])]),
            (&[2, 0, 3, 0, 1, 2, 3], &[(2, &[1, 2, 3])]),
            (&[2, 0, 0], &[]),
        ];
        for (little, expected) in cases {
            let options = Options::new(little, Order::Little);
            let value = expected.iter().find(|option| option.0 == 2).map(|option| option.1);
            assert_eq!(options.value(2), value, "{little:?}");
            assert_eq!(options.collect::<Vec<_>>(), *expected, "{little:?}");
        }
        let big = [0, 9, 0, 1, 6, 0, 0, 0, 1, 2, 0, 0];
        let expected: [(u16, &[u8]); 2] = [(9, &[6]), (258, &[])];
        assert_eq!(Options::new(&big, Order::Big).collect::<Vec<_>>(), expected);
    }
}
