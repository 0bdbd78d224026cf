//! The text of one end of a row, cut and padded to a column's width, as iftop does it.

use std::net::IpAddr;

use crate::view::Endpoint;

/// `host:port` in exactly `width` columns.
///
/// A name gives way to the port: what does not fit is overwritten from its end. An IPv6 address
/// with a port stands in brackets.
pub fn label(endpoint: &Endpoint, width: usize) -> String {
    let service = match (&endpoint.service, endpoint.port) {
        (Some(name), _) => format!(":{name}"),
        (None, Some(port)) => format!(":{port}"),
        (None, None) => String::new(),
    };
    let host = match &endpoint.name {
        Some(name) => cut(name, width.saturating_sub(1)),
        None => endpoint.address.to_string(),
    };
    let host = match endpoint.address {
        IpAddr::V6(_) if !service.is_empty() => {
            format!("[{}]", cut(&host, width.saturating_sub(2)))
        }
        _ => host,
    };
    let service = cut(&service, width);
    let host = cut(&host, width - service.chars().count());
    format!("{:<width$}", host + &service)
}

fn cut(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_as_in_iftop() {
        let long = "2001:db8:1111:2222:3333:4444:5555:6666";
        // (address, name, port, service, width, expected)
        let cases = [
            ("10.9.0.1", None, None, None, 12, "10.9.0.1    "),
            ("10.9.0.1", None, Some(39308), None, 16, "10.9.0.1:39308  "),
            ("10.9.0.1", None, Some(80), Some("http"), 16, "10.9.0.1:http   "),
            ("fd00:9::1", None, None, None, 12, "fd00:9::1   "),
            ("fd00:9::1", None, Some(5203), None, 18, "[fd00:9::1]:5203  "),
            (long, None, Some(53), None, 40, "[2001:db8:1111:2222:3333:4444:5555:66:53"),
            (long, None, Some(53), None, 26, "[2001:db8:1111:2222:333:53"),
            (long, None, None, None, 26, "2001:db8:1111:2222:3333:44"),
            (
                "10.0.0.1",
                Some("a-very-long-host-name.example.com"),
                Some(53),
                Some("domain"),
                26,
                "a-very-long-host-na:domain",
            ),
            (
                "10.0.0.1",
                Some("a-very-long-host-name.example"),
                None,
                None,
                26,
                "a-very-long-host-name.exa ",
            ),
            ("fd00::1", Some("six.example.com"), Some(40001), None, 22, "[six.example.com:40001"),
            ("10.0.0.1", None, Some(40001), None, 3, ":40"),
        ];
        for (address, name, port, service, width, expected) in cases {
            let endpoint = Endpoint {
                address: address.parse().unwrap(),
                name: name.map(str::to_owned),
                port,
                service: service.map(str::to_owned),
            };
            assert_eq!(label(&endpoint, width), expected, "{endpoint:?}");
        }
    }
}
