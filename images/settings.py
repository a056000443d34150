"""vbox:Machine in box.ovf: VirtualBox's own settings of a machine, in the form of its version 7.1.

Of a plain OVF, VirtualBox makes a machine for x86, whatever its system is. One for Arm comes to be in this way alone, and has
virtio-scsi alone for disks.
"""

import uuid
from xml.etree import ElementTree

VBOX = "http://www.virtualbox.org/ovf/machine"
OVF = "http://schemas.dmtf.org/ovf/envelope/1"
# VirtualBox draws others as it imports them: these only say which disk hangs where.
MACHINE, DISK = (str(uuid.uuid5(uuid.NAMESPACE_URL, f"labkit:virtualbox:{name}")) for name in ("machine", "disk"))


def add(parent, tag, **attributes):
    return ElementTree.SubElement(parent, f"{{{OVF}}}{tag}", {key: str(value) for key, value in attributes.items()})


def describe(system, disk, os_type, cpus, memory_mb):
    """Adds it to an OVF's VirtualSystem, whose element Disk is `disk`."""
    disk.set(f"{{{VBOX}}}uuid", DISK)
    machine = ElementTree.SubElement(system, f"{{{VBOX}}}Machine", {
        f"{{{OVF}}}required": "false", "version": "1.20-linux", "uuid": f"{{{MACHINE}}}", "name": "labkit", "OSType": os_type})
    add(machine, "Info").text = "The same machine as VirtualBox describes it"
    hardware(add(machine, "Hardware"), memory_mb)
    platform = add(machine, "Platform", architecture="ARM")
    add(platform, "RTC", localOrUTC="UTC")
    add(platform, "Chipset", type="ARMv8Virtual")
    add(platform, "CPU", count=cpus)


def hardware(parent, memory_mb):
    add(parent, "Memory", RAMSize=memory_mb)
    add(parent, "HID", Pointing="USBTablet", Keyboard="USBKeyboard")
    add(parent, "Display", controller="QemuRamFB", VRAMSize=16)
    add(parent, "Firmware", type="EFI")
    add(add(add(parent, "USB"), "Controllers"), "Controller", name="xHCI", type="XHCI")
    add(add(add(parent, "Network"), "Adapter", slot=0, enabled="true", type="virtio"), "NAT")
    controllers = add(parent, "StorageControllers")
    controller = add(controllers, "StorageController", name="VirtioSCSI", type="VirtioSCSI", PortCount=1, Bootable="true")
    add(add(controller, "AttachedDevice", type="HardDisk", port=0, device=0), "Image", uuid=f"{{{DISK}}}")
