//! The values that options take, each from its text. An error says what the option takes.

use std::{net::Ipv4Addr, net::Ipv6Addr, time::Duration};

use crate::{
    orient::{Net4, Net6},
    source::ebpf::{HookChoice, HookKind},
    view::Sort,
};

const SECONDS_PER_DAY: u64 = 86_400;

pub(super) fn sort(text: &str) -> Result<Sort, String> {
    match text {
        "2s" => Ok(Sort::Two),
        "10s" => Ok(Sort::Ten),
        "40s" => Ok(Sort::Forty),
        "source" => Ok(Sort::Source),
        "destination" => Ok(Sort::Destination),
        _ => Err("it takes 2s, 10s, 40s, source or destination".to_owned()),
    }
}

pub(super) fn hook(text: &str) -> Result<HookChoice, String> {
    match text {
        "auto" => Ok(HookChoice::Auto),
        "tcx" => Ok(HookChoice::Only(HookKind::Tcx)),
        "clsact" => Ok(HookChoice::Only(HookKind::Clsact)),
        _ => Err("it takes auto, tcx or clsact".to_owned()),
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<u32>().ok().filter(|&seconds| seconds > 0);
    seconds
        .map(|seconds| Duration::from_secs(seconds.into()))
        .ok_or_else(|| "it takes whole seconds, 1 or more".to_owned())
}

pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let interval = seconds(text).ok().filter(|interval| interval.as_secs() <= SECONDS_PER_DAY);
    interval.ok_or_else(|| format!("it takes whole seconds, 1 to {SECONDS_PER_DAY}"))
}

/// Digits and at most one letter, in steps of 1024 as in iftop.
pub(super) fn bits_per_second(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.char_indices().next_back() {
        Some((end, 'k' | 'K')) => (&text[..end], 1 << 10),
        Some((end, 'm' | 'M')) => (&text[..end], 1 << 20),
        Some((end, 'g' | 'G')) => (&text[..end], 1 << 30),
        Some((end, 'b' | 'B')) => (&text[..end], 1),
        _ => (text, 1),
    };
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse::<u64>().ok().filter(|_| only_digits);
    number
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| "it takes a whole number, with K, M or G at most behind it".to_owned())
}

pub(super) fn net4(text: &str) -> Result<Net4, String> {
    let form = "it takes a network as 10.0.0.0/8 or 10.0.0.0/255.0.0.0";
    let (address, mask) = text.split_once('/').ok_or(form)?;
    let address: Ipv4Addr = address.parse().map_err(|_| form)?;
    let mask = if let Ok(mask) = mask.parse::<Ipv4Addr>() {
        mask
    } else {
        let bits = mask.parse::<u32>().map_err(|_| form)?;
        if bits > 32 {
            return Err("the length of an IPv4 prefix is 0 to 32".to_owned());
        }
        Ipv4Addr::from(u32::MAX.checked_shl(32 - bits).unwrap_or(0))
    };
    Ok(Net4 { address: address & mask, mask })
}

pub(super) fn net6(text: &str) -> Result<Net6, String> {
    let form = "it takes a network as fd00::/8 or fd00::/ff00::";
    let (address, mask) = text.split_once('/').ok_or(form)?;
    let address: Ipv6Addr = address.parse().map_err(|_| form)?;
    let mask = if let Ok(mask) = mask.parse::<Ipv6Addr>() {
        mask
    } else {
        let bits = mask.parse::<u32>().map_err(|_| form)?;
        if bits > 128 {
            return Err("the length of an IPv6 prefix is 0 to 128".to_owned());
        }
        Ipv6Addr::from(u128::MAX.checked_shl(128 - bits).unwrap_or(0))
    };
    Ok(Net6 { address: address & mask, mask })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        let cases = [
            ("0", Some(0)),
            ("64k", Some(65_536)),
            ("2M", Some(2 << 20)),
            ("10G", Some(10 << 30)),
            ("100b", Some(100)),
            ("", None),
            ("M", None),
            ("1.5M", None),
            ("-5", None),
            ("+5", None),
            ("10Mb", None),
            ("10Q", None),
            ("18446744073709551615G", None),
        ];
        for (text, expected) in cases {
            assert_eq!(bits_per_second(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn networks() {
        let cases4 = [
            ("10.9.8.7/8", Some("10.0.0.0/255.0.0.0")),
            ("10.9.8.7/0", Some("0.0.0.0/0.0.0.0")),
            ("10.9.8.7/32", Some("10.9.8.7/255.255.255.255")),
            ("10.9.8.7/255.0.255.0", Some("10.0.8.0/255.0.255.0")),
            ("10.9.8.7", None),
            ("10.9.8.7/", None),
            ("10.9.8/24", None),
            ("x/24", None),
            ("10.9.8.7/x", None),
            ("10.9.8.7/33", None),
        ];
        for (text, expected) in cases4 {
            let net = net4(text).ok().map(|net| format!("{}/{}", net.address, net.mask));
            assert_eq!(net.as_deref(), expected, "{text}");
        }
        let cases6 = [
            ("2001:db8::1/3", Some("2000::/e000::")),
            ("fd00:9::1/64", Some("fd00:9::/ffff:ffff:ffff:ffff::")),
            ("fd00::1/ff00::", Some("fd00::/ff00::")),
            ("fd00::1/0", Some("::/::")),
            ("fd00::1", None),
            ("fd00::1/129", None),
        ];
        for (text, expected) in cases6 {
            let net = net6(text).ok().map(|net| format!("{}/{}", net.address, net.mask));
            assert_eq!(net.as_deref(), expected, "{text}");
        }
    }
}
