#![no_main]

mod reader;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| reader::hold("sysbench ", "sysbench", data, Some(reader::sysbench)));
