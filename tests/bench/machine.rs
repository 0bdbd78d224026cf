//! What the benchmark runs on.

use std::{fs, process::Command, thread};

use crate::outcome::report::Machine;

/// Asks the system. What it does not say stays empty.
pub fn describe() -> Machine {
    let memory_kib = field("/proc/meminfo", "MemTotal").and_then(|line| {
        let number = line.split_whitespace().next()?;
        number.parse::<u64>().ok()
    });
    Machine {
        cpu: field("/proc/cpuinfo", "model name").unwrap_or_default(),
        cpus: thread::available_parallelism().map_or(0, usize::from),
        memory_bytes: memory_kib.unwrap_or(0) << 10,
        kernel: read("/proc/sys/kernel/osrelease"),
        mitigations: mitigations(),
        date: date(),
    }
}

/// The value of the first `name : value` in a file.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(found, _)| found.trim() == name).map(|(_, value)| value.trim().to_owned())
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default().trim().to_owned()
}

/// Those that say "Mitigation", each with the fault that it is against.
fn mitigations() -> Vec<String> {
    let Ok(entries) = fs::read_dir("/sys/devices/system/cpu/vulnerabilities") else {
        return Vec::new();
    };
    let mut found: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let text = fs::read_to_string(entry.path()).ok()?;
            let how = text.trim().strip_prefix("Mitigation: ")?;
            Some(format!("{}: {how}", entry.file_name().to_string_lossy()))
        })
        .collect();
    found.sort();
    found
}

fn date() -> String {
    let output = Command::new("date").arg("--iso-8601=seconds").output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
