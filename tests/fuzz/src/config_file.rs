//! The configuration file, the file of networks, and what stands in the system's table of services.

use std::net::{IpAddr, Ipv4Addr};

use iftop_user::{config, networks::Networks, services::Services};

use super::is_printable;

/// See [`CHECKS`](super::CHECKS).
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (layer, mistakes) = config::parse(&text);
    let lines = text.lines().count();
    for mistake in mistakes {
        assert!(is_printable(&mistake.text), "{:?}", mistake.text);
        assert!((1..=lines).contains(&mistake.line));
    }
    if let Some(seconds) = layer.seconds {
        assert!(seconds.as_secs() <= 1 << 40, "{seconds:?}");
    }
    match Networks::parse(&text) {
        Ok(networks) => {
            for a in 0..=u8::MAX {
                let number = networks.find(IpAddr::V4(Ipv4Addr::new(a, 0, 0, 1)));
                let network = number.map(|number| networks.get(number).expect("it is there"));
                let name = network.and_then(|network| network.name.as_deref()).unwrap_or_default();
                assert!(is_printable(name) && name.len() <= 64, "{name:?}");
            }
        }
        Err(mistake) => assert!((1..=lines).contains(&mistake.line) && is_printable(&mistake.text)),
    }
    let services = Services::parse(&text);
    for port in 0..=1024 {
        for protocol in [6, 17, 132] {
            let name = services.name(port, protocol).unwrap_or_default();
            assert!(is_printable(name) && !name.contains(' '), "{name:?}");
        }
    }
}
