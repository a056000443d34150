"""The kernel's floor for N cables between two namespaces: ready-made bytes, one send for each namespace and phase.

Run as a program of its own in namespaces of its own: `floor.py N` prints the milliseconds of the sends alone.
"""

import ctypes
import os
import socket
import struct
import sys
import time

NEWLINK, NEWADDR = 16, 20
REQUEST, ACK, CREATE, EXCLUSIVE = 1, 4, 0x400, 0x200
MASTER_UP = 1
IFNAME, LINKINFO, NET_NS_FD, TX_QUEUES, RX_QUEUES = 3, 18, 28, 31, 32
KIND, BODY, PEER = 1, 2, 1
LOCAL = 2
NEWNET = 0x40000000
CHUNK = 96 * 1024
LIBC = ctypes.CDLL(None, use_errno=True)


def attribute(kind, value):
    length = len(value) + 4
    return struct.pack("HH", length, kind) + value + b"\0" * (-length % 4)


def link(index, up=False):
    return struct.pack("BxHiII", socket.AF_UNSPEC, 0, index, MASTER_UP if up else 0, MASTER_UP if up else 0)


def message(kind, flags, body):
    return struct.pack("IHHII", 16 + len(body), kind, REQUEST | flags, 1, 0) + body


def end(index, name, up=False):
    one = struct.pack("I", 1)
    return link(index, up) + attribute(IFNAME, name.encode() + b"\0") + attribute(TX_QUEUES, one) + attribute(RX_QUEUES, one)


def cable(i, far):
    peer = end(20000 + i, f"b{i}") + attribute(NET_NS_FD, struct.pack("I", far))
    info = attribute(KIND, b"veth\0") + attribute(BODY, attribute(PEER, peer))
    return message(NEWLINK, CREATE | EXCLUSIVE, end(10000 + i, f"a{i}", up=True) + attribute(LINKINFO, info))


def assign(index, i, last):
    body = struct.pack("BBBBI", socket.AF_INET, 24, 0, 0, index) + attribute(LOCAL, bytes([10, i // 256, i % 256, last]))
    return message(NEWADDR, CREATE | EXCLUSIVE, body)


def chunks(messages):
    """As many messages in one send as it takes; the last of each asks for an answer."""
    found, bytes_ = [], bytearray()
    for number, one in enumerate(messages, 1):
        if number == len(messages) or len(bytes_) + 1024 > CHUNK:
            kind, flags = struct.unpack_from("HH", one, 4)
            one = one[:4] + struct.pack("HH", kind, flags | ACK) + one[8:]
            found.append(bytes(bytes_ + one))
            bytes_ = bytearray()
        else:
            bytes_ += one
    return found


def send(connection, parts):
    for part in parts:
        connection.send(part)
        answer = connection.recv(65536)
        errno = -struct.unpack_from("i", answer, 16)[0]
        if errno:
            raise OSError(errno, os.strerror(errno))


def namespace():
    """A new namespace, its descriptor and a routing socket in it; this process stays inside."""
    if LIBC.unshare(NEWNET) < 0:
        raise OSError(ctypes.get_errno(), "unshare")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)


def main(n):
    (_, a), (far, b) = namespace(), namespace()
    numbers = range(1, n + 1)
    create = chunks([cable(i, far) for i in numbers])
    near = chunks([assign(10000 + i, i, 1) for i in numbers])
    other = chunks([message(NEWLINK, 0, link(20000 + i, up=True)) for i in numbers] + [assign(20000 + i, i, 2) for i in numbers])
    start = time.perf_counter()
    send(a, create)
    send(a, near)
    send(b, other)
    print((time.perf_counter() - start) * 1e3)
    # This process is in `b`: all the devices, and `lo`.
    if len(socket.if_nameindex()) != n + 1:
        sys.exit(f"{len(socket.if_nameindex())} devices instead of {n + 1}")


main(int(sys.argv[1]))
