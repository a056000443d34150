"""Serves a directory by HTTP: server.py DIRECTORY ADDRESS PORT.

A file `fault` beside the directory makes it a bad mirror: `drop` cuts every package off after its first 1000 bytes.
"""

import functools
import http.server
import sys
from pathlib import Path


class Archive(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def copyfile(self, source, outputfile):
        fault = Path(self.directory).with_name("fault")
        if self.path.endswith(".deb") and fault.exists() and fault.read_text().strip() == "drop":
            outputfile.write(source.read(1000))
            outputfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
        else:
            super().copyfile(source, outputfile)

    def log_message(self, *_):
        pass


directory, address, port = sys.argv[1:]
server = http.server.ThreadingHTTPServer((address, int(port)), functools.partial(Archive, directory=directory))
print("serving", flush=True)
server.serve_forever()
