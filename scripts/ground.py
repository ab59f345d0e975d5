"""The ground of a test run: where its passing files lie, and that modules are compiled once.

A run makes some hundred thousand folders and files that nobody needs afterwards; making and removing them on a disk
took a sixth of its time. They lie in memory where there is plenty, else in the machine's temporary folder. It also
starts some thousand processes, which took half of the rest on machines that keep no compiled modules.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
# A run needs about 2 GB of passing files; the rest is for the tests themselves.
ENOUGH = 6 * 1024**3


def has_room(folder: Path, meminfo: Path = Path("/proc/meminfo")) -> bool:
    """Whether files in `folder`, which take memory, leave enough of it."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines())
        available = int(lines["MemAvailable"].split()[0]) * 1024
        return os.access(folder, os.W_OK) and min(available, shutil.disk_usage(folder).free) >= ENOUGH
    except (OSError, KeyError, ValueError):
        return False


def keep_compiled() -> None:
    """Have this process and its children write the modules they compile, whatever the machine says."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


@contextmanager
def passing_files(memory: Path = SHARED_MEMORY) -> Iterator[Path]:
    """A folder for temporary files of this process and its children; it is gone afterwards."""
    before = os.environ.get("TMPDIR"), tempfile.tempdir
    folder = Path(tempfile.mkdtemp(prefix="laoke-run-", dir=memory if has_room(memory) else None))
    # The database server runs as a user of its own and has to pass through.
    folder.chmod(0o755)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    try:
        yield folder
    finally:
        told, tempfile.tempdir = before
        if told is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = told
        shutil.rmtree(folder, ignore_errors=True)
