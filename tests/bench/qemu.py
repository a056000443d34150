"""A machine of an image in QEMU, by software emulation and without a network: what a boot of it costs."""

import os
import select
import shutil
import subprocess
import tempfile
import time

from process import Failure, run

# One processor: with two, QEMU 7.2 now and then runs for ever where one changes code of the kernel that the other is in.
QEMU = ("qemu-system-x86_64 -accel tcg -smp 1 -m 1024 -nodefaults -display none -serial stdio -nic none "
        "-device virtio-rng-pci").split()
PATIENCE_S = 900


class Machine:
    """Its disk is over the image's, which stays as it is; a second one is read, and a device leads nowhere."""

    def __init__(self, image, second):
        self.place = tempfile.mkdtemp(dir="/var/tmp")
        disk = os.path.join(self.place, "disk")
        run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", f"backing_file={image},backing_fmt=qcow2", disk])
        self.argv = [*QEMU, "-drive", f"file={disk},if=virtio,format=qcow2"]
        self.argv += ["-drive", f"file={second},if=virtio,format=raw,readonly=on"]
        # The lab's, which says by its MAC that this is the master.
        ends = f"local.type=unix,local.path={self.place}/one,remote.type=unix,remote.path={self.place}/other"
        self.argv += ["-netdev", f"dgram,id=lab,{ends}", "-device", "virtio-net-pci,netdev=lab,mac=52:54:00:a8:38:0a"]

    def boot_s(self, until):
        """Seconds of a processor from power-on until its console shows this; then its plug is pulled."""
        qemu = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            shown, deadline = b"", time.monotonic() + PATIENCE_S
            while until.encode() not in shown:
                if not select.select([qemu.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                    raise Failure(f"its console never shows `{until}`:\n{last(shown)}")
                some = os.read(qemu.stdout.fileno(), 65536)
                if not some:
                    raise Failure(f"it ended before `{until}`:\n{last(shown)}")
                shown += some
            with open(f"/proc/{qemu.pid}/stat") as file:
                user, system = file.read().rsplit(") ", 1)[1].split()[11:13]
            return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        finally:
            qemu.kill()
            qemu.wait()

    def remove(self):
        shutil.rmtree(self.place)


def last(shown):
    return "\n".join(shown.decode(errors="replace").splitlines()[-30:])
