//! What happens in the program between a sample and a frame, with samples made by hand.

use std::time::{Duration, Instant};

use iftop_common::{Count, Counters, FlowKey, Totals};
use iftop_user::{
    app::{App, Settings},
    flow::FlowTable,
    orient::Rules,
    source::Sample,
    tui::{self, Status},
    view::{Labels, view},
};
use ratatui::{Terminal, backend::TestBackend};

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
const MOST_FLOWS: usize = 1 << 20;

/// A flow table in which so many flows have packets in every second.
pub struct Ticks {
    table: FlowTable,
    sample: Sample,
    app: App,
    terminal: Terminal<TestBackend>,
    random: fastrand::Rng,
}

impl Ticks {
    pub fn new(flows: u32) -> Self {
        let mut sample = Sample { elapsed: Duration::from_secs(1), ..Sample::default() };
        sample.flows = (0..flows).map(|flow| (key(flow), Counters::default())).collect();
        let terminal = match Terminal::new(TestBackend::new(COLUMNS, ROWS)) {
            Ok(terminal) => terminal,
            Err(never) => match never {},
        };
        Self {
            table: FlowTable::new(Rules::default(), MOST_FLOWS),
            sample,
            app: App::new(Settings::default(), None),
            terminal,
            random: fastrand::Rng::with_seed(1),
        }
    }

    /// The times of another sample.
    pub fn next(&mut self) -> [f64; 3] {
        self.change_sample();
        let sample = std::mem::take(&mut self.sample);
        let times = self.show(&sample);
        self.sample = sample;
        times
    }

    /// Milliseconds that it takes to take a sample in, to choose what is shown, and to draw it.
    pub fn show(&mut self, sample: &Sample) -> [f64; 3] {
        let started = Instant::now();
        self.table.apply(sample);
        let applied = Instant::now();
        let nobody = |_| None;
        let nothing = |_, _| None;
        let labels = Labels { host: &nobody, service: &nothing };
        self.app.fit(usize::from(ROWS));
        let view = view(&self.table, &self.app.query(), &labels);
        self.app.show(view);
        self.table.end_interval();
        let chosen = Instant::now();
        let status = Status { colours: true, ..Status::new("eth0", "ebpf/tcx") };
        let app = &self.app;
        match self.terminal.draw(|frame| tui::draw(frame, app, &status)) {
            Ok(_) => {}
            Err(never) => match never {},
        }
        let drawn = Instant::now();
        [applied - started, chosen - applied, drawn - chosen].map(|time| time.as_secs_f64() * 1e3)
    }

    /// Other counts for every flow, so that rows change places.
    fn change_sample(&mut self) {
        let mut seen = Counters::default();
        for (_, counters) in &mut self.sample.flows {
            let packets = self.random.u64(1..100);
            let count = Count { bytes: packets * 1000, packets };
            *counters = Counters { ingress: count, egress: count };
            seen += *counters;
        }
        self.sample.totals = Totals { seen, frames: seen, ..Totals::default() };
    }
}

fn key(flow: u32) -> FlowKey {
    let mapped = |address: [u8; 4]| {
        let mut bytes = [0; 16];
        bytes[10..12].fill(0xff);
        bytes[12..].copy_from_slice(&address);
        bytes
    };
    FlowKey {
        near: mapped([192, 0, 2, 1]),
        far: mapped((0x0a00_0000 ^ flow).to_be_bytes()),
        near_port: 443,
        far_port: 40_000,
        protocol: 6,
        interface: 0,
        vlan_and_flags: 0,
    }
}
