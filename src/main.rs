//! labkit: network and HPC lab exercises in one static binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    labkit::raw::pin_nss();
    labkit::cli::main()
}
