//! apt.conf(5) for an apt that has nothing to do with this machine's.

use std::path::Path;

/// What the machine's own configuration says that counts here as well: the way to the mirrors.
const TAKEN: [&str; 2] = ["Acquire::http::", "Acquire::https::"];
/// Where the machine's own sources count, the release that it keeps to does as well.
const TAKEN_WITH_SOURCES: &str = "APT::Default-Release";

/// Everything lies below `dir`; the machine's own sources, where these count, are linked there. `machine` is what
/// `apt-config dump` prints here.
pub fn text(dir: &Path, architecture: &str, is_own: bool, machine: &str) -> String {
    let dir = dir.display();
    let etc = format!("{dir}/etc/apt");
    let taken = machine.lines().filter(|line| {
        let counts =
            TAKEN.iter().any(|name| line.starts_with(name)) || (is_own && line.starts_with(TAKEN_WITH_SOURCES));
        // A value with a quote of its own is printed so that apt could not read it.
        counts && line.ends_with("\";") && line.matches('"').count() == 2
    });
    let taken: String = taken.map(|line| format!("{line}\n")).collect();
    // Hooks of the machine's own files would run, and clean its caches: those files are not read.
    format!(
        "Dir \"{dir}\";\n\
         Dir::State::status \"{dir}/status\";\n\
         Dir::Etc::main \"{dir}/etc/apt/apt.conf\";\n\
         Dir::Etc::parts \"{dir}/etc/apt/apt.conf.d\";\n\
         Dir::Etc::sourcelist \"{etc}/sources.list\";\n\
         Dir::Etc::sourceparts \"{etc}/sources.list.d\";\n\
         Dir::Etc::trusted \"{etc}/trusted.gpg\";\n\
         Dir::Etc::trustedparts \"{etc}/trusted.gpg.d\";\n\
         Dir::Etc::preferences \"{etc}/preferences\";\n\
         Dir::Etc::preferencesparts \"{etc}/preferences.d\";\n\
         Dir::Etc::netrc \"{etc}/auth.conf\";\n\
         Dir::Etc::netrcparts \"{etc}/auth.conf.d\";\n\
         APT::Architecture \"{architecture}\";\n\
         APT::Architectures {{ \"{architecture}\"; }};\n\
         APT::Install-Recommends \"false\";\n\
         APT::Sandbox::User \"root\";\n\
         APT::Update::Error-Mode \"any\";\n\
         APT::Color \"0\";\n\
         Acquire::ForceHash \"SHA256\";\n\
         Acquire::IndexTargets::deb-src::Sources::DefaultEnabled \"false\";\n\
         Acquire::Languages \"none\";\n\
         Acquire::Retries \"3\";\n\
         Debug::NoLocking \"true\";\n\
         {taken}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_mirrors_is_taken_from_the_machine_and_nothing_else() {
        let machine = "APT::Update::Post-Invoke:: \"rm -rf /\";\nAcquire::Check-Valid-Until \"false\";\n\
                       Acquire::http::Proxy \"http://10.0.0.1:3142\";\nAcquire::https::X \"a\"b\";\n\
                       APT::Default-Release \"stable\";\n";
        let text = super::text(Path::new("/tmp/x"), "arm64", false, machine);
        assert!(text.ends_with("Debug::NoLocking \"true\";\nAcquire::http::Proxy \"http://10.0.0.1:3142\";\n"));
        assert!(text.contains("\"/tmp/x/etc/apt/sources.list\"") && !text.contains("\"/etc"));
        let text = super::text(Path::new("/tmp/x"), "arm64", true, machine);
        assert!(text.ends_with("APT::Default-Release \"stable\";\n") && !text.contains("\"/etc"));
    }
}
