//! The configuration file: what its text says, and what is wrong with it.
//!
//! It owns iftop's syntax, one `directive: value` a line. Pure but for `file`, which finds the text.

use std::collections::HashSet;

use crate::{names::printable_words, options::Layer};

pub mod directives;
pub mod file;

use directives::Directive;

/// Something in a file that does not mean what its author thought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line that the directive begins in, from 1.
    pub line: usize,
    /// What is wrong, fit for a terminal.
    pub text: String,
}

/// What a file's text says. Every directive counts once, the first time; one with a mistake says
/// nothing, and one without a value neither.
pub fn parse(text: &str) -> (Layer, Vec<Mistake>) {
    let mut layer = Layer::default();
    let mut mistakes = Vec::new();
    let mut seen = HashSet::new();
    for (line, text) in logical_lines(text) {
        let Some((name, value)) = directive(&text) else { continue };
        let mut said = Layer::default();
        let outcome = match Directive::find(name) {
            None => Err(format!(r#"unknown directive "{}""#, printable_words(name))),
            Some(_) if !seen.insert(name.to_owned()) => {
                Err(format!(r#"repeated directive "{name}""#))
            }
            Some(_) if value.is_empty() => Ok(()),
            Some(directive) => directive.say(&mut said, value).map_err(|reason| {
                format!(r#"bad value "{}" for "{name}": {reason}"#, printable_words(value))
            }),
        };
        // A directive can say what another one has said already, and then that one was first.
        layer = layer.or(said);
        if let Err(text) = outcome {
            mistakes.push(Mistake { line, text });
        }
    }
    (layer, mistakes)
}

/// The lines with what continues them, and the number of the first of each.
fn logical_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut lines = (1..).zip(text.lines());
    std::iter::from_fn(move || {
        let (number, first) = lines.next()?;
        let mut logical = first.to_owned();
        while logical.ends_with('\\') {
            logical.pop();
            let Some((_, next)) = lines.next() else { break };
            logical.push_str(next);
        }
        Some((number, logical))
    })
}

/// Name and value, where a line has both.
fn directive(line: &str) -> Option<(&str, &str)> {
    const BLANKS: [char; 2] = [' ', '\t'];
    let line = line.split('#').next()?;
    let (before, value) = line.split_once(':')?;
    let name = before.trim_start_matches(BLANKS).split(BLANKS).next()?;
    (!name.is_empty()).then(|| (name, value.trim_matches(BLANKS)))
}

#[cfg(test)]
mod tests;
