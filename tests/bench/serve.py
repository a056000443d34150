"""Images from `labkit bundle serve` and from docker-registry, pulled by the same client."""

import hashlib
import json
import os
import random
import shutil
import socket
import time
from statistics import median

from figures import Budget, Section, at_most, number, quartiles, spread, table
from process import Failure, end_group, run, spawn

IMAGE = "library/large"
NAME = f"docker.io/{IMAGE}:1"
LAYERS = 4
BEGINS_WITHIN_S = 60


class Layout:
    """An image of layers that nothing can compress. They are no archives: no client unpacks them here."""

    def __init__(self, directory, megabytes):
        self.path = os.path.join(directory, "large")
        self.blobs = os.path.join(self.path, "blobs", "sha256")
        os.makedirs(self.blobs)
        self.layers = [self.write(os.urandom(megabytes * 10**6 // LAYERS)) for _ in range(LAYERS)]
        config = self.document("config", {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in self.layers]}})
        layers = [dict(layer, mediaType="application/vnd.oci.image.layer.v1.tar+gzip") for layer in self.layers]
        manifest = self.document("manifest", {"schemaVersion": 2, "config": config, "layers": layers})
        manifest["annotations"] = {"org.opencontainers.image.ref.name": NAME}
        self.put("index.json", {"schemaVersion": 2, "manifests": [manifest]})
        self.put("oci-layout", {"imageLayoutVersion": "1.0.0"})
        self.size = sum(layer["size"] for layer in self.layers)
        self.packed = os.path.join(directory, "large.tar")
        run(["tar", "-cf", self.packed, "-C", self.path, "."])

    def put(self, name, document):
        with open(os.path.join(self.path, name), "w") as file:
            json.dump(document, file)

    def write(self, content):
        name = hashlib.sha256(content).hexdigest()
        with open(os.path.join(self.blobs, name), "wb") as file:
            file.write(content)
        return {"digest": f"sha256:{name}", "size": len(content)}

    def document(self, kind, content):
        return dict(self.write(json.dumps(content).encode()), mediaType=f"application/vnd.oci.image.{kind}.v1+json")


class Server:
    """One that listens where the kernel lets it, and says so in its log."""

    def __init__(self, name, argv, mark, directory, env=None):
        self.name = name
        log = os.path.join(directory, name.replace(" ", "-") + ".log")
        with open(log, "w") as file:
            self.pid = spawn(argv, file, file, env)
        deadline = time.monotonic() + BEGINS_WITHIN_S
        while True:
            with open(log) as file:
                said = file.read()
            if mark in said and "\n" in said.split(mark, 1)[1]:
                break
            if time.monotonic() > deadline:
                self.end()
                raise Failure(f"{name} does not listen:\n{said}")
            time.sleep(0.01)
        self.address = said.split(mark, 1)[1].split("/")[0].split('"')[0]

    def most_memory_mb(self):
        with open(f"/proc/{self.pid}/status") as file:
            [kib] = [line.split()[1] for line in file if line.startswith("VmHWM")]
        return int(kib) * 1024 / 1e6

    def cpu_s(self):
        with open(f"/proc/{self.pid}/stat") as file:
            words = file.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        end_group(self.pid)


def own(labkit, name, path, directory):
    argv = [labkit.path, "bundle", "serve", path, "--address", "127.0.0.1:0"]
    return Server(name, argv, "http://", directory, labkit.env)


def rival(directory):
    config = os.path.join(directory, "registry.yml")
    with open(config, "w") as file:
        file.write("version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\nhttp: {addr: '127.0.0.1:0'}\n")
        file.write(f"storage: {{filesystem: {{rootdirectory: {directory}/registry}}, cache: {{blobdescriptor: inmemory}}}}\n")
    return Server("docker-registry", ["docker-registry", "serve", config], "listening on ", directory)


def fetch(server, layout, _):
    """Every layer over one connection, by a client that looks at nothing."""
    host, port = server.address.rsplit(":", 1)
    piece = memoryview(bytearray(1 << 20))
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        for layer in layout.layers:
            connection.sendall(f"GET /v2/{IMAGE}/blobs/{layer['digest']} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            head, _, body = head.partition(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n")[0] + b" ":
                raise Failure(f"{server.name}: {head.decode(errors='replace')}")
            left = layer["size"] - len(body)
            while left:
                read = connection.recv_into(piece, min(left, len(piece)))
                if not read:
                    raise Failure(f"{server.name}: {left} bytes of {layer['digest']} did not come")
                left -= read


def copy(server, _, directory):
    """All of the image, each blob hashed and written to files."""
    place = os.path.join(directory, "pulled")
    run(["skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false", f"docker://{server.address}/{IMAGE}:1", f"dir:{place}"])


def ctr(directory, *words):
    return run(["ctr", "--address", os.path.join(directory, "containerd.sock"), *words])


def take(server, _, directory):
    """All of the image into a containerd's store, each blob hashed; nothing is unpacked."""
    ctr(directory, "content", "fetch", "--plain-http", f"{server.address}/{IMAGE}:1")


def containerd(directory):
    """One of our own, that only stores."""
    config, log = os.path.join(directory, "containerd.toml"), os.path.join(directory, "containerd.log")
    with open(config, "w") as file:
        file.write(f'version = 2\nroot = "{directory}/containerd"\nstate = "{directory}/state"\n')
        file.write('disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]\n')
        file.write(f'[grpc]\naddress = "{directory}/containerd.sock"\n')
    with open(log, "w") as file:
        pid = spawn(["containerd", "--config", config], file, file)
    deadline = time.monotonic() + BEGINS_WITHIN_S
    while True:
        try:
            ctr(directory, "version")
            return pid
        except Failure:
            if time.monotonic() > deadline:
                end_group(pid)
                raise
            time.sleep(0.05)


def forget(directory):
    """What a client took, so that it takes it again."""
    shutil.rmtree(os.path.join(directory, "pulled"), ignore_errors=True)
    for name in ctr(directory, "images", "ls", "-q").stdout.split():
        ctr(directory, "images", "rm", "--sync", name)


CLIENTS = {"GET of each layer": fetch, "skopeo copy": copy, "containerd": take}
# Of the rate of docker-registry. skopeo is slower than both servers, and its rate varies by more than they differ.
LEAST = {"GET of each layer": 1, "skopeo copy": 0.9, "containerd": 1}


def measure(options, labkit, directory):
    place = os.path.join(directory, "serve")
    os.makedirs(place)
    layout = Layout(place, 40 if options.quick else 400)
    count = 2 if options.quick else options.rounds or 7
    servers, taken, cpu = [], {}, {}
    store = containerd(place)
    try:
        servers.append(own(labkit, "labkit", layout.path, place))
        servers.append(own(labkit, "labkit, one file", layout.packed, place))
        servers.append(rival(place))
        push = ["skopeo", "--insecure-policy", "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false"]
        run([*push, f"oci:{layout.path}:{NAME}", f"docker://{servers[-1].address}/{IMAGE}:1"])
        # What took the push is another process than what is measured.
        servers.pop().end()
        servers.append(rival(place))
        for client in CLIENTS.values():
            for server in servers:
                client(server, layout, place)
                forget(place)
        for number_of_round in range(count):
            options.say(f"serve {layout.size / 1e6:.0f} MB, round {number_of_round + 1}")
            for name, client in CLIENTS.items():
                for server in [*random.sample(servers, len(servers)), *random.sample(servers, len(servers))]:
                    before, start = server.cpu_s(), time.perf_counter()
                    client(server, layout, place)
                    seconds = time.perf_counter() - start
                    forget(place)
                    taken.setdefault((server.name, name), []).append(layout.size / 1e6 / seconds)
                    cpu.setdefault((server.name, name), []).append((server.cpu_s() - before) * 1e3)
        memory = {server.name: server.most_memory_mb() for server in servers}
    finally:
        for server in servers:
            server.end()
        end_group(store)
        shutil.rmtree(place)
    return section(layout, taken, cpu, memory, count)


def section(layout, taken, cpu, memory, count):
    text = (
        f"An image of {layout.size / 1e6:.0f} MB in {LAYERS} layers that cannot be compressed, pulled over loopback, {count} "
        "rounds of two pulls each in random order. The ratio is the rate of the server to that of docker-registry, median of the rounds "
        "(quartiles); CPU is the server's own.\n\n"
    )
    rows, found = [], []
    for client in CLIENTS:
        theirs = taken["docker-registry", client]
        for server in memory:
            ours = taken[server, client]
            # Two pulls of each a round.
            ratios = [sum(ours[at : at + 2]) / sum(theirs[at : at + 2]) for at in range(0, len(ours), 2)]
            own_cpu = number(median(cpu[server, client]) / layout.size * 1e9)
            rows.append([client, server, spread(ours), own_cpu, spread(ratios), number(memory[server])])
            if server == "labkit":
                low, high = quartiles(ratios)
                value = median(ratios)
                found.append(Budget(f"serve, {client}: rate to that of docker-registry", f"≥ {LEAST[client]}", f"{value:.2f} ({low:.2f}–{high:.2f})", value >= LEAST[client]))
    found.append(at_most("serve: most memory", 64, max(memory["labkit"], memory["labkit, one file"]), "MB"))
    head = ["client", "server", "MB/s (quartiles)", "CPU ms a GB", "ratio", "most memory MB"]
    return Section("Serving images", text + table(head, rows), found)
