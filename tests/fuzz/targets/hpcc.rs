#![no_main]

mod reader;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| reader::hold(
    "This is the DARPA/DOE HPC Challenge Benchmark version ",
    "hpcc",
    data,
    Some(reader::hpcc)
));
