//! The source of the kernel's counters, without the program around it.

use std::thread;

use iftop_common::{Bytes, Totals};
use iftop_user::{
    interface,
    sandbox::Sandbox,
    source::{
        Sample, Source as _,
        ebpf::{EbpfSource, Options},
        hook::HookChoice,
    },
};

/// Samples until something must be there, however slow the machine is.
const PATIENCE: usize = 10_000;

/// At `va` of the network namespace in which the calling thread is.
pub fn open(hook: HookChoice, wait: bool, sandbox: Option<&Sandbox>) -> EbpfSource {
    EbpfSource::open(&Options {
        interface: &interface::find("va").unwrap(),
        hook,
        table: None,
        max_flows: 1000,
        bytes: Bytes::Ip,
        promiscuous: false,
        filter: None,
        log_refused: false,
        sandbox,
        wait,
    })
    .unwrap()
}

/// Samples until the totals of all are as wanted; what is sent may still be on its way.
pub fn totals_when(source: &mut EbpfSource, wanted: impl Fn(&Totals) -> bool) -> Totals {
    let (mut totals, mut sample) = (Totals::default(), Sample::default());
    for _ in 0..PATIENCE {
        source.sample(&mut sample).unwrap();
        totals += sample.totals;
        if wanted(&totals) {
            return totals;
        }
        thread::yield_now();
    }
    panic!("it never came: {totals:?}");
}
