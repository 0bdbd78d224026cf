//! The tests that see the program from outside: one binary, one module a subject.
//!
//! Those that need root are marked `ignore`; `cargo xtask test` runs them all.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aggregate;
#[expect(dead_code, reason = "only the benchmark prints and stores what it measured")]
mod bench {
    mod outcome;
    mod tests;
}
mod compat;
mod config;
mod counting;
mod documents;
mod examples;
mod faults;
mod files;
#[cfg(feature = "pcap")]
mod filter;
mod flat;
mod flood;
#[path = "fuzz/src/lib.rs"]
mod fuzz;
mod fuzzed;
mod hotplug;
mod kernels;
mod left;
#[cfg(feature = "pcap")]
mod live;
mod losses;
mod memory;
mod names;
mod netns;
mod outside;
mod parse;
mod presence;
mod rights;
mod running;
mod screen;
mod stacked;
mod steady;
mod support;
mod together;
mod unseen;
mod verdicts;
