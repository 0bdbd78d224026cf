//! Networks: an address and how much of it counts, each in the forms that people write.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::digits;
use crate::orient::{Net4, Net6};

/// `10.0.0.0/8`, `10/8` as tcpdump has it, `10.0.0.0/255.0.0.0`, `10.0.0.0/0xff000000`.
pub fn net4(text: &str) -> Result<Net4, String> {
    let form = "it takes a network as 10.0.0.0/8 or 10.0.0.0/255.0.0.0";
    let (address, mask) = text.split_once('/').ok_or(form)?;
    let missing = 3_usize.saturating_sub(address.matches('.').count());
    let address: Ipv4Addr =
        (address.to_owned() + &".0".repeat(missing)).parse().map_err(|_| form)?;
    let mask = if let Ok(mask) = mask.parse::<Ipv4Addr>() {
        mask
    } else if let Some(hex) = mask.strip_prefix("0x") {
        // `from_str_radix` takes a sign.
        let hex = Some(hex).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).ok_or(form)?.into()
    } else {
        let bits: u32 = digits(mask).ok_or(form)?;
        if bits > 32 {
            return Err("the length of an IPv4 prefix is 0 to 32".to_owned());
        }
        u32::MAX.checked_shl(32 - bits).unwrap_or(0).into()
    };
    Ok(Net4 { address: address & mask, mask })
}

/// `fd00::/8`, `fd00::/ff00::`.
pub fn net6(text: &str) -> Result<Net6, String> {
    let form = "it takes a network as fd00::/8 or fd00::/ff00::";
    let (address, mask) = text.split_once('/').ok_or(form)?;
    let address: Ipv6Addr = address.parse().map_err(|_| form)?;
    let mask = if let Ok(mask) = mask.parse::<Ipv6Addr>() {
        mask
    } else {
        let bits: u32 = digits(mask).ok_or(form)?;
        if bits > 128 {
            return Err("the length of an IPv6 prefix is 0 to 128".to_owned());
        }
        u128::MAX.checked_shl(128 - bits).unwrap_or(0).into()
    };
    Ok(Net6 { address: address & mask, mask })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let cases4 = [
            ("10.9.8.7/8", Some("10.0.0.0/255.0.0.0")),
            ("10.9.8.7/0", Some("0.0.0.0/0.0.0.0")),
            ("10.9.8.7/32", Some("10.9.8.7/255.255.255.255")),
            ("10.9.8.7/255.255.0.0", Some("10.9.0.0/255.255.0.0")),
            ("10.9.8.7/255.0.255.0", Some("10.0.8.0/255.0.255.0")),
            ("10.9.8.7/0xffff0000", Some("10.9.0.0/255.255.0.0")),
            ("10.9.8.7/0xFF00FF00", Some("10.0.8.0/255.0.255.0")),
            // As tcpdump; classic iftop reads the address as 0.0.0.10.
            ("10/8", Some("10.0.0.0/255.0.0.0")),
            ("172.16/12", Some("172.16.0.0/255.240.0.0")),
            ("192.168.1/24", Some("192.168.1.0/255.255.255.0")),
            ("10/255.0.0.0", Some("10.0.0.0/255.0.0.0")),
            ("10.9.8.7", None),
            ("10.9.8.7/", None),
            ("10.9.8./24", None),
            ("10.9.8.7.6/24", None),
            ("/8", None),
            ("/", None),
            ("x/24", None),
            ("256/8", None),
            ("0x0a000000/8", None),
            ("10.9.8.7/x", None),
            ("10.9.8.7/33", None),
            ("10.9.8.7/-1", None),
            ("10.9.8.7/+8", None),
            ("10.9.8.7/255.255", None),
            ("10.9.8.7/0x", None),
            ("10.9.8.7/0x+f", None),
            ("10.9.8.7/0x1ffffffff", None),
            ("10.9.8.7/8/8", None),
            ("10.9.8.7/ 8", None),
            ("fd00::/8", None),
        ];
        for (text, expected) in cases4 {
            let net = net4(text).ok().map(|net| format!("{}/{}", net.address, net.mask));
            assert_eq!(net.as_deref(), expected, "{text}");
        }
        let cases6 = [
            // Classic iftop takes prefixes below 16 for longer ones.
            ("2001:db8::1/3", Some("2000::/e000::")),
            ("fd00:9::1/8", Some("fd00::/ff00::")),
            ("fd00:9::1/64", Some("fd00:9::/ffff:ffff:ffff:ffff::")),
            ("fd00:9::1/128", Some("fd00:9::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
            ("fd00::1/ff00::", Some("fd00::/ff00::")),
            ("fd00::1/::ffff", Some("::1/::ffff")),
            ("fd00::1/0", Some("::/::")),
            ("fd00::1", None),
            ("fd00::1/", None),
            ("fd00::1/129", None),
            ("fd00::1/+8", None),
            ("fd00::1/0xff", None),
            ("fd00::1/255.0.0.0", None),
            ("10.0.0.0/8", None),
            ("x/8", None),
        ];
        for (text, expected) in cases6 {
            let net = net6(text).ok().map(|net| format!("{}/{}", net.address, net.mask));
            assert_eq!(net.as_deref(), expected, "{text}");
        }
    }
}
