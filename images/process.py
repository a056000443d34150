"""Programs that are run to their end, and refusals that say what to do."""

import subprocess
import sys
import time

BEGAN = time.monotonic()


class Refusal(SystemExit):
    """Ends the build: what is wrong, and what to try."""

    def __init__(self, what, hint=""):
        super().__init__(f"images/build: {what}" + (f"\nhint: {hint}" if hint else ""))


def say(words):
    print(f"{time.monotonic() - BEGAN:6.1f} s  {words}", file=sys.stderr, flush=True)


def run(*argv, **options):
    """What a program printed; what it said is in the refusal where it fails."""
    options = {"check": True, "text": True, "capture_output": True, **options}
    argv = [str(word) for word in argv]
    try:
        return subprocess.run(argv, **options).stdout
    except subprocess.CalledProcessError as error:
        said = "\n".join(((error.stdout or "") + (error.stderr or "")).splitlines()[-20:])
        raise Refusal(f"{' '.join(argv[:3])} …: status {error.returncode}\n{said}") from None
