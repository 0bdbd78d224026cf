//! What a process holds of the system, as proc(5) tells it.

use std::fs;

/// At one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    pub resident_bytes: u64,
    pub descriptors: usize,
    pub threads: u64,
}

impl Footprint {
    pub fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let field = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        };
        Self {
            resident_bytes: field("VmRSS:") * 1024,
            descriptors: fs::read_dir(format!("/proc/{process}/fd")).unwrap().count(),
            threads: field("Threads:"),
        }
    }
}

/// The processes that it has started and that have not ended.
pub fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let children = threads.flat_map(|thread| {
        // A thread may end while it is looked at.
        let children = fs::read_to_string(thread.unwrap().path().join("children"));
        let children = children.unwrap_or_default();
        let children: Vec<_> = children.split_whitespace().map(|it| it.parse().unwrap()).collect();
        children
    });
    children.collect()
}
