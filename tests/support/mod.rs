//! What the end-to-end tests stand on: networks of their own, frames, and the program under test.

// Each test binary uses a part of this.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod frame;
pub mod iftop;
pub mod net;
