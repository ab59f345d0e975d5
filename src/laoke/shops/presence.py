"""Who works on an installation at this moment, and that a restore and the house never run at the same time.

Every process that runs for long (pages, worker, an import) holds a lock file of its own under `running/`; the system
lets go of it when the process ends, however it ends. A restore holds `restore.lock` first and then looks who is there;
a process is there first and then looks whether somebody restores: whichever comes second sees the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from laoke.shops.locks import WriterBusy, held_file
from laoke.shops.open_files import let_go

RESTORING = "正在恢复备份，等它完成再开"


@contextmanager
def at_work(home: Path, what: str) -> Iterator[None]:
    """Be there for as long as the block runs.

    Raises
    ------
    WriterBusy
        while somebody restores a backup into this home.
    """
    folder = home / "running"
    folder.mkdir(parents=True, exist_ok=True)
    mine = folder / f"{what}-{os.getpid()}.lock"
    try:
        with held_file(mine, 0.0):
            with held_file(home / "restore.lock", 0.0, RESTORING):
                pass
            yield
    finally:
        let_go(mine)


@contextmanager
def alone(home: Path) -> Iterator[list[str]]:
    """Keep others from beginning; yields who is there already, whom the caller must not disturb.

    Raises
    ------
    WriterBusy
        while another restore runs.
    """
    home.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        held.enter_context(held_file(home / "restore.lock", 0.0, RESTORING))
        yield _there(home / "running")


def _there(folder: Path) -> list[str]:
    """The names of those whose lock is held; locks of the dead are cleared away."""
    found = []
    for path in sorted(folder.glob("*.lock")) if folder.is_dir() else []:
        lock = FileLock(str(path))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            found.append(path.stem.rsplit("-", 1)[0])
            continue
        lock.release()
        let_go(path)
    return found


__all__ = ["WriterBusy", "alone", "at_work"]
