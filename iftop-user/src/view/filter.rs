//! Which rows pass the screen filter.

use hashbrown::HashMap;
use regex::Regex;

use super::{Labels, RowId, row::End};
use crate::label;

/// Ends that are remembered: hosts of one side are often few, and their text is costly.
const MAX_REMEMBERED: usize = 4096;

/// Matches both ends of rows, each as it is shown.
pub(super) struct Matcher<'a> {
    filter: &'a Regex,
    labels: &'a Labels<'a>,
    /// Whether they pass.
    known: HashMap<End, bool, foldhash::fast::RandomState>,
    text: String,
}

impl<'a> Matcher<'a> {
    pub fn new(filter: &'a Regex, labels: &'a Labels<'a>) -> Self {
        Self { filter, labels, known: HashMap::default(), text: String::new() }
    }

    /// Whether one end of a row matches.
    pub fn matches(&mut self, id: &RowId) -> bool {
        id.bare_ends().into_iter().any(|end| self.passes(end))
    }

    fn passes(&mut self, end: End) -> bool {
        if let Some(&passes) = self.known.get(&end) {
            return passes;
        }
        self.text.clear();
        label::write(&mut self.text, &end.shown(self.labels));
        let passes = self.filter.is_match(&self.text);
        if self.known.len() >= MAX_REMEMBERED {
            self.known.clear();
        }
        self.known.insert(end, passes);
        passes
    }
}
