//! How much of a capture file was played, as it stands in the rule.

use crate::{source::capture_file::Progress, units::grouped};

use super::Glyphs;

/// Columns of the bar.
const BAR_WIDTH: u64 = 20;

/// Longer and shorter: `[████████············] 43%`, `43%`; of a pipe how much came through it.
pub(super) fn forms(progress: Progress, glyphs: Glyphs) -> [String; 2] {
    let Progress { read_bytes, file_bytes, ended } = progress;
    if ended {
        return ["end of file", "end"].map(str::to_owned);
    }
    let Some(file_bytes) = file_bytes else {
        let read = format!("{} KiB read", grouped(read_bytes >> 10));
        return [read.clone(), read];
    };
    // A file may grow while it is read.
    let part = |whole: u64| {
        let part = u128::from(read_bytes.min(file_bytes)) * u128::from(whole);
        usize::try_from(part / u128::from(file_bytes.max(1))).unwrap_or(0)
    };
    let filled = part(BAR_WIDTH);
    let rest = part(BAR_WIDTH).abs_diff(usize::try_from(BAR_WIDTH).unwrap_or(filled));
    let bar = glyphs.done.repeat(filled) + &glyphs.to_do.repeat(rest);
    let percent = format!("{}%", part(100));
    [format!("[{bar}] {percent}"), percent]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_a_percentage_or_a_size() {
        let of = |read_bytes, file_bytes| Progress { read_bytes, file_bytes, ended: false };
        let cases = [
            (of(0, Some(1000)), "[····················] 0%", "0%"),
            (of(499, Some(1000)), "[█████████···········] 49%", "49%"),
            (of(1000, Some(1000)), "[████████████████████] 100%", "100%"),
            (of(2000, Some(1000)), "[████████████████████] 100%", "100%"),
            (of(u64::MAX - 1, Some(u64::MAX)), "[███████████████████·] 99%", "99%"),
            (of(12_345_678, None), "12,056 KiB read", "12,056 KiB read"),
        ];
        for (progress, long, short) in cases {
            assert_eq!(forms(progress, Glyphs::UNICODE), [long, short]);
        }
        let ascii = forms(of(1, Some(2)), Glyphs::ASCII);
        assert_eq!(ascii[0], "[##########..........] 50%");
        let ended = Progress { ended: true, ..of(1, Some(2)) };
        assert_eq!(forms(ended, Glyphs::ASCII), ["end of file", "end"]);
    }
}
