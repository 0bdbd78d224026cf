//! Part `disturbance`: how much slower packets and round trips become while somebody watches.
//!
//! In each round everything is measured with iftop, empty programs, tcpdump and classic iftop, in an order
//! that moves on from round to round, and each time with nobody just before. The traffic stays on one
//! CPU, whoever watches runs on the other: what is measured is the path of the packets, not the sharing
//! of a CPU.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use aya::Ebpf;
use rustix::process::Signal;

use crate::{
    Effort,
    kernel::pin_to,
    outcome::{
        figure::Figure,
        report::{Part, Table},
        stats::{Spread, differences},
    },
    packet::{Kind, Order, Packet},
    program::{Output, Program},
    wire::Wire,
};

const PACKET: Packet = Packet::new(Kind::Udp4, 10, Order::Sequence(0));

/// Somebody who watches.
struct Watcher {
    name: &'static str,
    how: How,
}

enum How {
    /// A program, and what it says when it watches.
    Run { words: &'static str, says: &'static str },
    /// Empty programs at both hooks: the least that any watcher there costs.
    Empty,
}

const IFTOP: usize = 0;
const OTHERS: [usize; 2] = [2, 3];

const WATCHERS: [Watcher; 4] = [
    Watcher {
        name: "iftop",
        how: How::Run {
            words: concat!(env!("CARGO_BIN_EXE_iftop"), " -i va -n -N -t"),
            says: "Listening on ",
        },
    },
    Watcher { name: "empty programs", how: How::Empty },
    Watcher {
        name: "tcpdump",
        how: How::Run { words: "tcpdump -i va -n -s 96 -w /dev/null", says: "listening on " },
    },
    Watcher {
        name: "classic iftop",
        how: How::Run {
            words: "stdbuf -oL /usr/sbin/iftop -t -n -N -P -i va",
            says: "Listening on ",
        },
    },
];

/// One that watches now.
enum Watching {
    Program(Program),
    /// Until it is dropped.
    Empty {
        _programs: Ebpf,
    },
}

/// What a watcher is measured by.
const MEASURES: [(&str, Measure); 2] = [
    ("ns a packet, from the generator to behind the hooks", packet_nanoseconds),
    ("ns a TCP round trip of 1 byte", round_trip_nanoseconds),
];

type Measure = fn(&Wire, &Effort) -> Result<f64>;

/// By watcher, in rounds: with nobody, and with it.
type Times = [[Vec<f64>; 2]; WATCHERS.len()];

pub fn measure(effort: &Effort) -> Result<(Part, Vec<Figure>)> {
    let wire = Wire::new()?;
    let mut measured: [Times; MEASURES.len()] = Default::default();
    for round in 0..effort.disturbance_rounds {
        for turn in 0..WATCHERS.len() {
            let who = (round + turn) % WATCHERS.len();
            let mut all = |with: usize| -> Result<()> {
                for (times, (_, measure)) in measured.iter_mut().zip(MEASURES) {
                    times[who][with].push(measure(&wire, effort)?);
                }
                Ok(())
            };
            all(0)?;
            let watching = WATCHERS[who].start(&wire)?;
            all(1)?;
            watching.end()?;
        }
    }
    let (mut tables, mut figures) = (Vec::new(), Vec::new());
    for (times, (what, _)) in measured.iter().zip(MEASURES) {
        let columns = ["with nobody", "with it", "more"];
        let mut table = Table::new(what, &columns).drawn();
        let more = |who: usize| {
            let [without, with] = &times[who];
            Spread::of(&differences(with, without))
        };
        for (who, watcher) in WATCHERS.iter().enumerate() {
            let [without, with] = times[who].each_ref().map(|times| Spread::of(times));
            table.row(watcher.name, vec![without.into(), with.into(), more(who).into()]);
        }
        tables.push(table);
        for other in OTHERS {
            let median = |who: usize| more(who).map(|more| more.median);
            let name = WATCHERS[other].name;
            figures.push(Figure::ratio(
                format!("disturbance against {name}'s, {what}"),
                0.2,
                median(IFTOP),
                median(other),
            ));
        }
    }
    Ok((Part { name: "disturbance", tables }, figures))
}

impl Watcher {
    fn start(&self, wire: &Wire) -> Result<Watching> {
        match self.how {
            How::Run { words, says } => {
                let mut program = Program::start(wire.inside(), words, Output::Pipe)?;
                program.expect(says)?;
                Ok(Watching::Program(program))
            }
            How::Empty => Ok(Watching::Empty { _programs: wire.attach_empty()? }),
        }
    }
}

impl Watching {
    fn end(self) -> Result<()> {
        if let Self::Program(program) = self {
            program.signal(Signal::INT)?;
            program.end()?;
        }
        Ok(())
    }
}

fn packet_nanoseconds(wire: &Wire, effort: &Effort) -> Result<f64> {
    let before = wire.counters()?.received.packets;
    let took = wire.send(&PACKET, effort.disturbance_frames)?;
    let arrived = wire.counters()?.received.packets - before;
    Ok(took.as_nanos() as f64 / arrived as f64)
}

/// Both ends on one CPU, so that nobody has to be woken on another.
fn round_trip_nanoseconds(wire: &Wire, effort: &Effort) -> Result<f64> {
    let trips = effort.round_trips;
    let listener = wire.outside().run(|| TcpListener::bind("10.9.0.2:0")).context("listen")?;
    let address = listener.local_addr()?;
    thread::scope(|scope| {
        let server = scope.spawn(move || -> Result<()> {
            pin_to(0)?;
            let (mut stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            let mut byte = [0];
            for _ in 0..trips {
                stream.read_exact(&mut byte)?;
                stream.write_all(&byte)?;
            }
            Ok(())
        });
        let times = wire.inside().run(|| -> Result<Vec<f64>> {
            pin_to(0)?;
            let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
            stream.set_nodelay(true)?;
            let mut byte = [0];
            let mut trip = || {
                let started = Instant::now();
                stream.write_all(&byte)?;
                stream.read_exact(&mut byte)?;
                Ok(started.elapsed().as_nanos() as f64)
            };
            (0..trips).map(|_| trip()).collect()
        })?;
        server.join().map_err(|_| anyhow!("a thread panicked"))??;
        // The median: what else runs on this CPU now and then makes single trips very long.
        Ok(Spread::of(&times).context("no round trip")?.median)
    })
}
