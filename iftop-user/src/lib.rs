//! iftop, with the kernel's own counters: the library behind the program.
//!
//! IO at the rim, a plain value in the middle, rendering as a function of that value:
//!
//! * A [`Source`](source::Source) gives [samples](source::Sample), each of which says what every flow carried
//!   since the one before: [`EbpfSource`](source::ebpf::EbpfSource) has the kernel count,
//!   [`LiveSource`](source::live::LiveSource) takes packets from libpcap,
//!   [`CaptureFile`](source::capture_file::CaptureFile) from a file.
//! * A [`FlowTable`](flow::FlowTable) takes samples in, and knows rates, totals, peaks and where every byte
//!   went ([`Account`](account::Account)).
//! * [`view()`](fn@view::view) makes a [`View`](view::View) of it for a [`Query`](view::Query): rows that are
//!   joined, named, filtered, sorted and cut. It is plain data.
//! * [`tui`], [`text`] and [`json`] lay a view out, and compute nothing.
//!
//! None of the three in the middle reads a clock, a file or the network, so all can be had without any rights:
//!
//! ```
//! use std::time::Duration;
//!
//! use iftop_common::{Count, Counters, FlowKey};
//! use iftop_user::{
//!     flow::FlowTable,
//!     orient::Rules,
//!     source::Sample,
//!     text,
//!     units::Format,
//!     view::{Labels, Query, view},
//! };
//!
//! // What a source would say: in two seconds, ten packets were sent to one host.
//! let [near, far] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(|[a, b, c, d]| {
//!     [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
//! });
//! let sent = Count { bytes: 15_000, packets: 10 };
//! let mut sample = Sample { elapsed: Duration::from_secs(2), ..Sample::default() };
//! let counters = Counters { egress: sent, ..Counters::default() };
//! sample.flows.push((FlowKey { near, far, ..FlowKey::default() }, counters));
//! sample.totals.seen.egress = sent;
//!
//! let mut table = FlowTable::new(Rules::default(), 1000);
//! table.apply(&sample);
//! let view = view(&table, &Query::default(), &Labels::NONE);
//! let row = &view.rows[0];
//! assert_eq!(row.remote.address.to_string(), "192.0.2.2");
//! assert_eq!(row.traffic.sent.rates[0].bits_per_second(), 60_000.0);
//! assert_eq!(view.account.unaccounted_bytes(), 0);
//! assert!(text::report(&view, Format::default(), None).contains("58.6Kb"));
//! ```
//!
//! The examples `top_talkers_of_a_capture` and `top_talkers_of_an_interface` do the same with real sources.
//! A source blocks while it is asked: [`poller`] asks on a thread of its own.
//!
//! The program around that is here as well. [`cli`] and [`config`] make [`options::Options`] of the command line
//! and the file, [`mod@run`] opens what they ask for and has two loops, one that prints and one that draws;
//! [`app`] is the state of the display and its table of keys. `ARCHITECTURE.md` at the top of the repository is
//! the walk of a packet through all of it, and says where to change what.

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
pub mod export;
pub mod filter;
pub mod flow;
#[cfg(target_os = "linux")]
mod forked;
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
pub mod networks;
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
