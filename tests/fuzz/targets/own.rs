#![no_main]

mod reader;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    reader::hold("{\"labkit\":\"ping\",", "", data, None);
    reader::hold("{\"labkit\":\"tcp\",", "", data, None);
});
