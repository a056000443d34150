//! `labkit hold`: the process that keeps a lab alive. Not for people, and not among the commands they see.

/// First word of the command line; the second is the lab's id, for whoever looks at the list of processes.
pub const NAME: &str = "hold";

/// Keeps the namespaces that were handed over until killed.
pub fn hold() -> ! {
    // The terminal that the run was started from may close.
    let _ = nix::unistd::setsid();
    // Nor shall it keep a directory busy.
    let _ = std::env::set_current_dir("/");
    loop {
        nix::unistd::pause();
    }
}
