#![no_main]

use labkit::bench::readers::Request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(request) = Request::parse(&String::from_utf8_lossy(data)) {
        assert!(!request.n.is_empty() && !request.nb.is_empty() && !request.grids.is_empty());
    }
});
