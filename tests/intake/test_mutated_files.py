"""Harmed files through the whole import: each is refused with a sentence, or taken in with sums that add up.

Nothing else may happen: no other error, nothing half imported, nothing new when the same file comes again. A file for
which this does not hold is kept in out/mutated with its number, from which `mutated_file` makes it again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from laoke.config.importing import import_file
from laoke.intake.loading.run import Options, Surroundings, begin, run_import
from laoke.intake.models import ImportRun, ImportState
from laoke.intake.preview import look_at_file
from laoke.intake.reading import choose_layout, open_source, read_batches
from laoke.intake.reading.messages import refusal_message, row_message
from laoke.intake.reading.reading import Engine
from laoke.intake.reading.refusals import IntakeRefused
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from laoke.warehouse.contracts import CONTRACTS
from tests.intake.mutated_files import Export, mutated_file

NOW = datetime(2018, 11, 1, 9, 0)
KEPT = Path(__file__).resolve().parents[2] / "out" / "mutated"
FEW, MANY, PARTS, FOREIGN = 60, 10_000, 40, 15
# Features follow from facts and cost as much as an import: they are built after one in so many.
WITH_FEATURES = 20
FACTS = tuple(name for name, contract in CONTRACTS.items() if contract.role == "fact")
# What files are, so that a run which only ever refuses does not pass for a proof.
TAKEN_AT_LEAST = 0.3

pytestmark = pytest.mark.django_db(transaction=True)
Recorder = Callable[[str, object], None]


def test_harmed_files_are_refused_or_taken_in_whole(home: Path, tmp_path: Path) -> None:
    _take_all(range(FEW), tmp_path)


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_harmed_files_are_refused_or_taken_in_whole(
    home: Path, tmp_path: Path, part: int, record_property: Recorder
) -> None:
    size = MANY // PARTS
    start = 1000 + part * size
    ways = _take_all(range(start, start + size), tmp_path)
    record_property("files", size)
    record_property("taken in", ways.pop("done"))
    record_property("refused", dict(sorted(ways.items())))
    record_property("first number", start)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_reports_of_other_kinds_are_refused_or_taken_in_whole(
    home: Path, tmp_path: Path, shared: Path, record_property: Recorder
) -> None:
    """Every header that is known of the platforms, harmed as well."""
    headers = json.loads((shared / "headers" / "headers.json").read_text(encoding="utf-8"))
    stand = Stand(add_shop("书店", now=NOW), tmp_path)
    ways: Counter[str] = Counter()
    for place, layout in enumerate(headers):
        for number in range(place * FOREIGN, (place + 1) * FOREIGN):
            ways[stand.take(number, mutated_file(number, layout["columns"]))] += 1
    assert stand.wrong == []
    assert len(headers) >= 25 and ways["header_not_recognised"] > 50 and ways["done"] > 50
    record_property("headers", len(headers))
    record_property("files", ways.total())
    record_property("taken in", ways.pop("done"))
    record_property("refused", dict(sorted(ways.items())))


def _take_all(numbers: range, folder: Path) -> Counter[str]:
    """How the files of these numbers ended: 'done', or the code of a refusal."""
    stand = Stand(add_shop("书店", now=NOW), folder)
    ways: Counter[str] = Counter()
    for number in numbers:
        ways[stand.take(number, mutated_file(number))] += 1
    assert stand.wrong == []
    assert ways["done"] >= TAKEN_AT_LEAST * len(numbers)
    assert len(ways) >= 8, "the files are all alike"
    return ways


@dataclass
class Stand:
    """A shop that takes one file after the other; `wrong` says what went wrong with which."""

    shop: Shop
    folder: Path
    wrong: list[str] = field(default_factory=list)

    def take(self, number: int, export: Export) -> str:
        """How the file ended: 'done', the code of a refusal, or 'wrong'; then it is kept."""
        path = self.folder / f"{number}-{export.name}"
        path.write_bytes(export.data)
        try:
            return self._twice(export, path)
        # Whatever it is: it is told at the end, with all the others.
        except Exception as error:  # noqa: BLE001
            KEPT.mkdir(parents=True, exist_ok=True)
            (KEPT / path.name).write_bytes(export.data)
            self.wrong.append(f"{number} {export.kind} {export.done}: {type(error).__name__}: {error}"[:600])
            return "wrong"
        finally:
            path.unlink()

    def _twice(self, export: Export, path: Path) -> str:
        _looked_at(self.shop, export, path)
        if export.kind in ("csv", "gzip"):
            assert _read(export, path, "plain") == _read(export, path, "compiled")
        before = _versions()
        first = self._take(export, path)
        if isinstance(first, IntakeRefused):
            assert _versions() == before, "a refused file left something"
            again = self._take(export, path)
            assert isinstance(again, IntakeRefused) and again.code == first.code
            return first.code
        facts = {table: version for table, version in _versions().items() if table in FACTS}
        second = self._take(export, path)
        assert not isinstance(second, IntakeRefused), f"refused the second time: {second}"
        assert second.counts["accepted"] == 0, f"the same file again: {second.counts}"
        kept = ("read", "quarantined", "held_back", "ignored")
        assert [second.counts[name] for name in kept] == [first.counts[name] for name in kept]
        assert {table: version for table, version in _versions().items() if table in FACTS} == facts
        return "done"

    def _take(self, export: Export, path: Path) -> ImportRun | IntakeRefused:
        mapping = export.mapping
        options = Options(export.name, mapping=mapping, grain=export.grain)
        run = begin(self.shop, path, options, by=None, now=NOW)
        try:
            if run.pk % WITH_FEATURES:
                run_import(run, path, options, Surroundings(settings.PLACE, now=lambda: NOW))
            else:
                import_file(self.shop, path, options, run=run, now=lambda: NOW)
        except IntakeRefused as refused:
            assert (run.state, run.error["code"]) == (ImportState.REFUSED, refused.code)
            _speaks(lambda: refusal_message(run.error["code"], run.error["params"]))
            return refused
        finally:
            assert list(settings.PLACE.staging.iterdir()) == []
        run.refresh_from_db()
        _adds_up(run)
        return run


def _read(export: Export, path: Path, engine: Engine) -> tuple[list[str], object]:
    """What one of the two readers finds, row by row: they give the same, wherever their batches end."""
    found: list[str] = []
    try:
        with open_source(path, mapping=export.mapping) as source:
            layout = choose_layout(source, export.mapping, grain=export.grain)  # type: ignore[arg-type]
            reading = read_batches(source, layout, engine=engine)
            for batch in reading:
                tables = [batch.orders, batch.identities, batch.lines, batch.refunds, *batch.facts.values()]
                found += [str(row) for table in tables if table is not None for row in table.to_pylist()]
                found += [str(row) for row in batch.quarantined]
    except IntakeRefused as refused:
        return [], str(refused)
    return sorted(found), reading.summary


def _looked_at(shop: Shop, export: Export, path: Path) -> None:
    """What the page shows before an import; a book costs a process more, so one in four is looked at."""
    if export.kind in ("xlsx", "xls") and len(export.data) % 4:
        return
    preview = look_at_file(shop, path, export.name, len(export.data))
    if preview.refusal is not None:
        code, params = preview.refusal
        _speaks(lambda: refusal_message(code, params))


def _speaks(sentence: Callable[[], str]) -> None:
    """The sentence is there in both languages, filled in."""
    said = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said[language] = sentence()
    assert said["zh-hans"] != said["en"]
    assert all(text.strip() and len(text) < 3000 for text in said.values()), said


def _adds_up(run: ImportRun) -> None:
    assert run.state == ImportState.DONE
    for sums in (run.counts, run.money):
        assert sums["accepted"] == sums["new"] + sums["changed"], sums
        assert sums["read"] == sum(
            sums[way] for way in ("accepted", "unchanged", "quarantined", "held_back")
        ), sums
    rows = list(run.quarantined.all())
    assert len(rows) == run.counts["quarantined"]
    assert sum(row.cents for row in rows) == run.money["quarantined"]
    for row in rows[:3]:
        _speaks(lambda row=row: row_message(row.reason, row.params))  # type: ignore[misc]


def _versions() -> dict[str, int]:
    entry = catalog.current()
    return dict(entry.versions) if entry else {}
