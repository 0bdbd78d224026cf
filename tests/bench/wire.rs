//! A cable between two namespaces, with the fastest generator of frames that there is at one end:
//! `BPF_PROG_TEST_RUN` with live frames.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use aya::{
    Ebpf, EbpfLoader,
    programs::{
        LinkOrder, SchedClassifier, TcAttachType, TestRun as _, TestRunAttrs, TestRunOptions, Xdp,
        tc::TcAttachOptions,
    },
};
use iftop_user::interface::{InterfaceCounters, counters, find};

use crate::{
    kernel::{OBJECT, pin_to},
    net::{Cable, Namespace},
    packet::Packet,
};

/// Frames in a batch; the kernel takes no more than this.
const BATCH: u32 = 64;

/// Generator, cable and sink. Programs that are measured run in [`inside`](Self::inside), on `va`.
pub struct Wire {
    cable: Cable,
    generator: Ebpf,
    /// Ends the path of the generated packets right behind the hooks, so that no stack that refuses them
    /// is measured.
    _sink: Ebpf,
    va: u32,
    vb: u32,
}

impl Wire {
    /// With addresses, 10.9.0.1 on `va` and 10.9.0.2 on `vb`.
    pub fn new() -> Result<Self> {
        let cable = Cable::with_addresses();
        // Without this a veth has no queue for frames that come without an skb, and drops them.
        cable.a.command("ethtool", "-K va gro on");
        let mut generator = load("bench_generate")?;
        program::<Xdp>(&mut generator, "bench_generate")?.load()?;
        let mut sink = load("bench_sink")?;
        cable.a.run(|| {
            let sink = program::<SchedClassifier>(&mut sink, "bench_sink")?;
            sink.load()?;
            let last = TcAttachOptions::TcxOrder(LinkOrder::last());
            sink.attach_with_options("va", TcAttachType::Ingress, last).context("the sink")
        })?;
        let va = cable.a.run(|| find("va"))?.index;
        let vb = cable.b.run(|| find("vb"))?.index;
        Ok(Self { cable, generator, _sink: sink, va, vb })
    }

    /// Where the programs run.
    pub fn inside(&self) -> &Namespace {
        &self.cable.a
    }

    /// Empty programs at both hooks of `va`, before all others, for as long as what is returned lives.
    pub fn attach_empty(&self) -> Result<Ebpf> {
        let mut object = load("bench_empty")?;
        self.cable.a.run(|| -> Result<()> {
            let empty = program::<SchedClassifier>(&mut object, "bench_empty")?;
            empty.load()?;
            for hook in [TcAttachType::Ingress, TcAttachType::Egress] {
                let first = TcAttachOptions::TcxOrder(LinkOrder::first());
                empty.attach_with_options("va", hook, first).context("an empty program")?;
            }
            Ok(())
        })?;
        Ok(object)
    }

    /// The other end.
    pub fn outside(&self) -> &Namespace {
        &self.cable.b
    }

    /// Sends so many frames from the first CPU, which also receives them; how long that took.
    pub fn send(&self, packet: &Packet, frames: u32) -> Result<Duration> {
        let bytes = packet.bytes(1);
        // `struct xdp_md` of `<linux/bpf.h>`: it seems to come from `vb`, so it is sent by `vb`.
        let length = u32::try_from(bytes.len())?;
        let context: Vec<u8> =
            [0, length, 0, self.vb, 0, 0].into_iter().flat_map(u32::to_ne_bytes).collect();
        self.cable.b.run(|| {
            pin_to(0)?;
            let program = self.generator.program("bench_generate").context("no generator")?;
            let program: &Xdp = program.try_into()?;
            let started = Instant::now();
            let options = TestRunOptions {
                data_in: Some(&bytes),
                ctx_in: Some(&context),
                repeat: frames,
                attrs: TestRunAttrs::new().xdp_live_frames(BATCH),
                ..TestRunOptions::new()
            };
            program.test_run(options).context("send live frames")?;
            Ok(started.elapsed())
        })
    }

    /// Sends so many frames a second, in pieces, for a time; how many those were.
    pub fn send_for(&self, packet: &Packet, a_second: u32, time: Duration) -> Result<u64> {
        const PIECE: Duration = Duration::from_millis(100);
        let started = Instant::now();
        let (mut sent, mut pieces) = (0, 0);
        while started.elapsed() < time {
            sent += u64::from(a_second / 10);
            self.send(packet, a_second / 10)?;
            pieces += 1;
            // A pace.
            thread::sleep((PIECE * pieces).saturating_sub(started.elapsed()));
        }
        Ok(sent)
    }

    /// What `va` itself counted.
    pub fn counters(&self) -> Result<InterfaceCounters> {
        self.cable.a.run(|| counters(self.va))
    }
}

fn load(name: &str) -> Result<Ebpf> {
    let loaded = EbpfLoader::new().btf(None).load(OBJECT);
    loaded.with_context(|| format!("load `{name}`"))
}

fn program<'a, P>(object: &'a mut Ebpf, name: &str) -> Result<&'a mut P>
where
    &'a mut P: TryFrom<&'a mut aya::programs::Program, Error = aya::programs::ProgramError>,
{
    let program = object.program_mut(name).ok_or_else(|| anyhow!("no program `{name}`"))?;
    Ok(program.try_into()?)
}
