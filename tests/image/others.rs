//! What is another way for another processor, distribution or recipe, as far as it can be told without building it.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use crate::{boxes::ovf, build, said, support::installed};

/// What the build's own modules print.
fn by_modules(script: &str, argument: &Path) -> String {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    let script = format!("import sys\nsys.dont_write_bytecode = True\n{script}");
    said(Command::new("python3").args(["-c", &script]).arg(argument).env("PYTHONPATH", place)).ok()
}

fn asked_for(arguments: &[&str]) -> Vec<String> {
    said(build(&["--list-packages"]).args(arguments)).ok().trim_end().split(',').map(str::to_owned).collect()
}

#[test]
fn what_node_asks_for_is_there_already() {
    if !installed("python3") {
        return;
    }
    let recipe = include_str!("../../lua/lib/machine.lua");
    let list = recipe.split_once("machine.packages = {").unwrap().1.split_once('}').unwrap().0;
    let wanted: Vec<&str> = list.split(',').map(|word| word.trim().trim_matches('"')).collect();
    assert!(wanted.contains(&"chrony"), "{wanted:?}");
    let there = asked_for(&["--release", "bookworm"]);
    wanted.iter().for_each(|package| assert!(there.iter().any(|name| name == package), "{package}: {there:?}"));
}

#[test]
fn another_processor_or_distribution_has_its_own_kernel_and_loader() {
    if !installed("python3") {
        return;
    }
    let cases = [
        (["bookworm", "amd64"], ["linux-image-amd64", "grub-pc-bin"]),
        (["trixie", "arm64"], ["linux-image-arm64", "grub-efi-arm64-bin"]),
        (["noble", "amd64"], ["linux-image-virtual", "grub-efi-amd64-bin"]),
    ];
    for ([release, arch], expected) in cases {
        let there = asked_for(&["--release", release, "--arch", arch]);
        expected.iter().for_each(|package| assert!(there.iter().any(|name| name == package), "{release}: {there:?}"));
    }
}

#[test]
fn a_kernel_and_its_initrd_are_found_by_names_that_stay() {
    if !installed("python3") {
        return;
    }
    // Debian's package links to its kernel in /, Ubuntu's in /boot.
    for (place, linked, expected) in [
        ("", "boot/vmlinuz-6.8", "/vmlinuz /initrd.img boot/initrd.img-6.8\n"),
        ("boot", "vmlinuz-6.8", "/boot/vmlinuz /boot/initrd.img initrd.img-6.8\n"),
    ] {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("boot")).unwrap();
        symlink(linked, root.path().join(place).join("vmlinuz")).unwrap();
        let script = "import disk, os, pathlib, tree\n\
                      root = pathlib.Path(sys.argv[1])\n\
                      tree.name_initrd(root)\n\
                      kernel, initrd = disk.kernel(root)\n\
                      print(kernel, initrd, os.readlink(f'{root}{initrd}'))";
        assert_eq!(by_modules(script, root.path()), expected);
    }
}

#[test]
fn a_loader_speaks_to_a_serial_line_that_it_knows() {
    if !installed("python3") {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    symlink("boot/vmlinuz-6.8", root.path().join("vmlinuz")).unwrap();
    let config = |arch: &str| {
        let script = format!(
            "import architecture, disk, pathlib\n\
             root, arch = pathlib.Path(sys.argv[1]), architecture.ALL['{arch}']\n\
             print(disk.grub_config(root, disk.Names.of('0'), arch))"
        );
        by_modules(&script, root.path())
    };
    let (amd64, arm64) = (config("amd64"), config("arm64"));
    assert!(amd64.starts_with("serial --unit=0") && amd64.contains("console=ttyS0,115200n8"), "{amd64}");
    // UEFI's console is on it already, and GRUB would know no `com0`.
    assert!(arm64.starts_with("set timeout=0\n") && arm64.contains("console=ttyAMA0,115200n8"), "{arm64}");
}

#[test]
fn the_number_of_a_disks_content_has_eight_digits_whatever_qemu_drew() {
    if !installed("python3") || !installed("qemu-img") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (raw, drawn) = (dir.path().join("raw"), dir.path().join("drawn.vmdk"));
    fs::write(&raw, vec![7; 1 << 20]).unwrap();
    let mut convert = Command::new("qemu-img");
    convert.args(["convert", "-O", "vmdk", "-o", "subformat=streamOptimized"]).arg(&raw).arg(&drawn);
    said(&mut convert).ok();
    let drawn = fs::read(drawn).unwrap();
    let find = |what: &[u8], from: usize| from + drawn[from..].windows(what.len()).position(|at| at == what).unwrap();
    let at = find(b"\nCID=", 0) + 5;
    let (line, text) = (find(b"\n", at), find(b"\0", at));
    let numbered = ["1", "1234567", "12345678"].map(|digits| {
        let disk = dir.path().join("disk.vmdk");
        let mut bytes = [&drawn[..at], digits.as_bytes(), &drawn[line..text]].concat();
        bytes.resize(text + 8, 0);
        bytes.extend(&drawn[text + 8..]);
        fs::write(&disk, bytes).unwrap();
        by_modules("import formats, pathlib; formats.number_content(pathlib.Path(sys.argv[1]))", &disk);
        said(Command::new("qemu-img").args(["compare", "-q"]).args([&raw, &disk])).ok();
        let bytes = fs::read(&disk).unwrap();
        let number = std::str::from_utf8(&bytes[at..at + 8]).unwrap();
        assert!(bytes[at + 8..].starts_with(b"\nparentCID=ffffffff\n"), "{digits}: {number}");
        assert!(number.chars().all(|digit| digit.is_ascii_hexdigit()), "{digits}: {number}");
        bytes
    });
    assert!(numbered.iter().all(|bytes| *bytes == numbered[0]), "one content has several numbers");
}

#[test]
fn a_machine_with_arm_is_described_as_virtualbox_does_it() {
    if !installed("python3") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("box.ovf");
    let write = "import architecture, distribution, ovf\n\
                 machine = ovf.machine(architecture.ALL['arm64'], distribution.UBUNTU, 'disk.vmdk', 5, 9)\n\
                 open(sys.argv[1], 'w').write(machine)";
    by_modules(write, &file);
    // Its disk, by the number that DiskSection gives it, hangs on a controller that an Arm machine has.
    let read = "v = '{http://www.virtualbox.org/ovf/machine}'\n\
                disk = root.find('o:DiskSection/o:Disk', n)\n\
                machine, = root.iter(v + 'Machine')\n\
                controller, = machine.iterfind('o:Hardware/o:StorageControllers/o:StorageController', n)\n\
                image, = controller.iterfind('o:AttachedDevice/o:Image', n)\n\
                assert image.get('uuid') == '{%s}' % disk.get(v + 'uuid')\n\
                platform = machine.find('o:Platform', n)\n\
                firmware = machine.find('o:Hardware/o:Firmware', n)\n\
                print(platform.get('architecture'), firmware.get('type'), controller.get('type'), machine.get('OSType'))\n\
                print(root.find('o:VirtualSystem/o:OperatingSystemSection', n).get(a + 'id'))";
    assert_eq!(ovf(&file, read), "ARM EFI VirtioSCSI Ubuntu_arm64\n94\n");
}
