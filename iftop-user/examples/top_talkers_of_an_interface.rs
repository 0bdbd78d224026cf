//! Prints the ten pairs of hosts between which most passed an interface in so many seconds:
//! `cargo run --example top_talkers_of_an_interface INTERFACE SECONDS`. It needs what iftop needs, root or
//! capabilities, and Linux.

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    use std::{env, thread, time::Duration};

    use anyhow::Context as _;
    use iftop_user::{
        flow::FlowTable,
        interface, label,
        orient::Rules,
        source::{
            Sample, Source as _,
            ebpf::{EbpfSource, Options},
        },
        view::{Labels, Query, Sides, Sort, view},
    };

    let mut arguments = env::args().skip(1);
    let name = arguments.next().context("give it the name of an interface")?;
    let seconds: u32 = arguments.next().context("give it a number of seconds")?.parse()?;
    let interface = interface::find(&name)?;
    // From now on the kernel counts. What it counts with goes when the source is dropped.
    let mut source = EbpfSource::open(&Options::new(&interface))?;
    eprintln!("counting");
    let mut table = FlowTable::new(Rules::default(), 1 << 16);
    let mut sample = Sample::default();
    for _ in 0..seconds {
        thread::sleep(Duration::from_secs(1));
        source.sample(&mut sample)?;
        table.apply(&sample);
    }

    let query = Query { sort: Sort::Cumulative, limit: Some(10), ..Query::default() };
    for row in view(&table, &query, &Labels::NONE).rows {
        let count = Sides::Both.of(row.cumulative());
        let [local, remote] = [&row.local, &row.remote].map(label::text);
        println!("{:>12} bytes {:>9} packets  {local} <=> {remote}", count.bytes, count.packets);
    }
    let all = table.account().seen;
    println!("{:>12} bytes {:>9} packets  in all", all.bytes, all.packets);
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("only Linux counts in the kernel: see the example of a capture file");
}
