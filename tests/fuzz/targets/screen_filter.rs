#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iftop_fuzz::screen_filter::check(data));
