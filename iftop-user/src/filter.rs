//! The screen filter: a regular expression over what is shown of a row.
//!
//! It owns how the expression is read. It must never decide what is counted: a filtered row is
//! hidden, not lost.

use regex::{Regex, RegexBuilder};

/// Most memory that a compiled expression may take, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// A regular expression with the text it was made of. Case does not matter, as in iftop.
#[derive(Clone, Debug)]
pub struct ScreenFilter {
    text: String,
    regex: Regex,
}

impl ScreenFilter {
    /// Reads an expression; `None` for a blank one, which lets everything through.
    ///
    /// # Errors
    /// When it is none, or compiles to more than a mebibyte.
    pub fn parse(text: &str) -> Result<Option<Self>, regex::Error> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let regex =
            RegexBuilder::new(text).case_insensitive(true).size_limit(SIZE_LIMIT).build()?;
        Ok(Some(Self { text: text.to_owned(), regex }))
    }

    /// The expression as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Tells whether a text is let through.
    pub fn regex(&self) -> &Regex {
        &self.regex
    }
}

impl PartialEq for ScreenFilter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        // (expression, text, whether it is let through)
        let cases = [
            ("10.0.0", "10.0.0.9:80", true),
            ("EXAMPLE", "host.example.com", true),
            ("^host$", "host", true),
            ("^host$", "host:80", false),
            (":(80|443)$", "[fd00::1]:443", true),
            ("a b", "a b", true),
        ];
        for (expression, text, passes) in cases {
            let filter = ScreenFilter::parse(expression).unwrap().unwrap();
            assert_eq!(filter.regex().is_match(text), passes, "{expression} {text}");
            assert_eq!(filter.text(), expression);
        }
        for blank in ["", "  "] {
            assert_eq!(ScreenFilter::parse(blank).unwrap(), None);
        }
        for bad in ["([", r"(\w{1000}){1000}"] {
            assert!(ScreenFilter::parse(bad).is_err(), "{bad}");
        }
    }
}
