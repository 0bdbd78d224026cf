//! The configuration file, and what stands in the system's table of services.

use iftop_user::{config, services::Services};

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
    let services = Services::parse(&text);
    for port in 0..=1024 {
        for protocol in [6, 17, 132] {
            let name = services.name(port, protocol).unwrap_or_default();
            assert!(is_printable(name) && !name.contains(' '), "{name:?}");
        }
    }
}
