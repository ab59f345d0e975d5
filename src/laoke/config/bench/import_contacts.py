"""People of an import alone: their keys resolved, their contacts sealed; first all new, then all known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

if TYPE_CHECKING:
    import pyarrow as pa

PEOPLE = {"small": 2_000, "full": 300_000}
BATCH = 100_000  # so many rows of a file are looked up at once


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.house import NOW, new_shop, open_house

    open_house()
    from laoke.intake.loading.people import People
    from laoke.shops.bulk import few_collections

    shop, count = new_shop(), PEOPLE[size]
    batches = [_batch(start, min(BATCH, count - start)) for start in range(0, count, BATCH)]
    for figure in ("import_contacts_new", "import_contacts_known"):
        people = People(shop, NOW)
        with spent() as time, few_collections():
            for identities, created in batches:
                people.note_contacts(identities, people.customers_of(identities), created)
            people.flags()
        told = people.counts
        note = f"{told.new:,} new, {told.contacts_new:,} sealed, {told.contacts_unchanged:,} unchanged"
        yield Measured(figure, time.wall, count, time.wall, time.cpu, note=note)


def _batch(start: int, count: int) -> tuple[pa.Table, pa.ChunkedArray]:
    import pyarrow as pa

    numbers = [n * 7_919 % 1_000_000_007 for n in range(start, start + count)]
    table = pa.table(
        {
            "nick": [f"tb{n}" for n in numbers],
            "receiver_name": ["王小明"] * count,
            "phone": [f"100{n % 10**8:08d}" for n in range(start, start + count)],
            "address": ["浙江省 杭州市 西湖区 文三路 1 号"] * count,
        }
    )
    created = pa.chunked_array(
        [pa.array([(1_541_000_000 + n) * 1_000_000 for n in range(count)], pa.timestamp("us"))]
    )
    return table, created


BENCH = Bench(
    figures={"import_contacts_new": Figure("s", limit=8), "import_contacts_known": Figure("s", limit=3)},
    sides={"laoke": _laoke},
)
