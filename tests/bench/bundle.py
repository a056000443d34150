"""A bundle built from a mirror on this machine, and verified."""

import hashlib
import os
import shutil
from statistics import median

from figures import Budget, Section, at_least, number, ratio, spread, table
from process import Failure, run
from serve import Layout, own

# As sizes of packages and layers are: many small ones, a few large ones.
SIZES_MB = [0.05] * 100 + [1] * 40 + [20] * 8 + [100] * 2


def files(directory, share):
    """Files that nothing can compress, with their digests."""
    os.makedirs(directory)
    found = []
    for at, megabytes in enumerate(SIZES_MB):
        content = os.urandom(int(megabytes * 1e6 * share))
        path = os.path.join(directory, f"file{at:03}")
        with open(path, "wb") as file:
            file.write(content)
        found.append((path, hashlib.sha256(content).hexdigest(), len(content)))
    return found


def lock(path, named, address):
    """A lock of these files, each fetched from a server's blobs."""
    with open(path, "w") as file:
        file.write('version = 1\n[wanted]\narchitectures = ["amd64"]\n')
        for source, sha256, size in named:
            file.write(f'[[file]]\nname = "{os.path.basename(source)}"\nkind = "file"\nsha256 = "{sha256}"\nsize = {size}\n')
            file.write(f'source = "http://{address}/bundle/blobs/sha256/{sha256}"\n')


def mirror(labkit, place, named):
    """labkit's own server over a layout that has the files as blobs."""
    layout = Layout(place, 4)
    for source, sha256, _ in named:
        os.link(source, os.path.join(layout.blobs, sha256))
    return own(labkit, "mirror", layout.path, place)


def copy(sources, to):
    """What any way to have the bytes on the disk comes to: copied, and written out."""
    os.makedirs(to)
    return ["sh", "-ec", 'to=$1; shift; cp --reflink=never "$@" "$to"; sync "$to"/*', "sh", to, *sources]


def measure(options, labkit, directory):
    place = os.path.join(directory, "bundle")
    os.makedirs(place)
    named = files(os.path.join(place, "files"), 0.1 if options.quick else 1)
    sources, size = [path for path, _, _ in named], sum(bytes for _, _, bytes in named) / 1e6
    server = mirror(labkit, place, named)
    built, copied = os.path.join(place, "built"), os.path.join(place, "copied")
    lock_file = os.path.join(place, "lab.lock")
    lock(lock_file, named, server.address)
    wall, cpu = {}, {}
    try:
        for at in range(2 if options.quick else options.rounds or 5):
            options.say(f"bundle of {size:.0f} MB, round {at + 1}")
            shutil.rmtree(built, ignore_errors=True)
            shutil.rmtree(copied, ignore_errors=True)
            methods = {
                "bundle build": [labkit.path, "bundle", "build", lock_file, "-o", built, "--quiet"],
                "cp and sync": copy(sources, copied),
                "bundle verify": [labkit.path, "bundle", "verify", built, "--quiet"],
                "sha256sum": ["sha256sum", *sources],
                "sha256sum, one for each CPU": ["sh", "-c", f'printf "%s\\n" "$@" | xargs -P {os.cpu_count()} -n 8 sha256sum', "sh", *sources],
            }
            for name, argv in methods.items():
                ended = run(argv, env=labkit.env)
                if name == "bundle verify" and "it is whole" not in ended.stdout:
                    raise Failure(ended.stdout)
                wall.setdefault(name, []).append(ended.wall_ms)
                cpu.setdefault(name, []).append(ended.cpu_ms)
    finally:
        server.end()
        shutil.rmtree(place)
    return section(size, wall, cpu)


def section(size, wall, cpu):
    text = (
        f"{len(SIZES_MB)} files of {size:.0f} MB in all, from 50 kB to 100 MB. The build fetches them from a server on this machine, "
        "hashes them as they come and writes them out; `cp` and `sync` only do the last. Rates are of the median.\n\n"
    )
    rows = [[name, spread(wall[name]), number(size / median(wall[name]) * 1e3), spread(cpu[name]), number(size / median(cpu[name]) * 1e3)] for name in wall]
    head = ["program", "wall ms (quartiles)", "MB/s", "CPU ms (quartiles)", "MB/s of a core"]
    build = ratio(wall["bundle build"], wall["cp and sync"])
    per_core = ratio(cpu["sha256sum"], cpu["bundle verify"])
    return Section("The bundle", text + table(head, rows), [
        Budget("bundle verify: rate of a core to that of sha256sum", "≥ 0.80", f"{per_core:.2f}", per_core >= 0.8),
        at_least("bundle verify: wall to that of one sha256sum, over the CPUs", 0.8 * os.cpu_count(), ratio(wall["sha256sum"], wall["bundle verify"])),
        Budget("bundle build: wall to that of cp and sync", "≤ 2", f"{build:.2f}", build <= 2),
    ])
