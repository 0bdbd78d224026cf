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

/// The same of a line with blanks in it, which stay.
pub fn printable_words(text: &str) -> String {
    let words: Vec<String> = text.split(' ').map(|word| printable(word.as_bytes())).collect();
    words.join(" ")
}

/// The same of several lines, of any length: for messages.
pub fn printable_lines(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_graphic() || matches!(character, ' ' | '\n') {
            safe.push(character);
        } else {
            let mut bytes = [0; 4];
            safe.push_str(&printable(character.encode_utf8(&mut bytes).as_bytes()));
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_graphic_characters_stay() {
        let cases: &[(&[u8], &str)] = &[
            (b"a-host_1.example.com", "a-host_1.example.com"),
            (b"xn--bcher-kva.example", "xn--bcher-kva.example"),
            (b"\x1b[2Jx", r"\x1b[2Jx"),
            (b"\x1b]0;title\x07", r"\x1b]0;title\x07"),
            (b"two words\n", r"two\x20words\x0a"),
            (b"\t\r\x08\0\x7f", r"\x09\x0d\x08\x00\x7f"),
            // CSI as one byte, and as it is in UTF-8.
            (b"\x9b2J", r"\x9b2J"),
            ("\u{9b}2J".as_bytes(), r"\xc2\x9b2J"),
            ("b\u{fc}cher".as_bytes(), r"b\xc3\xbccher"),
            // What turns the direction of text around: override, isolate, mark.
            ("\u{202e}\u{202d}".as_bytes(), r"\xe2\x80\xae\xe2\x80\xad"),
            ("\u{2066}\u{2069}".as_bytes(), r"\xe2\x81\xa6\xe2\x81\xa9"),
            ("\u{200f}\u{61c}".as_bytes(), r"\xe2\x80\x8f\xd8\x9c"),
            // No width, and no character.
            ("\u{200b}\u{feff}".as_bytes(), r"\xe2\x80\x8b\xef\xbb\xbf"),
            (b"\xff\xc0\x80", r"\xff\xc0\x80"),
            (b"", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), *expected);
        }
    }

    #[test]
    fn no_byte_gets_out_as_anything_else() {
        for byte in 0..=u8::MAX {
            let safe = printable(&[byte, b'x']);
            assert!(safe.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{byte:#x}: {safe:?}");
            assert!(safe.ends_with('x'), "{byte:#x}: {safe:?}");
        }
    }

    #[test]
    fn lines_stay_lines() {
        let long = "x".repeat(1000);
        let cases = [
            ("error: no\n\n  a hint\n", "error: no\n\n  a hint\n"),
            ("a\r\nb\tc", "a\\x0d\nb\\x09c"),
            ("\u{1b}[2J \u{9b}2J", r"\x1b[2J \xc2\x9b2J"),
            ("\u{202e}\u{2028}", r"\xe2\x80\xae\xe2\x80\xa8"),
            (&long, &long),
        ];
        for (text, expected) in cases {
            assert_eq!(printable_lines(text), expected);
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(printable(&[b'a'; 300]).len(), 255);
        assert_eq!(printable(&[b' '; 300]).len(), 252);
        assert!(printable(&[b' '; 300]).ends_with(r"\x20"));
    }
}
