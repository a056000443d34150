//! What Vagrant and VirtualBox read: the boxes, and the machine that box.ovf describes.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{SAID, built, said};

fn json(command: &mut Command) -> Value {
    serde_json::from_str(&said(command).ok()).unwrap()
}

/// The files of a box, unpacked; their names in their order.
fn unpacked(file: &Path, to: &Path) -> Vec<String> {
    fs::create_dir(to).unwrap();
    said(Command::new("tar").arg("-xzvf").arg(file).arg("-C").arg(to)).ok().lines().map(str::to_owned).collect()
}

fn info(disk: &Path) -> Value {
    json(Command::new("qemu-img").args(["info", "--output", "json"]).arg(disk))
}

/// What python's parser of XML makes of an element's path below the envelope, one value for each element that is found.
pub fn ovf(file: &Path, script: &str) -> String {
    let prelude = "import sys; from xml.etree import ElementTree as E\n\
                   n = {'o': 'http://schemas.dmtf.org/ovf/envelope/1', 'r': 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData'}\n\
                   a = '{http://schemas.dmtf.org/ovf/envelope/1}'\n\
                   root = E.parse(sys.argv[1]).getroot()\n";
    said(Command::new("python3").args(["-c", &format!("{prelude}{script}")]).arg(file)).ok()
}

#[test]
fn every_form_of_the_disk_is_the_same_disk_and_no_larger_than_its_parts() {
    let Some(dir) = built() else { return };
    let files: [(&str, &str); 3] =
        [("labkit-amd64.img", "raw"), ("labkit-amd64.qcow2", "qcow2"), ("labkit-amd64.vmdk", "vmdk")];
    let raw = dir.join(files[0].0);
    for (name, format) in files {
        let (file, told) = (dir.join(name), info(&dir.join(name)));
        assert_eq!(told["format"], format, "{told}");
        assert_eq!(told["virtual-size"], info(&raw)["virtual-size"], "{told}");
        said(Command::new("qemu-img").args(["compare", "-f", "raw", "-F", format]).arg(&raw).arg(&file)).ok();
    }
    assert_eq!(info(&dir.join("labkit-amd64.vmdk"))["format-specific"]["data"]["create-type"], "streamOptimized");
    // What it takes of the host's disk is its files, and little more.
    let words = fs::read_to_string(dir.join(SAID)).unwrap();
    let files_mb = words.split("make the disk of ").nth(1).and_then(|rest| rest.split(' ').next());
    let files_mb: u64 = files_mb.unwrap().parse().unwrap();
    let taken_mb = fs::metadata(&raw).unwrap().blocks() * 512 / 1_000_000;
    assert!(taken_mb * 100 <= files_mb * 105, "{taken_mb} MB of disk for {files_mb} MB of files");
    // The file system is whole, and has been told where it lies.
    let at = format!("{}?offset={}", raw.display(), 34 << 20);
    let checked = said(Command::new("e2fsck").args(["-fn", &at]));
    assert_eq!(checked.code, Some(0), "{}{}", checked.out, checked.err);
    let table = said(Command::new("sfdisk").arg("--verify").arg(&raw));
    assert!(table.code == Some(0) && table.out.contains("No errors detected"), "{}{}", table.out, table.err);
}

#[test]
fn the_box_for_libvirt_has_what_vagrant_asks_for() {
    let Some(dir) = built() else { return };
    let work = tempfile::tempdir_in("/var/tmp").unwrap();
    let to: PathBuf = work.path().join("box");
    let names = unpacked(&dir.join("labkit-libvirt-amd64.box"), &to);
    assert_eq!(names, ["metadata.json", "box.img", "Vagrantfile"]);
    let metadata: Value = serde_json::from_str(&fs::read_to_string(to.join("metadata.json")).unwrap()).unwrap();
    assert_eq!((&metadata["provider"], &metadata["format"]), (&"libvirt".into(), &"qcow2".into()));
    let bytes = info(&to.join("box.img"))["virtual-size"].as_u64().unwrap();
    assert_eq!(metadata["virtual_size"].as_u64().unwrap(), bytes.div_ceil(1 << 30));
}

#[test]
fn the_box_for_virtualbox_describes_the_disk_that_is_in_it() {
    let Some(dir) = built() else { return };
    let work = tempfile::tempdir_in("/var/tmp").unwrap();
    let to = work.path().join("box");
    let names = unpacked(&dir.join("labkit-virtualbox-amd64.box"), &to);
    assert_eq!(names, ["metadata.json", "box.ovf", "disk.vmdk", "Vagrantfile"]);
    let metadata: Value = serde_json::from_str(&fs::read_to_string(to.join("metadata.json")).unwrap()).unwrap();
    assert_eq!((&metadata["provider"], &metadata["architecture"]), (&"virtualbox".into(), &"amd64".into()));
    let machine = to.join("box.ovf");
    let file = ovf(
        &machine,
        "f = root.find('o:References/o:File', n); print(f.get(a+'href'), f.get(a+'size'), f.get(a+'id'))",
    );
    let size = fs::metadata(to.join("disk.vmdk")).unwrap().len();
    assert_eq!(file, format!("disk.vmdk {size} file1\n"));
    let disk = ovf(
        &machine,
        "d = root.find('o:DiskSection/o:Disk', n); print(d.get(a+'fileRef'), d.get(a+'capacity'), d.get(a+'diskId'))",
    );
    assert_eq!(disk, format!("file1 {} disk1\n", info(&to.join("disk.vmdk"))["virtual-size"]));
    // Each part has a number of its own, the disk hangs on a controller that is there, and the parts of an item stand in
    // the order that the schema of CIM has: that of their names.
    let items = ovf(
        &machine,
        "items = root.findall('o:VirtualSystem/o:VirtualHardwareSection/o:Item', n)\n\
         get = lambda i, k: i.findtext('r:'+k, namespaces=n)\n\
         numbers = [get(i, 'InstanceID') for i in items]; assert len(set(numbers)) == len(numbers)\n\
         disk, = [i for i in items if get(i, 'ResourceType') == '17']\n\
         parent, = [i for i in items if get(i, 'InstanceID') == get(disk, 'Parent')]\n\
         assert all([c.tag for c in i] == sorted(c.tag for c in i) for i in items)\n\
         networks = [x.get(a+'name') for x in root.findall('o:NetworkSection/o:Network', n)]\n\
         assert all(get(i, 'Connection') in networks for i in items if get(i, 'ResourceType') == '10')\n\
         print(get(disk, 'HostResource'), get(parent, 'ResourceType'), sorted(get(i, 'ResourceType') for i in items))",
    );
    assert_eq!(items, "/disk/disk1 20 ['10', '17', '20', '3', '4']\n");
}
