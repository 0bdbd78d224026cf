//! The page of how the counting goes: up to six lines and that of the packet filter, where there is one; each
//! takes as many rows as it needs.
//!
//! Lays out what is known, and says `?` of what is not.

use iftop_common::{Bytes, Table};

use super::{Status, canvas::Canvas, help::column, layout::Layout, wrap::wrapped};
use crate::{
    app::App,
    health::{Covered, Health},
    source::Kind,
    units::{Format, grouped},
    view::View,
};

mod places;

use places::{places, xdp_text};

const UNKNOWN: &str = "?";

/// In place of the table, from a row on, but never so that less is shown than there is room for.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    app: &App,
    layout: &Layout,
    status: &Status<'_>,
    first: usize,
) {
    let width = usize::from(layout.width);
    let mut lines = lines(app.view(), app.settings().format, status);
    lines.extend(app.packet_filter().map(|text| ("filter", filter(text, app))));
    let rows: Vec<_> = lines.iter().flat_map(|(name, parts)| wrapped(name, parts, width)).collect();
    column(canvas, layout, 0, &rows, first);
}

/// Each with its name.
fn lines(view: &View, format: Format, status: &Status<'_>) -> Vec<(&'static str, Vec<String>)> {
    let health = &view.health;
    let facts = &health.about.facts;
    // Beside a file there is nothing that anything could be lost at.
    if facts.kind == Kind::File {
        let mut file = vec![status.interface.to_owned()];
        // Of a pipe it is not known.
        file.extend(Some(facts.hooks.clone()).filter(|format| !format.is_empty()));
        return vec![
            ("file", file),
            ("attributed", attributed(view, format)),
            ("table", table(view)),
            ("losses", vec![format!("while capturing {}", grouped(view.account.dropped_packets))]),
            ("rights", vec![health.about.sandboxed.describe()]),
        ];
    }
    vec![
        ("interface", link(health, status)),
        ("attributed", attributed(view, format)),
        ("covered", covered(health, format)),
        ("table", table(view)),
        ("cost", cost(health)),
        ("losses", losses(view, format)),
        ("rights", vec![health.about.sandboxed.describe()]),
    ]
}

fn filter(text: &str, app: &App) -> Vec<String> {
    let [bytes, packets] = app.settings().format.both_counts(app.view().account.filtered);
    vec![text.to_owned(), format!("turned away {bytes}, {packets}")]
}

fn link(health: &Health, status: &Status<'_>) -> Vec<String> {
    let state = match health.up {
        _ if health.gone => "gone",
        Some(true) => "up",
        Some(false) => "down",
        // All interfaces at once.
        None if health.about.facts.kind == Kind::Pcap && health.losses.is_none() => "",
        None => UNKNOWN,
    };
    let speed = health.about.link_speed.map(|speed| format!("{}  ", bits_per_second(speed)));
    let places = places(health.places).map(|places| format!(", {places}")).unwrap_or_default();
    let mut parts = vec![format!("{}  {}{state}", status.interface, speed.unwrap_or_default())];
    parts.extend(status.netns.map(|netns| format!("netns  {netns}")));
    let facts = &health.about.facts;
    let by = if facts.kind == Kind::Ebpf { "hook" } else { "by" };
    parts.push(format!("{by}  {}{places}", facts.hooks));
    parts.extend(health.xdp.map(|xdp| format!("XDP before us: {}", xdp_text(xdp))));
    parts.extend(facts.reason.as_ref().map(|reason| format!("not in the kernel: {reason}")));
    parts
}

fn attributed(view: &View, format: Format) -> Vec<String> {
    let account = &view.account;
    let [bytes, packets] = format.both_counts(account.seen);
    let malformed = grouped(account.malformed.packets);
    vec![
        percent(account.attributed_thousandths()),
        match view.health.about.bytes {
            Bytes::Ip => format!("seen {bytes}, {packets}"),
            Bytes::Wire => format!("seen {bytes} of the wire, {packets}"),
        },
        format!("other {}", grouped(account.other.packets)),
        format!("not IP {}", grouped(account.not_ip.packets)),
        match view.health.malformed_percent {
            Some(percent) => format!("malformed {malformed} ({percent}% lately)"),
            None => format!("malformed {malformed}"),
        },
    ]
}

fn covered(health: &Health, format: Format) -> Vec<String> {
    let (Some(now), Some(all)) = (health.covered, health.covered_since_start) else {
        return vec![UNKNOWN.to_owned()];
    };
    let bytes = |bytes| {
        let count = iftop_common::Count { bytes, packets: 0 };
        let [bytes, _] = format.both_counts(count);
        bytes
    };
    let says = |Covered { ours, interface, .. }: Covered| {
        format!("interface says {}, we saw {}", bytes(interface), bytes(ours))
    };
    let mut parts = vec![
        percent(now.thousandths()),
        format!("{} in {} s", says(now), now.over.as_secs()),
        format!("since start {}", percent(all.thousandths())),
    ];
    let sides = ["received", "sent"].into_iter().zip(health.missing);
    parts.extend(
        sides.filter_map(|(side, cause)| Some(format!("missing of {side}: {}", cause?.told()))),
    );
    parts
}

fn table(view: &View) -> Vec<String> {
    let health = &view.health;
    let (table, facts) = (&health.table, &health.about.facts);
    let lines = format!("{} of {} lines", grouped(table.used), grouped(table.lines));
    let used = mebibytes(facts.kernel_bytes + health.own_bytes);
    let memory = format!("{used} of {} MiB", mebibytes(health.about.max_memory));
    let mut parts = match facts.table {
        Table::Flat => vec![format!("{lines}, fullest shard {} %", table.fullest_shard_percent)],
        Table::Hash if facts.kind == Kind::Pcap => vec![lines],
        Table::Hash => vec![lines, "hash map".to_owned()],
    };
    if facts.refused_lines > 0 {
        parts.push(format!("no memory for {} more", grouped(facts.refused_lines)));
    }
    let max_flows = grouped(health.about.max_flows.into());
    parts.extend([
        format!("flows {} of {max_flows}", grouped(view.flows as u64)),
        format!("spilled {}", grouped(view.account.spilled.packets)),
        memory,
    ]);
    parts
}

fn cost(health: &Health) -> Vec<String> {
    let packet = match health.packet_cost {
        Some(cost) => format!("{} ns a packet (at load), ", cost.as_nanos()),
        // It is in what this program uses.
        None if health.about.facts.kind == Kind::Pcap => String::new(),
        None => format!("{UNKNOWN} ns a packet, "),
    };
    let poll = health.poll.as_secs_f64() * 1000.0;
    let cpu = health.cpu.unwrap_or(0) as f64 / 1000.0;
    vec![format!("{packet}poll {poll:.1} ms, this program {cpu:.1} % of a CPU")]
}

fn losses(view: &View, format: Format) -> Vec<String> {
    let health = &view.health;
    let now = &health.lost_now;
    let lost = |sum: u64, per_second: f64| {
        let sum = grouped(sum);
        if per_second > 0.0 {
            format!("{sum} ({})", format.packets_per_second(per_second))
        } else {
            sum
        }
    };
    let dropped = lost(view.account.dropped_packets, now.ours);
    let ours = match health.about.facts.kind {
        Kind::Pcap => format!("libpcap: dropped {dropped}"),
        _ => format!("ours {dropped}"),
    };
    let Some(losses) = &health.losses else {
        return vec![ours, format!("NIC: {UNKNOWN}"), format!("qdisc: {UNKNOWN}")];
    };
    let failed = match losses.send_failed() {
        0 => String::new(),
        failed => format!(", not sent {}", lost(failed, now.send_failed)),
    };
    let nic = format!(
        "NIC: missed {}, dropped {}, errors {}{failed}",
        lost(losses.interface.missed, now.missed),
        lost(losses.dropped_before_us, now.dropped),
        lost(losses.interface.errors, now.errors),
    );
    let queue = if health.queue {
        format!("qdisc: dropped {}", lost(losses.queue_dropped, now.queue))
    } else {
        format!("qdisc: {UNKNOWN}")
    };
    vec![ours, nic, queue]
}

/// `99.998 %`.
fn percent(thousandths: u64) -> String {
    format!("{}.{:03} %", thousandths / 1000, thousandths % 1000)
}

/// Rounded.
fn mebibytes(bytes: u64) -> String {
    grouped((bytes + (1 << 19)) >> 20)
}

/// `25 Gbit/s`: steps of 1000 and no more digits than the number has.
fn bits_per_second(speed: u64) -> String {
    let units = [(1_000_000_000, "Gbit/s"), (1_000_000, "Mbit/s"), (1000, "kbit/s")];
    let (unit, name) = units.into_iter().find(|(unit, _)| speed >= *unit).unwrap_or((1, "bit/s"));
    format!("{} {name}", speed as f64 / unit as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Facts;

    #[test]
    fn libpcap_has_a_page_too() {
        let mut view = View::default();
        view.health.about.facts = Facts {
            kind: Kind::Pcap,
            hooks: "libpcap, Ethernet".to_owned(),
            table: Table::Hash,
            reason: Some("no CAP_BPF".to_owned()),
            ..Facts::default()
        };
        view.account.dropped_packets = 7;
        view.health.lost_now.ours = 1200.0;
        let status = Status::new("eth0", "pcap");
        let lines = lines(&view, Format::default(), &status);
        let of = |wanted| &lines.iter().find(|(name, _)| *name == wanted).unwrap().1[..];
        let interface = ["eth0  ", "by  libpcap, Ethernet", "not in the kernel: no CAP_BPF"];
        assert_eq!(of("interface"), interface);
        assert_eq!(of("losses")[0], "libpcap: dropped 7 (1.20Kp/s)");
        assert!(of("cost")[0].starts_with("poll "), "{lines:?}");
    }

    #[test]
    fn speeds_as_they_stand_on_hardware() {
        let cases = [
            (25_000_000_000, "25 Gbit/s"),
            (2_500_000_000, "2.5 Gbit/s"),
            (100_000_000, "100 Mbit/s"),
            (9600, "9.6 kbit/s"),
        ];
        for (speed, expected) in cases {
            assert_eq!(bits_per_second(speed), expected);
        }
    }
}
