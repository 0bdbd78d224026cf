//! Text from outside made safe for a terminal.
//!
//! It owns the rule. It must never let a byte through that a terminal could act on.

use std::fmt::Write as _;

/// Longest result in characters: a DNS name has at most 255 bytes (RFC 1035, section 2.3.4).
const MAX_CHARS: usize = 255;

/// The text with every byte that is not a graphic ASCII character (0x21 to 0x7e) written as `\xNN`,
/// cut at 255 characters.
pub fn printable(text: &[u8]) -> String {
    let mut safe = String::with_capacity(text.len().min(MAX_CHARS));
    for &byte in text {
        let graphic = byte.is_ascii_graphic();
        // An escape is written whole or not at all.
        if safe.len() + if graphic { 1 } else { r"\xNN".len() } > MAX_CHARS {
            break;
        }
        if graphic {
            safe.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_graphic_characters_stay() {
        let cases: [(&[u8], &str); 6] = [
            (b"a-host_1.example.com", "a-host_1.example.com"),
            (b"\x1b[2Jx", r"\x1b[2Jx"),
            (b"two words\n", r"two\x20words\x0a"),
            ("\u{e9}\u{202e}".as_bytes(), r"\xc3\xa9\xe2\x80\xae"),
            (b"\0\x7f\x9b", r"\x00\x7f\x9b"),
            (b"", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), expected);
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(printable(&[b'a'; 300]).len(), 255);
        assert_eq!(printable(&[b' '; 300]).len(), 252);
        assert!(printable(&[b' '; 300]).ends_with(r"\x20"));
    }
}
