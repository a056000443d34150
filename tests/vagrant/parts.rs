//! Parts of the Vagrantfile by themselves: settings, what systems tell of themselves, and the lab secret.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::{
    ruby::{evaluated, ruby},
    support::installed,
};

#[test]
fn a_setting_that_is_wrong_is_said_with_its_value_and_one_that_is_right() {
    if !installed("ruby") {
        return;
    }
    let cases = [
        ("cpus", "LABKIT_CPUS", "many", "LABKIT_CPUS=many: it is no number of CPUs of each machine, from 1 to 64"),
        ("cpus", "LABKIT_CPUS", "0", "LABKIT_CPUS=0: it is no number of CPUs"),
        ("network", "LABKIT_NETWORK", "192.168.57.0", "LABKIT_NETWORK=192.168.57.0: it is no IPv4 network"),
        ("network", "LABKIT_NETWORK", "fd00::/64", "LABKIT_NETWORK=fd00::/64: it is no IPv4 network"),
        (
            "exercise",
            "LABKIT_EXERCISE",
            "ex1; reboot",
            "LABKIT_EXERCISE=ex1; reboot: it is no recipe with its settings",
        ),
        ("driver", "LABKIT_DRIVER", "xen", "LABKIT_DRIVER=xen: it is neither kvm nor qemu"),
    ];
    for (setting, name, value, why) in cases {
        let code = format!(
            "begin; Labkit::Settings.new({{ {name:?} => {value:?} }}).{setting}; rescue Labkit::Refusal => e; print e; end"
        );
        let said = ruby(&["-w", "-r", "./vagrant/lib/settings", "-e", &code], "").ok();
        assert!(said.starts_with(why) && said.contains("\nhint: set it for example to "), "{name}={value}: {said}");
    }
    let code = "Labkit::Settings.new({ 'LABKIT_EXERCISE' => 'ex1 seconds=1 rounds=1', 'LABKIT_CPUS' => ' ' })";
    let said = evaluated("settings", &format!("[{code}.exercise, {code}.cpus, {code}.driver, {code}.anyway?]"));
    assert_eq!(said, "[\"ex1 seconds=1 rounds=1\", nil, \"kvm\", false]");
}

#[test]
fn other_systems_tell_what_they_have_in_their_own_way() {
    if !installed("ruby") {
        return;
    }
    let vm_stat = "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free: 10000.\nPages active: 900000.\n\
                   Pages inactive: 50000.\nPages speculative: 4000.\nPages purgeable: 0.\n";
    assert_eq!(evaluated("host", &format!("Labkit::Host.macos_memory({vm_stat:?})")), "1000");
    assert_eq!(evaluated("host", "Labkit::Host.macos_memory('')"), "nil");
    assert_eq!(evaluated("host", "Labkit::Host.linux_memory(\"MemAvailable:   2048000 kB\\n\")"), "2000");
    assert_eq!(evaluated("host", "Labkit::Host.linux_virtualisation(\"flags : fpu svm\\n\")"), "nil");
    // ARM lists no such flags.
    assert_eq!(evaluated("host", "Labkit::Host.linux_virtualisation(\"Features : fp asimd\\n\")"), "nil");
    let networks = "\"# x\\n* 10.0.0.0/8 fd00::/64\\n\\n *192.168.0.0/16 \\n\"";
    let allowed = format!("Labkit::Host.allowed_networks({networks}).map {{ |one| \"#{{one}}/#{{one.prefix}}\" }}");
    assert_eq!(evaluated("host", &allowed), "[\"10.0.0.0/8\", \"fd00::/64\", \"192.168.0.0/16\"]");
}

#[test]
fn the_secret_is_its_owners_alone_from_its_first_byte_and_drawn_once() {
    if !installed("ruby") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(".labkit").join(name);
    let make = |before: &str| {
        let script = format!(
            "File.umask(0); {before}; begin; Labkit::Handover.new({:?}).make(Labkit::Lab.usual); print 'made'; \
             rescue Labkit::Refusal => e; print e; end",
            dir.path()
        );
        ruby(&["-w", "-r", "./vagrant/lib/handover", "-e", &script], "").ok()
    };
    // Whoever opens it for writing asks for nothing but a new file with this mode.
    let only_new = "class << File; alias before open; def open(path, *rest, &block); \
                    abort \"opened #{rest}\" if path.end_with?('secret') && rest.any? && \
                    rest != [File::WRONLY | File::CREAT | File::EXCL, 0o600]; before(path, *rest, &block); end; end";
    assert_eq!(make(only_new), "made");
    let secret = fs::read_to_string(path("secret")).unwrap();
    assert_eq!(fs::metadata(path("secret")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path("")).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(secret.len() == 65 && secret.trim_end().chars().all(|c| c.is_ascii_hexdigit()), "{secret}");
    assert_eq!(make(""), "made");
    assert_eq!(fs::read_to_string(path("secret")).unwrap(), secret);
    fs::set_permissions(path("secret"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(make("").contains("secret may be read by others"));
    fs::set_permissions(path("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(path("secret"), &secret[..40]).unwrap();
    assert!(make("").contains("secret is no secret of a lab: it was cut short or changed\nhint: `vagrant destroy`"));
}
