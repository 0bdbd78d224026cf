//! An interface that goes, and one of its name that comes.
//!
//! It must never give up an interface that is there and at which we stand.

use anyhow::{Context as _, Result};

use super::{EbpfSource, XDP, halves::Halves};
use crate::{
    interface::{index_of, name_of},
    source::{Sample, Source as _, around::Around, surroundings::Place},
};

/// Whether nothing of ours is at the hooks of tc any more, though the interface is there: it was away and nobody
/// heard of it, or somebody has taken our programs away, which cannot be told apart.
pub(super) fn is_taken_away(places: &[Option<Place>; 2]) -> bool {
    let mut known = places.iter().flatten().peekable();
    known.peek().is_some() && known.all(|place| place.position.is_none())
}

impl EbpfSource {
    /// What the interface is called now, where that is new.
    pub(super) fn look_for_interface(&mut self) -> Option<String> {
        let Some(name) = name_of(self.interface.index) else {
            // Its hooks are gone with it, and the counters would stand still for ever. What they counted
            // before is still there: this sample brings it, the next one says so.
            self.gone = true;
            self.over = self.over.or((!self.wait).then_some("is gone"));
            return None;
        };
        (name != self.interface.name).then(|| {
            self.interface.name.clone_from(&name);
            // So the helper learns of it too.
            self.around.forget();
            name
        })
    }

    /// Counts at the interface that has the name of the one that is gone, if there is one by now.
    pub(super) fn come_back(&mut self) -> Result<()> {
        let Some(index) = index_of(&self.interface.name) else { return Ok(()) };
        match self.count_at(index) {
            // It will be back once more.
            Err(_) if index_of(&self.interface.name) != Some(index) => Ok(()),
            result => {
                let name = self.interface.shown_name();
                result.with_context(|| format!("{name} is back: count its packets again"))
            }
        }
    }

    fn count_at(&mut self, index: u32) -> Result<()> {
        let (maps, shape) = self.hands.load_again(index)?;
        self.halves = Some(Halves::map(maps, shape.size, &shape.online)?);
        self.epoch = 0;
        self.hands.attach()?;
        self.interface.index = index;
        self.around = Around::new(index, self.hook == XDP);
        self.gone = false;
        if let Some(filter) = self.filter.clone() {
            self.set_filter(Some(&filter))?;
            // What was counted so far did not pass it.
            let (unfiltered, _) = self.retire_half()?;
            self.take(unfiltered, &mut Sample::default())?;
        }
        Ok(())
    }

    /// Keeps nothing for an interface that is gone.
    pub(super) fn free(&mut self) {
        if self.halves.take().is_some() {
            self.logger = None;
            self.hands.let_go();
        }
    }
}
