//! What a run tells sooner or later: it is waited for, but not for ever, and some of it has to come in time.

use serde_json::Value;

use super::iftop::Iftop;

/// Reports until something must have happened, however slow the machine is; there are enough of them for every
/// window.
pub const MOST_REPORTS: usize = 60;
const MOST_LINES: usize = 2000;

/// The first report that is as wanted.
pub fn report_when(iftop: &mut Iftop, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut report = iftop.report();
    for _ in 1..MOST_REPORTS {
        if wanted(&report) {
            break;
        }
        report = iftop.report();
    }
    assert!(wanted(&report), "not told in {MOST_REPORTS} reports: {report}");
    report
}

/// The first line of text that starts so.
pub fn line_that_starts(iftop: &mut Iftop, start: &str) -> String {
    let mut line = iftop.line();
    for _ in 1..MOST_LINES {
        if line.starts_with(start) {
            break;
        }
        line = iftop.line();
    }
    assert!(line.starts_with(start), "no {start:?} in {MOST_LINES} lines: {line}");
    line
}

/// Sends so many bytes again and again until a report says what is wanted, which must be the second one at the
/// latest that has most of them.
pub fn told_in_time(
    iftop: &mut Iftop,
    bytes: usize,
    send: impl Fn(),
    wanted: impl Fn(&Value) -> bool,
) -> Value {
    // Where a slow machine tells them in two parts, the greater one counts.
    let most = u64::try_from(bytes).unwrap() / 2;
    let carried = |report: &Value| {
        let count = |pointer| report.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
        count("/covered_since_start/interface_bytes").max(count("/account/frames/bytes"))
    };
    let mut before = carried(&iftop.report());
    let mut reports = 0;
    for _ in 0..MOST_REPORTS {
        send();
        let report = iftop.report();
        if wanted(&report) {
            return report;
        }
        let now = carried(&report);
        reports += usize::from(now - before >= most);
        before = now;
        assert!(reports < 2, "not told in the second report: {report}");
    }
    panic!("the traffic never came");
}

/// Whether a rate, where it stands in a report, is one.
pub fn is_lost(report: &Value, rate: &str) -> bool {
    report.pointer(rate).and_then(Value::as_f64) > Some(0.0)
}
