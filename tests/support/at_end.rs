//! What is done when a scope is left, however that comes.

use std::sync::atomic::{AtomicBool, Ordering};

/// Becomes true then: others are to stop.
pub struct TrueAtEnd<'a>(pub &'a AtomicBool);

impl Drop for TrueAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
