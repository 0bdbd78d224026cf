//! Which rows pass the screen filter.

use hashbrown::HashMap;
use regex::Regex;

use super::{Labels, Query, RowId, row::End};
use crate::{label, networks::Networks};

/// Ends that are remembered: hosts of one side are often few, and their text is costly.
const MAX_REMEMBERED: usize = 4096;

/// Matches both ends of rows, each as it is shown.
pub(super) struct Matcher<'a> {
    filter: &'a Regex,
    labels: &'a Labels<'a>,
    networks: Option<&'a Networks>,
    /// Whether they pass.
    known: HashMap<End, bool, foldhash::fast::RandomState>,
    text: String,
}

impl<'a> Matcher<'a> {
    /// `None` where all rows pass.
    pub fn of(query: &Query<'a>, labels: &'a Labels<'a>) -> Option<Self> {
        let (filter, networks) = (query.filter?, query.networks);
        Some(Self { filter, labels, networks, known: HashMap::default(), text: String::new() })
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
        label::write(&mut self.text, &end.shown(self.labels, self.networks));
        let passes = self.filter.is_match(&self.text);
        if self.known.len() >= MAX_REMEMBERED {
            self.known.clear();
        }
        self.known.insert(end, passes);
        passes
    }
}
