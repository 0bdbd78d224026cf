//! What the tests stand on: networks of their own, frames, and the program under test.

pub mod classic;
pub mod frame;
pub mod iftop;
pub mod net;
pub mod report;
