"""What something was made of, noted beside it: made of anything else, it is made anew."""

import hashlib


class Mark:
    def __init__(self, made, *parts):
        self.made = made
        self.file = made.with_name(f"{made.name}.sha256")
        self.digest = hashlib.sha256(repr(parts).encode()).hexdigest()

    def holds(self):
        return self.made.exists() and self.file.exists() and self.file.read_text() == self.digest

    def remove(self):
        self.file.unlink(missing_ok=True)

    def write(self):
        self.file.write_text(self.digest)
