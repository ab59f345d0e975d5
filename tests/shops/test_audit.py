"""The audit trail: who owns the database alone can neither change nor recompute it; an anchor shows a cut end."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps

from laoke.shops import audit
from laoke.shops.audit import Anchor, AnchorUnreadable
from laoke.shops.models import AuditEvent

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)


def write(count: int) -> list[AuditEvent]:
    return [
        audit.record("tag.set", shop=None, actor=None, at=NOW + timedelta(minutes=n), count=n, sha256="ab")
        for n in range(count)
    ]


def without_key(count: int) -> list[AuditEvent]:
    """Rows as versions before the key wrote them: a plain hash over content and predecessor."""
    rows: list[AuditEvent] = []
    for n in range(count):
        row = AuditEvent(
            at=NOW, actor_name="laoke", act="import", subject=str(n), detail={},
            previous_hash=rows[-1].hash if rows else "",
        )  # fmt: skip
        row.hash = audit._plain_hash(row)
        row.save(force_insert=True)
        rows.append(row)
    return rows


def close_off() -> None:
    import_module("laoke.shops.migrations.0002_audit_key").close_off(apps, None)


def test_every_row_names_the_key_that_its_hash_is_made_with(home: Path) -> None:
    first, second = write(2)
    assert (first.key_id, second.key_id) == ("identity-1", "identity-1")
    assert second.previous_hash == first.hash
    assert second.hash != audit._plain_hash(second)
    assert audit.verify() == audit.Verdict(rows=2)


def test_a_subject_longer_than_its_column_is_cut_there_and_whole_in_the_detail(home: Path) -> None:
    name = f"{'订单' * 110}.csv"
    short = audit.record("import", shop=None, actor=None, at=NOW, subject="订" * 200)
    cut = audit.record("import", shop=None, actor=None, at=NOW, subject=name, sha256="ab")

    assert (short.subject, short.detail) == ("订" * 200, {})
    assert cut.subject == f"{name[:199]}…"
    assert cut.detail == {"sha256": "ab", "subject": name}
    assert audit.verify() == audit.Verdict(rows=2)


def test_a_changed_row_is_named(home: Path) -> None:
    rows = write(4)
    AuditEvent.objects.filter(pk=rows[1].pk).update(count=99)
    found = audit.verify()
    assert (found.rows, found.broken, found.reason) == (1, rows[1], "changed")
    assert audit.first_break() == rows[1]


def test_a_row_taken_out_is_noticed_at_the_next(home: Path) -> None:
    rows = write(4)
    rows[1].delete()
    found = audit.verify()
    assert (found.broken, found.reason) == (rows[2], "gap")


def test_recomputing_the_trail_with_plain_hashes_does_not_help(home: Path) -> None:
    rows = write(3)
    previous = ""
    for row in rows:
        row.count, row.previous_hash, row.key_id = 7, previous, ""
        row.hash = previous = audit._plain_hash(row)
        row.save()
    found = audit.verify()
    assert (found.broken, found.reason) == (rows[2], "unkeyed")


def test_recomputing_it_with_another_key_does_not_help(home: Path) -> None:
    rows = write(3)
    rows[2].count = 7
    rows[2].hash = hashlib.sha256(audit._content(rows[2], "identity-1").encode()).hexdigest()
    rows[2].save()
    assert (audit.verify().broken, audit.verify().reason) == (rows[2], "changed")


def test_a_row_of_an_unknown_key_is_named(home: Path) -> None:
    rows = write(2)
    AuditEvent.objects.filter(pk=rows[1].pk).update(key_id="identity-9")
    assert (audit.verify().broken, audit.verify().reason) == (rows[1], "no_key")


def test_rows_from_before_the_key_still_verify_and_are_closed_off(home: Path) -> None:
    without_key(3)
    close_off()
    write(2)
    assert audit.verify() == audit.Verdict(rows=6)
    closing = AuditEvent.objects.get(act="audit.keyed")
    assert (closing.count, closing.key_id) == (3, "identity-1")


def test_an_empty_trail_needs_no_closing_off(home: Path) -> None:
    close_off()
    assert not AuditEvent.objects.exists()
    assert audit.verify() == audit.Verdict(rows=0)


def test_rows_from_before_the_key_cannot_be_changed_after_it(home: Path) -> None:
    old = without_key(3)
    close_off()
    old[1].subject = "another"
    old[1].hash = audit._plain_hash(old[1])
    old[1].save()
    found = audit.verify()
    assert (found.broken, found.reason) == (old[2], "gap")
    old[2].previous_hash = old[1].hash
    old[2].hash = audit._plain_hash(old[2])
    old[2].save()
    found = audit.verify()
    assert (found.broken, found.reason) == (AuditEvent.objects.get(act="audit.keyed"), "gap")


def test_no_row_without_key_may_follow_one_with(home: Path) -> None:
    (last,) = write(1)
    row = AuditEvent(at=NOW, actor_name="laoke", act="import", detail={}, previous_hash=last.hash)
    row.hash = audit._plain_hash(row)
    row.save(force_insert=True)
    assert (audit.verify().broken, audit.verify().reason) == (row, "unkeyed")


def test_an_anchor_holds_while_the_trail_grows(home: Path) -> None:
    write(3)
    anchor = audit.read_anchor(audit.take_anchor(shop=None, actor=None, at=NOW).as_text())
    assert (anchor.count, anchor.at) == (4, "2026-10-31 10:00:00")
    write(2)
    assert audit.verify(anchor) == audit.Verdict(rows=6)


def test_an_anchor_shows_that_the_end_was_cut_off(home: Path) -> None:
    rows = write(3)
    anchor = audit.take_anchor(shop=None, actor=None, at=NOW)
    AuditEvent.objects.filter(pk__gte=rows[2].pk).delete()
    assert audit.verify() == audit.Verdict(rows=2), "the chain alone cannot know"
    assert audit.verify(anchor) == audit.Verdict(rows=2, reason="cut_off")


def test_an_anchor_shows_a_trail_written_anew_by_somebody_with_the_key(home: Path) -> None:
    write(3)
    anchor = audit.take_anchor(shop=None, actor=None, at=NOW)
    previous = ""
    for row in AuditEvent.objects.order_by("pk"):
        row.subject, row.previous_hash = "another", previous
        audit.sign(row)
        row.save()
        previous = row.hash
    assert audit.verify().whole
    found = audit.verify(anchor)
    assert found.broken is not None
    assert (found.broken.pk, found.reason) == (anchor.row, "rewritten")
    true = AuditEvent.objects.get(pk=anchor.row)
    assert audit.verify(Anchor(anchor.row, true.hash, 3, anchor.at)).reason == "count"


@pytest.mark.parametrize("text", ["", "[]", '{"laoke": "audit anchor"}', '{"laoke": "x", "row": 1}', "null"])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(AnchorUnreadable):
        audit.read_anchor(text)
