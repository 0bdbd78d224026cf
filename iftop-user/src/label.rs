//! The text of one end of a row, cut and padded to a column's width, as iftop does it; and text that somebody
//! typed.

use std::fmt::Write as _;

use crate::view::Endpoint;

/// What stands for all hosts of a side.
pub const HIDDEN: &str = " * ";

/// Text as somebody typed it, where only whole lines of plain characters have a place.
pub fn in_one_line(text: &str) -> String {
    let visible = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    text.chars().map(visible).collect()
}

/// `host:port` in full.
pub fn text(endpoint: &Endpoint) -> String {
    let mut text = String::new();
    write(&mut text, endpoint);
    text
}

/// Adds the same to a text.
pub fn write(text: &mut String, endpoint: &Endpoint) {
    let brackets = in_brackets(endpoint);
    if brackets {
        text.push('[');
    }
    // Writing to a string cannot fail.
    let _ = match &endpoint.name {
        _ if endpoint.hidden => text.write_str(HIDDEN),
        Some(name) => text.write_str(name),
        None => write!(text, "{}", endpoint.address),
    };
    if brackets {
        text.push(']');
    }
    let _ = match (&endpoint.service, endpoint.port) {
        (Some(name), _) => write!(text, ":{name}"),
        (None, Some(port)) => write!(text, ":{port}"),
        (None, None) => Ok(()),
    };
}

/// `host:port` in exactly `width` columns.
///
/// A name gives way to the port: what does not fit is overwritten from its end. An IPv6 address
/// with a port stands in brackets.
pub fn label(endpoint: &Endpoint, width: usize) -> String {
    let mut host = host(endpoint);
    if endpoint.name.is_some() {
        host = cut(&host, width.saturating_sub(1));
    }
    if in_brackets(endpoint) {
        host = format!("[{}]", cut(&host, width.saturating_sub(2)));
    }
    let service = cut(&service(endpoint), width);
    let host = cut(&host, width - service.chars().count());
    format!("{:<width$}", host + &service)
}

fn host(endpoint: &Endpoint) -> String {
    match &endpoint.name {
        _ if endpoint.hidden => HIDDEN.to_owned(),
        Some(name) => name.clone(),
        None => endpoint.address.to_string(),
    }
}

fn service(endpoint: &Endpoint) -> String {
    match (&endpoint.service, endpoint.port) {
        (Some(name), _) => format!(":{name}"),
        (None, Some(port)) => format!(":{port}"),
        (None, None) => String::new(),
    }
}

/// So that the port can be told from the address.
fn in_brackets(endpoint: &Endpoint) -> bool {
    endpoint.address.is_ipv6() && endpoint.port.is_some()
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
                hidden: false,
                name: name.map(str::to_owned),
                port,
                service: service.map(str::to_owned),
            };
            assert_eq!(label(&endpoint, width), expected, "{endpoint:?}");
        }
    }

    #[test]
    fn hidden_hosts_keep_their_ports_and_texts_are_whole() {
        let hidden = |address: &str, port| Endpoint {
            address: address.parse().unwrap(),
            hidden: true,
            name: None,
            port,
            service: None,
        };
        let cases = [
            (hidden("0.0.0.0", None), " * "),
            (hidden("0.0.0.0", Some(47710)), " * :47710"),
            (hidden("::", Some(39462)), "[ * ]:39462"),
            (Endpoint { hidden: false, ..hidden("0.0.0.0", Some(68)) }, "0.0.0.0:68"),
            (Endpoint { hidden: false, ..hidden("::", None) }, "::"),
        ];
        for (endpoint, expected) in cases {
            assert_eq!(text(&endpoint), expected);
            assert_eq!(label(&endpoint, 12), format!("{expected:<12}"));
        }
    }
}
