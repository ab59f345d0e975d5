"""Frozen segments: a file of person ids with the values that the filter read, never recomputed.

A round works on a snapshot; what changes afterwards acts through the gates before sending alone. The file's hash stands
in the ledger and every reading checks it.

    SnapshotDamaged    the file is missing or is not the one that was frozen
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from laoke.audiences.compiling import members_query
from laoke.audiences.counting import tree_of
from laoke.audiences.models import Segment, Snapshot
from laoke.audiences.printing import print_filter
from laoke.audiences.readings import reading_of
from laoke.audiences.serial import to_json
from laoke.audiences.tree import Node
from laoke.customers.erasure import Traces
from laoke.shops import audit, catalog
from laoke.shops.models import Shop, User
from laoke.shops.open_files import let_go, swap

if TYPE_CHECKING:
    import pyarrow as pa


STRAY_SECONDS = 24 * 3600


class SnapshotDamaged(Exception):
    """A snapshot whose file is `missing` or `changed`."""

    def __init__(self, code: str, path: str) -> None:
        super().__init__(f"{path}: {code}")
        self.code, self.path = code, path


@dataclass(frozen=True)
class Frozen:
    """What a snapshot holds: the text, where it was taken from, and the people (`person_id` and values) by number."""

    text: str
    catalog_id: int
    as_of: date
    count: int
    people: pa.Table


def freeze(
    shop: Shop,
    given: Segment | str | Node,
    *,
    now: datetime,
    by: User | None,
    name: str = "",
) -> Snapshot:
    """Freeze a segment or filter as it is now: file, row, pinned catalog entry and audit row.

    The file is there before its row; a crash in between leaves a file that nobody names.

    Raises
    ------
    FilterError, TreeError
        for a text that is no filter, and for a segment it names that is not there.
    """
    segment = given if isinstance(given, Segment) else None
    node = tree_of(shop, segment.text if segment else given)  # type: ignore[arg-type]
    text = print_filter(node)
    reading = reading_of(shop, now.date())
    people = reading.table(members_query(node, shop.pk, reading.as_of_day, values=True))
    facts = {
        "shop": shop.pk,
        "text": text,
        "tree": to_json(node),
        "catalog": reading.catalog_id,
        "as_of": reading.as_of.isoformat(),
        "count": people.num_rows,
        "frozen_at": now.isoformat(),
    }
    path, digest = _write(_as_parquet(people, facts), shop, reading.catalog_id)
    with transaction.atomic():
        catalog.pin(reading.catalog_id)
        snapshot = Snapshot.objects.create(
            shop=shop,
            segment=segment,
            name=(name or (segment.name if segment else text))[:60],
            text=text,
            catalog_ref=reading.catalog_id,
            as_of_day=reading.as_of,
            path=path,
            sha256=digest,
            count=people.num_rows,
            created_by=by,
            created_at=now,
        )
        audit.record(
            "segment.freeze", shop=shop, actor=by, at=now, subject=str(snapshot.pk), count=people.num_rows,
            sha256=digest, catalog=reading.catalog_id,
        )  # fmt: skip
    return snapshot


def read_snapshot(snapshot: Snapshot) -> Frozen:
    """The people of a snapshot, after its file's hash was found to be the one in the ledger.

    Raises
    ------
    SnapshotDamaged
        when the file is gone or was changed.
    """
    table, _facts = _opened(snapshot)
    return Frozen(
        snapshot.text,
        snapshot.catalog_ref,
        snapshot.as_of_day,
        snapshot.count,
        table,
    )


def _opened(snapshot: Snapshot) -> tuple[pa.Table, dict[str, object]]:
    """The people of a snapshot and what its file says of itself."""
    import pyarrow.parquet as pq

    path = Path(settings.PLACE.home) / snapshot.path
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SnapshotDamaged("missing", snapshot.path) from error
    if hashlib.sha256(content).hexdigest() != snapshot.sha256:
        raise SnapshotDamaged("changed", snapshot.path)
    table = pq.read_table(io.BytesIO(content))
    facts: dict[str, object] = json.loads((table.schema.metadata or {}).get(b"laoke", b"{}"))
    return table.replace_schema_metadata(None), facts


def forget_people(shop: Shop, traces: Traces, now: datetime) -> int:
    """Take erased people out of every frozen segment of the owner's shops; how many snapshots held them.

    The count that was frozen stays, and `erased` says how many of it are gone. The new file is there before its row
    says so, and the old one goes after the commit.
    """
    del now  # as every forgetter is called
    import pyarrow as pa
    import pyarrow.compute as pc

    gone, found = pa.array(traces.people, pa.int64()), 0
    for snapshot in Snapshot.objects.filter(shop__owner_id=shop.owner_id).select_related("shop"):
        try:
            table, facts = _opened(snapshot)
        except SnapshotDamaged as damage:
            # A file that is gone names nobody; one that was changed serves nobody either, and could name them.
            if damage.code == "changed":
                transaction.on_commit(partial(let_go, Path(settings.PLACE.home) / snapshot.path))
            continue
        kept = table.filter(pc.invert(pc.is_in(table["person_id"], value_set=gone)))
        if kept.num_rows == table.num_rows:
            continue
        found += 1
        path, digest = _write(_as_parquet(kept, facts), snapshot.shop, snapshot.catalog_ref)
        erased = snapshot.erased + table.num_rows - kept.num_rows
        Snapshot.objects.filter(pk=snapshot.pk).update(path=path, sha256=digest, erased=erased)
        transaction.on_commit(partial(let_go, Path(settings.PLACE.home) / snapshot.path))
    return found


def sweep_snapshots(wall: float) -> int:
    """Delete files of snapshots that no row names, over a day old; how many. `wall` is seconds since 1970.

    They are what a crash left between file and row, and what was held open when people were taken out.
    """
    named = set(Snapshot.objects.values_list("path", flat=True))
    home = Path(settings.PLACE.home)
    return sum(
        let_go(path)
        for path in sorted(settings.PLACE.snapshots.iterdir())
        if path.relative_to(home).as_posix() not in named and path.stat().st_mtime < wall - STRAY_SECONDS
    )


def _as_parquet(people: pa.Table, facts: dict[str, object]) -> bytes:
    import pyarrow.parquet as pq

    described = people.replace_schema_metadata({"laoke": json.dumps(facts, ensure_ascii=False)})
    sink = io.BytesIO()
    pq.write_table(described, sink, compression="zstd")
    return sink.getvalue()


def _write(content: bytes, shop: Shop, catalog_id: int) -> tuple[str, str]:
    """The file's path below the home folder, with forward slashes, and its hash. A name is never used twice."""
    digest = hashlib.sha256(content).hexdigest()
    folder: Path = settings.PLACE.snapshots
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{shop.pk}-{catalog_id}-{digest[:24]}.parquet"
    if not path.exists():
        passing = path.with_suffix(".part")
        passing.write_bytes(content)
        swap(passing, path)
    return path.relative_to(settings.PLACE.home).as_posix(), digest
