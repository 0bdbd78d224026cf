//! What a process holds of the system, as proc(5) tells it.

use std::fs;

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
