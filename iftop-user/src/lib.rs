//! iftop, with the kernel's own counters: the library behind the program.
//!
//! IO at the rim, a plain value in the middle, rendering as a function of that value:
//! a [`source`] gives samples, [`flow::FlowTable`] makes rates of them, [`view`](mod@view) decides
//! what is shown, and [`tui`], [`text`] and [`json`] lay it out.

#[cfg(not(any(target_os = "linux", feature = "pcap")))]
compile_error!("on this system only libpcap counts: build with the feature `pcap`");

pub mod abilities;
pub mod account;
#[cfg(test)]
mod allocations;
pub mod app;
pub mod cli;
pub mod config;
mod disposition;
pub mod filter;
pub mod flow;
pub mod generate;
pub mod health;
pub mod interface;
pub mod json;
pub mod label;
mod limits;
pub mod names;
#[cfg(target_os = "linux")]
mod netlink;
pub mod netns;
pub mod options;
pub mod orient;
pub mod packet_filter;
mod patience;
pub mod poller;
mod printer;
pub mod privileges;
#[cfg(target_os = "linux")]
pub mod promiscuous;
pub mod protocol;
#[cfg(target_os = "linux")]
pub mod qdisc;
pub mod run;
pub mod sandbox;
pub mod scale;
pub mod schedule;
pub mod services;
pub mod source;
pub mod stderr;
pub mod summary;
pub mod tcpdump;
pub mod terminal;
pub mod text;
pub mod tui;
pub mod units;
mod usage;
pub mod view;
