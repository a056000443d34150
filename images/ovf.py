"""box.ovf: the machine that VirtualBox imports (DMTF DSP0243, Open Virtualization Format 1.1)."""

from xml.etree import ElementTree

import settings
from settings import OVF, VBOX

RASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
VSSD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"
STREAM = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"
# CIM's numbers of resources.
PROCESSOR, MEMORY, ETHERNET, DISK, CONTROLLER = 3, 4, 10, 17, 20
CPUS, MEMORY_MB = 2, 2048

for prefix, name in {"": OVF, "ovf": OVF, "rasd": RASD, "vssd": VSSD, "vbox": VBOX}.items():
    if prefix:
        ElementTree.register_namespace(prefix, name)


def add(parent, tag, text=None, space=OVF, /, **attributes):
    node = ElementTree.SubElement(parent, f"{{{space}}}{tag}", {f"{{{space}}}{key}": value for key, value in attributes.items()})
    node.text = text
    return node


def machine(architecture, distribution, disk, disk_bytes, capacity):
    """A machine with one disk of so many bytes, and one device behind NAT."""
    root = ElementTree.Element(f"{{{OVF}}}Envelope", {f"{{{OVF}}}version": "1.0"})
    add(add(root, "References"), "File", id="file1", href=disk, size=str(disk_bytes))
    disks = add(root, "DiskSection")
    add(disks, "Info", "The machine's one disk")
    only = add(disks, "Disk", diskId="disk1", fileRef="file1", capacity=str(capacity), format=STREAM)
    networks = add(root, "NetworkSection")
    add(networks, "Info", "Where the first device leads")
    add(add(networks, "Network", name="NAT"), "Description", "the world, as the host has it")
    system = add(root, "VirtualSystem", id="labkit")
    add(system, "Info", "A machine of a lab")
    operating = add(system, "OperatingSystemSection", id=str(distribution.os_id))
    add(operating, "Info", "What it runs")
    add(operating, "Description", distribution.name)
    add(operating, "OSType", distribution.os_types[architecture.name], VBOX).set(f"{{{OVF}}}required", "false")
    hardware(add(system, "VirtualHardwareSection"), architecture)
    if architecture.name == "arm64":
        settings.describe(system, only, distribution.os_types[architecture.name], CPUS, MEMORY_MB)
    ElementTree.indent(root)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def hardware(section, architecture):
    add(section, "Info", "What it has")
    system = add(section, "System")
    for name, text in {"ElementName": "Virtual Hardware Family", "InstanceID": "0", "VirtualSystemIdentifier": "labkit",
                       "VirtualSystemType": "virtualbox-2.2"}.items():
        add(system, name, text, VSSD)
    item(section, 1, PROCESSOR, f"{CPUS} CPUs", VirtualQuantity=CPUS)
    item(section, 2, MEMORY, f"{MEMORY_MB} MB of memory", AllocationUnits="MegaBytes", VirtualQuantity=MEMORY_MB)
    item(section, 3, CONTROLLER, "disks", Address=0, ResourceSubType=architecture.controller)
    item(section, 4, DISK, "disk", AddressOnParent=0, HostResource="/disk/disk1", Parent=3)
    item(section, 5, ETHERNET, "first device", AutomaticAllocation="true", Connection="NAT", ResourceSubType=architecture.adapter)


def item(section, number, kind, name, **more):
    """Its parts stand in the order of their names, as the schema has it."""
    parts = {"ElementName": name, "InstanceID": number, "ResourceType": kind, **more}
    node = add(section, "Item")
    for key in sorted(parts):
        add(node, key, str(parts[key]), RASD)
