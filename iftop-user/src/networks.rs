//! Networks that somebody has named: in which of them an address is.
//!
//! It owns the syntax of their file, one `network name` a line. Pure but for `file`, which reads it.

use std::{
    cmp::Reverse,
    collections::{HashMap, hash_map::Entry},
    fmt,
    net::IpAddr,
};

use crate::{cli::values, config::Mistake, names::printable_words};

pub mod file;

/// A row names its network by a number of two bytes.
const MOST_NETWORKS: usize = 1 << 16;

/// Longer than any column.
const MOST_NAME_CHARS: usize = 64;

/// An address with how many of its first bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

impl Prefix {
    /// Of an address with nothing behind that many bits.
    pub(crate) fn new(address: IpAddr, length: u8) -> Self {
        Self { address, length }
    }

    /// The first and the last address, as numbers.
    fn bounds(self) -> (u128, u128) {
        let (first, bits) = match self.address {
            IpAddr::V4(address) => (u32::from(address).into(), 32),
            IpAddr::V6(address) => (address.into(), 128),
        };
        let hosts = 1_u128.checked_shl(bits - u32::from(self.length)).unwrap_or(0);
        (first, first | hosts.wrapping_sub(1))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// What a file says of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Its name, fit for a terminal; `None` where the line has none.
    pub name: Option<String>,
    /// Where it is: one of each line that has that name.
    pub prefixes: Vec<Prefix>,
}

/// See the module's description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// By number, in the order of the file.
    all: Vec<Network>,
    v4: Vec<Range>,
    v6: Vec<Range>,
}

/// From an address on, up to the next range: the number of the innermost network there.
type Range = (u128, Option<u16>);

impl Networks {
    /// What a file's text says: lines of `10.1.0.0/16 branch office`, with `#` before a comment. Lines
    /// with the same name are one network.
    ///
    /// # Errors
    /// Tells of the first line that is none.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let mut all: Vec<Network> = Vec::new();
        let mut by_name = HashMap::new();
        let mut lines = HashMap::new();
        let mut nets = [Vec::new(), Vec::new()];
        for (line, text) in (1..).zip(text.lines()) {
            let mistake = |text| Mistake { line, text };
            let Some((prefix, name)) = network(text).map_err(mistake)? else { continue };
            match lines.entry(prefix) {
                Entry::Occupied(other) => {
                    return Err(mistake(format!("the network of line {} again", other.get())));
                }
                Entry::Vacant(entry) => entry.insert(line),
            };
            let known = name.as_ref().and_then(|name| by_name.get(name)).copied();
            let number = if let Some(number) = known {
                all[usize::from(number)].prefixes.push(prefix);
                number
            } else {
                let number = u16::try_from(all.len()).map_err(|_| {
                    mistake(format!("there are more than {MOST_NETWORKS} networks"))
                })?;
                by_name.extend(name.clone().map(|name| (name, number)));
                all.push(Network { name, prefixes: vec![prefix] });
                number
            };
            let (first, last) = prefix.bounds();
            nets[usize::from(prefix.address.is_ipv6())].push((first, last, number));
        }
        let [v4, v6] = nets.map(ranges);
        Ok(Self { all, v4, v6 })
    }

    /// The number of the network that an address is in: of several the smallest one.
    pub fn find(&self, address: IpAddr) -> Option<u16> {
        let (ranges, address) = match address {
            IpAddr::V4(address) => (&self.v4, u32::from(address).into()),
            IpAddr::V6(address) => (&self.v6, address.into()),
        };
        let behind = ranges.partition_point(|(first, _)| *first <= address);
        ranges[behind.checked_sub(1)?].1
    }

    /// The network of a number.
    pub fn get(&self, number: u16) -> Option<&Network> {
        self.all.get(usize::from(number))
    }
}

/// What a line says; `None` where it says nothing.
fn network(line: &str) -> Result<Option<(Prefix, Option<String>)>, String> {
    let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
    let Some(prefix) = words.next().map(prefix).transpose()? else { return Ok(None) };
    let name = printable_words(&words.collect::<Vec<_>>().join(" "));
    if name.chars().count() > MOST_NAME_CHARS {
        return Err(format!("a name has at most {MOST_NAME_CHARS} characters"));
    }
    Ok(Some((prefix, Some(name).filter(|name| !name.is_empty()))))
}

/// An address without a length is a network of its own.
fn prefix(text: &str) -> Result<Prefix, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Prefix::new(address, if address.is_ipv4() { 32 } else { 128 }));
    }
    let (address, ones, zeros, bits): (IpAddr, _, _, _) = if text.contains(':') {
        let net = values::net6(text)?;
        let mask = u128::from(net.mask);
        (net.address.into(), mask.leading_ones(), mask.trailing_zeros(), 128)
    } else {
        let net = values::net4(text)?;
        let mask = u32::from(net.mask);
        (net.address.into(), mask.leading_ones(), mask.trailing_zeros(), 32)
    };
    let length = u8::try_from(ones).ok().filter(|_| ones + zeros == bits);
    length.map(|length| Prefix::new(address, length)).ok_or_else(|| "its mask has gaps".to_owned())
}

/// Networks, which contain one another or have nothing in common, as ranges one behind the other.
fn ranges(mut nets: Vec<(u128, u128, u16)>) -> Vec<Range> {
    // Each before those inside of it.
    nets.sort_unstable_by_key(|&(first, last, _)| (first, Reverse(last)));
    let mut ranges = Vec::new();
    // Those around the place that is reached, with their ends.
    let mut around: Vec<(u128, u16)> = Vec::new();
    for (first, last, number) in nets {
        while around.last().is_some_and(|(end, _)| *end < first) {
            leave(&mut around, &mut ranges);
        }
        begin(&mut ranges, first, Some(number));
        around.push((last, number));
    }
    while !around.is_empty() {
        leave(&mut around, &mut ranges);
    }
    ranges
}

/// Behind the end of a network is the one around it.
fn leave(around: &mut Vec<(u128, u16)>, ranges: &mut Vec<Range>) {
    let end = around.pop().and_then(|(end, _)| end.checked_add(1));
    if let Some(end) = end {
        begin(ranges, end, around.last().map(|(_, number)| *number));
    }
}

/// Of several that begin at one address the last one counts.
fn begin(ranges: &mut Vec<Range>, first: u128, number: Option<u16>) {
    ranges.pop_if(|(other, _)| *other == first);
    ranges.push((first, number));
}

#[cfg(test)]
mod tests;
