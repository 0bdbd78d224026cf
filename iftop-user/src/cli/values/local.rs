//! What is ours: an address, a network or a hardware address.

use std::net::IpAddr;

use super::{net4, net6};
use crate::source::frames::LocalPart;

/// `192.0.2.1`, `10.0.0.0/8`, `2001:db8::1`, `fd00::/8`, `02:00:00:00:00:01`.
pub fn local(text: &str) -> Result<LocalPart, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.into());
    }
    if let Some(mac) = mac(text) {
        return Ok(LocalPart::Mac(mac));
    }
    if text.contains('/') {
        // Where it looks like one of the two, that one's error says more.
        return if text.contains(':') {
            net6(text).map(LocalPart::Net6)
        } else {
            net4(text).map(LocalPart::Net4)
        };
    }
    Err("it takes addresses, networks as 10.0.0.0/8, and hardware addresses as 02:00:00:00:00:01"
        .to_owned())
}

/// Six bytes in hex, with colons or hyphens between.
fn mac(text: &str) -> Option<[u8; 6]> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let mut parts = text.split(separator);
    let mut mac = [0; 6];
    for byte in &mut mac {
        let part = parts.next()?;
        let is_hex = part.bytes().all(|byte| byte.is_ascii_hexdigit());
        *byte = u8::from_str_radix(part, 16).ok().filter(|_| is_hex && part.len() <= 2)?;
    }
    parts.next().is_none().then_some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours() {
        let cases = [
            ("192.0.2.1", Some("192.0.2.1/255.255.255.255")),
            ("10.9.8.7/8", Some("10.0.0.0/255.0.0.0")),
            ("10/8", Some("10.0.0.0/255.0.0.0")),
            ("2001:db8::1", Some("2001:db8::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
            ("fd00::1/8", Some("fd00::/ff00::")),
            ("02:00:5e:aB:0:1", Some("02 00 5e ab 00 01")),
            ("02-00-5e-ab-00-01", Some("02 00 5e ab 00 01")),
            ("02:00:5e:ab:00", None),
            ("02:00:5e:ab:00:01:02", None),
            ("02:00:5e:ab:00:100", None),
            ("02:00:5e:ab:00:+1", None),
            ("10.0.0.0/33", None),
            ("fd00::/129", None),
            ("10.0.0", None),
            ("eth0", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let told = local(text).ok().map(|part| match part {
                LocalPart::Net4(net) => format!("{}/{}", net.address, net.mask),
                LocalPart::Net6(net) => format!("{}/{}", net.address, net.mask),
                LocalPart::Mac(mac) => mac.map(|byte| format!("{byte:02x}")).join(" "),
            });
            assert_eq!(told.as_deref(), expected, "{text}");
        }
    }
}
