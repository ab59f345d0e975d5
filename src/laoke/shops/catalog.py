"""The catalog: which version of every table belongs together. Readers take the newest entry, nobody reads 'latest'."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Max

from laoke.shops.models import CatalogEntry


def current() -> CatalogEntry | None:
    """The newest entry, or None before the first import."""
    return CatalogEntry.objects.order_by("-pk").first()


def publish(
    versions: dict[str, int],
    *,
    as_of_day: date,
    now: datetime,
    reason: str,
    import_ref: int | None = None,
    mirrors_revision: int | None = None,
) -> CatalogEntry:
    """Write the next entry. Tables that the caller did not touch keep the version of the entry before.

    Call it inside the transaction that marks the work as done: that commit is the moment of visibility.
    """
    before = current()
    merged = {**(before.versions if before else {}), **versions}
    revision = mirrors_revision
    if revision is None:
        revision = before.mirrors_revision if before else 0
    return CatalogEntry.objects.create(
        versions=merged,
        as_of_day=as_of_day,
        created_at=now,
        reason=reason,
        import_ref=import_ref,
        mirrors_revision=revision,
    )


def kept_versions(table: str, younger_than: datetime) -> set[int]:
    """Versions of a table that vacuum must not touch: those of recent or pinned entries, and the newest."""
    newest = CatalogEntry.objects.aggregate(newest=Max("pk"))["newest"]
    entries = (
        CatalogEntry.objects.filter(created_at__gte=younger_than)
        | CatalogEntry.objects.filter(pinned=True)
        | CatalogEntry.objects.filter(pk=newest)
    )
    return {entry.versions[table] for entry in entries if table in entry.versions}


def kept(younger_than: datetime) -> dict[str, set[int]]:
    """`kept_versions` of every table that the newest entry names."""
    newest = current()
    found: dict[str, set[int]] = {
        table: {version} for table, version in (newest.versions if newest else {}).items()
    }
    entries = CatalogEntry.objects.filter(created_at__gte=younger_than) | CatalogEntry.objects.filter(
        pinned=True
    )
    for versions in entries.values_list("versions", flat=True).iterator():
        for table, version in versions.items():
            found.setdefault(table, set()).add(version)
    return found


def pin(entry_id: int) -> None:
    """Keep an entry's tables readable for good: a review, a snapshot or a backtest names it."""
    CatalogEntry.objects.filter(pk=entry_id).update(pinned=True)
