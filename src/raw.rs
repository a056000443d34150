//! The two calls for which neither the standard library nor nix has a safe form.
#![allow(unsafe_code)]

use std::{os::unix::process::CommandExt, process::Command};

/// Lets the C library resolve names from files and DNS alone.
///
/// A static glibc loads the NSS modules that /etc/nsswitch.conf names from the machine it runs on, and dies with
/// SIGSEGV or SIGFPE when they were built for another glibc. Call it before there is a second thread.
#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
pub fn pin_nss() {
    use std::ffi::{CStr, c_char, c_int};
    unsafe extern "C" {
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }
    const LOOKUPS: [(&CStr, &CStr); 10] = [
        (c"hosts", c"files dns"),
        (c"passwd", c"files"),
        (c"group", c"files"),
        (c"shadow", c"files"),
        (c"gshadow", c"files"),
        (c"initgroups", c"files"),
        (c"services", c"files"),
        (c"protocols", c"files"),
        (c"networks", c"files"),
        (c"netgroup", c"files"),
    ];
    for (database, services) in LOOKUPS {
        // SAFETY: both are zero-terminated and live for ever; no other thread exists yet.
        unsafe { __nss_configure_lookup(database.as_ptr(), services.as_ptr()) };
    }
}

#[cfg(not(all(target_env = "gnu", target_feature = "crt-static")))]
pub fn pin_nss() {}

/// Has the kernel kill the child when the thread that spawns it ends, however suddenly.
pub fn die_with_parent(command: &mut Command) {
    let set = || nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).map_err(std::io::Error::from);
    // SAFETY: between fork and exec only prctl(2) is called, which is async-signal-safe and allocates nothing.
    unsafe { command.pre_exec(set) };
}
