#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iftop_fuzz::packet_filter::check(data));
