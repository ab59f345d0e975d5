"""The very file the peers are measured with, taken in whole: 1,000,000 orders in 12 columns, GBK, `="…"` cells.

It stands in the folder of the peers (`laoke bench --peers FOLDER`); without one there is nothing to measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from laoke.config.bench.exports import import_measured
from laoke.config.bench.measures import Bench, Figure, Measured, Size
from laoke.config.bench.peers import peers_file


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    path = peers_file(folder)
    if path is None:
        return
    run, whole = import_measured(path, narrow=True)
    people = run.detail["seconds"]["people"]
    note = f"to the visible catalog entry; people ({run.detail['people']['new']:,} new) {people:.1f} s more"
    facts = whole.wall - people
    yield Measured("import_facts_peers_file", facts, whole.n, facts, whole.cpu, note=note)


BENCH = Bench(figures={"import_facts_peers_file": Figure("s")}, sides={"laoke": _laoke})
