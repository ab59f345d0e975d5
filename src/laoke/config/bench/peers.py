"""Peers with environments of their own: their scripts, run from a folder that somebody has set up, beside our figures.

`laoke bench --peers FOLDER` names a folder with environments (`v_main`, `v_msg`), scripts (`bench/`) and data
(`data/`); each script prints JSON lines. Nothing of it belongs to Laoke, and the benches run without it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from laoke.config.bench.measures import Measured

LONGEST_SECONDS = 400
# The same million orders for everybody: 12 columns, GBK, `="…"` around ids and phones.
IMPORT_FILE = Path("data", "orders_gbk.csv")
NOTE = "peers-file.txt"


class PeerFailed(Exception):
    """A peer's script ended badly; the message is the end of what it said."""


@dataclass(frozen=True)
class Peer:
    """One script of one environment: which of its printed figures is held against which of ours.

    `per_second` takes the script's rate instead of its seconds. `containing` chooses among lines of one figure.
    """

    side: str
    environment: str
    words: tuple[str, ...]
    theirs: str
    ours: str
    per_second: bool = False
    containing: str = ""
    note: str = ""


PEERS: dict[str, tuple[Peer, ...]] = {
    "import_peers_file": tuple(
        Peer(side, "v_main", ("b6_import.py", side), "import_gbk_1m", "import_facts_peers_file", containing=side,
             note="reads, dates parsed, money in cents, in memory")
        for side in ("pandas", "polars", "pyarrow")
    ),
    "pricing": (
        Peer("django-oscar", "v_msg", ("b3_oscar.py", "200"), "promo_pricing", "pricing_single", per_second=True,
             containing="Applicator.apply on loaded", note="same offers and kind of baskets, loaded"),
    ),
    "segment_count": (
        Peer("duckdb on Parquet", "v_main", ("b5_segment.py", "duckdb"), "segment_10m_city", "segment_count_features",
             containing="duckdb", note="the same kind of filter on 10,000,000 raw orders of 3,000,000 customers"),
    ),
    "sending": tuple(
        Peer(side, "v_msg", ("b4_msg.py", mode, count), "durable_sends", "sending", containing=containing, note=note)
        for side, mode, count, containing, note in (
            ("celery + redis", "celery", "3000", "celery", "no row per message"),
            ("dramatiq + redis", "dramatiq", "3000", "dramatiq", "no row per message"),
            ("huey + sqlite", "huey", "2000", "huey", "at most once"),
            ("procrastinate + postgres", "procrastinate", "3000", "procrastinate", "a row per job"),
            ("django outbox + sqlite", "django_sqlite", "6000", "aiohttp client", "a row per message"),
        )
    ),
}  # fmt: skip


def link_data(folder: Path, shared: Path) -> None:
    """Let our sides find what the peers read: the name of their export file, in a note beside the run's own files."""
    (shared / NOTE).write_text(str((folder / IMPORT_FILE).resolve()), encoding="utf-8")


def peers_file(shared: Path) -> Path | None:
    """The peers' export file; None when the run has no peers."""
    note = shared / NOTE
    return Path(note.read_text(encoding="utf-8")) if note.exists() else None


def peers_of(bench: str, folder: Path | None) -> tuple[Peer, ...]:
    """The peers of a bench whose environment stands in the folder."""
    if folder is None:
        return ()
    return tuple(peer for peer in PEERS.get(bench, ()) if _python(folder, peer).exists())


def measured(peer: Peer, folder: Path) -> Iterator[Measured]:
    """Run the peer's script; its figure in our unit (seconds become milliseconds where ours are).

    Raises
    ------
    PeerFailed
        when the script fails or does not print the figure.
    """
    done = subprocess.run(
        [str(_python(folder, peer)), "-W", "ignore", str(folder / "bench" / peer.words[0]), *peer.words[1:]],
        cwd=folder, env={**os.environ, "PERF_ROOT": str(folder)}, capture_output=True, text=True, encoding="utf-8",
        errors="replace", check=False, timeout=LONGEST_SECONDS,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    wanted = [line for line in lines if line["figure"] == peer.theirs and peer.containing in line["peer"]]
    if not wanted:
        raise PeerFailed(
            f"{peer.side}: no figure {peer.theirs} in {done.stdout[-500:]} {done.stderr[-1500:]}"
        )
    yield _as_ours(peer, wanted[0])


def _as_ours(peer: Peer, line: dict[str, Any]) -> Measured:
    value = float(line["per_s"] if peer.per_second else line["value"])
    if peer.ours.startswith("segment_count"):
        value *= 1000
    note = f"{line['peer']}; {peer.note}" if peer.note else str(line["peer"])
    seconds = 0.0 if peer.per_second else float(line["value"])
    return Measured(
        peer.ours, value, int(line.get("rows", line.get("sent", 0))), seconds, float(line.get("cpu_s", 0.0)), note=note
    )  # fmt: skip


def _python(folder: Path, peer: Peer) -> Path:
    return folder / peer.environment / "bin" / "python"
