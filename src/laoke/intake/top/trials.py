"""Which addresses of this machine are those of a trial: a running `laoke gateway top` says so, and nobody else can.

The gateway holds a lock file that is named after its port for as long as it serves. The system lets go of it when the
process ends, however it ends, so the file alone says nothing and a crash leaves no trust behind. Without this an owner
of a shop could have the server post signed requests to whatever else listens on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from laoke.shops.locks import WriterBusy, held_file
from laoke.shops.open_files import let_go

HOST, PATH = "127.0.0.1", "/router/rest"
# Whoever looks holds a lock for an instant; a gateway that starts, and another that looks, wait that long for it.
LOOK_SECONDS = 5.0


def address_of(port: int) -> str:
    """The address of a gateway at a port, as a connection's settings want it."""
    return f"http://{HOST}:{port}{PATH}"


@contextmanager
def announced(home: Path, port: int) -> Iterator[None]:
    """Be the trial gateway at a port that is bound already, until the block ends.

    Raises
    ------
    WriterBusy
        when another process is that.
    """
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    mine = folder / f"{port}.lock"
    with held_file(mine, LOOK_SECONDS):
        try:
            yield
        finally:
            # While the port is ours still, so that no gateway after us can hold a file that is gone.
            let_go(mine)


def running(home: Path) -> list[str]:
    """The addresses of the trial gateways that run at this moment, by their ports."""
    files = {int(path.stem): path for path in _folder(home).glob("*.lock") if path.stem.isdecimal()}
    return [address_of(port) for port, path in sorted(files.items()) if _is_held(home, path)]


def _is_held(home: Path, path: Path) -> bool:
    """One looks at a time: else one who looks would take another who does for the gateway."""
    with held_file(_folder(home) / "looking", LOOK_SECONDS):
        try:
            with held_file(path, 0.0):
                return False
        except WriterBusy:
            return True


def _folder(home: Path) -> Path:
    return home / "trials"
