#![no_main]

mod reader;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| reader::hold("HPLinpack ", "hpl", data, Some(reader::hpl)));
