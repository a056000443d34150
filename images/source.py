"""Where the packages come from: this machine's archives, those of a file, or a bundle."""

import re
import subprocess
import urllib.request
from contextlib import contextmanager

import tree
from process import Refusal

# mmdebstrap does not know the suite of a bundle: /bin is /usr/bin before the first package comes, as in every release since
# Debian 12.
MERGED_USR = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"
# The bundle is served no longer when the machine starts. A shell of mmdebstrap's runs it, with the root as its argument.
FORGET = '--customize-hook=rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*'


@contextmanager
def of(options, scratch):
    """What mmdebstrap is to be told: sources, suite and further options."""
    if options.bundle:
        with served(options, scratch) as line:
            yield line, "lab", ['--aptopt=Acquire::http::Proxy "DIRECT"', MERGED_USR, FORGET]
    else:
        sources = options.sources.read_text() if options.sources else tree.own_sources(options.release, options.distribution)
        yield sources, options.release, []


@contextmanager
def served(options, scratch):
    """A bundle, served to this machine alone for as long as it is needed."""
    argv = [options.labkit, "bundle", "serve", options.bundle, "--address", "127.0.0.1:0"]
    server = subprocess.Popen([str(word) for word in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = None
        for line in server.stderr:
            if found := re.search(r"127\.0\.0\.1:\d+", line):
                address = found[0]
                break
        if not address:
            raise Refusal(f"{options.bundle} cannot be served", f"labkit bundle verify {options.bundle}")
        key = scratch / "key.asc"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"http://{address}/debian/key.asc") as answer:
            key.write_bytes(answer.read())
        yield f"deb [signed-by={key}] http://{address}/debian lab main\n"
    finally:
        server.terminate()
        server.wait()
