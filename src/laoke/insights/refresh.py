"""Keeping `customer_features` at the facts: for today, and for the month ends that trends are drawn from."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from laoke.intake.models import ImportRun, ImportState
from laoke.shops import catalog
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import CatalogEntry, FeatureBasis, Shop
from laoke.shops.place import Place
from laoke.warehouse.feature_update import first_changed_day, update_features
from laoke.warehouse.features import CutPoints, build_features, drop_features, recipe, write_features
from laoke.warehouse.store import Warehouse

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

EPOCH = date(1970, 1, 1)
MONTH_ENDS_KEPT = 24


def day_number(day: date) -> int:
    """Days since 1970-01-01, as facts count them."""
    return (day - EPOCH).days


def cut_points(shop: Shop) -> CutPoints:
    """Where this shop draws its lines; what it has not set is the default."""
    stored: dict[str, Any] = shop.settings.get("cut_points", {})
    given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
    return CutPoints(**given)


def refresh_features(shop: Shop, place: Place, *, now: datetime) -> CatalogEntry | None:
    """Bring today's features of a shop to the facts and publish them; other days are kept when they are month ends
    that the facts have not changed since. Those that go are computed anew one by one (`add_month_end`).

    From the features of earlier today when they were built by the same rules, else anew. None when there are no facts.
    """
    with warehouse_writer(place.home):
        entry = catalog.current()
        if entry is None:
            return None
        warehouse = Warehouse(place.warehouse)
        warehouse.align(entry.versions)
        reader = warehouse.reader(entry.versions)
        today = day_number(now.date())
        app_id = f"features-{shop.pk}-{entry.pk}"
        cuts = cut_points(shop)
        before = _basis(shop, now.date(), cuts)
        features = update_features(warehouse, entry.versions, before, today, shop.pk, cuts)
        versions = write_features(warehouse, features, today, shop.pk, app_id=app_id)
        since = _first_changed_day(warehouse, shop, entry, cuts)
        for old in _outdated(reader, shop, now.date(), since):
            versions = drop_features(warehouse, old, shop.pk, app_id=f"{app_id}-drop-{old}")
        with transaction.atomic():
            published = catalog.publish(
                versions, as_of_day=now.date(), now=now, reason="features",
                import_ref=_newest_import(shop),
            )  # fmt: skip
            built = {"entry": published, "as_of_day": now.date(), "recipe": recipe(cuts)}
            FeatureBasis.objects.update_or_create(shop=shop, defaults=built)
            return published


def _first_changed_day(warehouse: Warehouse, shop: Shop, entry: CatalogEntry, cuts: CutPoints) -> int | None:
    """From which day on past features no longer tell what facts and cut points do now; None when all of them do.

    By other cut points everybody may stand elsewhere: who moved since a month end can only be told by the same ones.
    """
    basis = FeatureBasis.objects.filter(shop=shop).select_related("entry").first()
    if basis is not None and basis.recipe != recipe(cuts):
        return 0
    return first_changed_day(warehouse, entry.versions, basis.entry.versions, shop.pk) if basis else None


def _basis(shop: Shop, today: date, cuts: CutPoints) -> dict[str, int]:
    """The versions of the entry that today's features were published with; none when other rules hold since."""
    found = FeatureBasis.objects.filter(shop=shop, as_of_day=today, recipe=recipe(cuts))
    basis = found.select_related("entry").first()
    return basis.entry.versions if basis else {}


def features_behind(shop: Shop) -> bool:
    """Whether an import brought facts that today's features were not computed from: its process died in between."""
    newest = _newest_import(shop)
    return (
        newest is not None and not CatalogEntry.objects.filter(reason="features", import_ref=newest).exists()
    )


def _newest_import(shop: Shop) -> int | None:
    """The shop's import that was published last among those that brought facts."""
    brought = ImportRun.objects.filter(shop=shop, state=ImportState.DONE, counts__accepted__gt=0)
    return brought.order_by("-catalog_ref").values_list("pk", flat=True).first()


def features_day(shop: Shop, place: Place) -> date | None:
    """The newest day whose features are published; None when there are none."""
    entry = catalog.current()
    if entry is None:
        return None
    reader = Warehouse(place.warehouse).reader(entry.versions)
    found = reader.rows(
        "SELECT max(as_of_day) AS day FROM customer_features WHERE shop_id = $shop_id", {"shop_id": shop.pk}
    )
    day = found[0]["day"]
    return None if day is None else EPOCH + timedelta(days=day)


def _outdated(reader: Reader, shop: Shop, today: date, since: int | None) -> list[int]:
    """Days that are no month ends, or whose facts changed since: from `since` on."""
    found = reader.rows(
        "SELECT DISTINCT as_of_day FROM customer_features WHERE shop_id = $shop_id", {"shop_id": shop.pk}
    )
    kept = {day_number(end) for end in month_ends(today)} | {day_number(today)}
    stale = day_number(today) if since is None else since
    days = [row["as_of_day"] for row in found if row["as_of_day"] != day_number(today)]
    return [day for day in days if day not in kept or day >= stale]


def month_ends(today: date, count: int = MONTH_ENDS_KEPT) -> list[date]:
    """The last days of the months before `today`, newest first."""
    ends = []
    first = today.replace(day=1)
    for _ in range(count):
        end = first - timedelta(days=1)
        ends.append(end)
        first = end.replace(day=1)
    return ends


def add_month_end(shop: Shop, place: Place, *, now: datetime) -> bool:
    """Compute the newest month end that is missing and for which there are facts; False when none is."""
    entry = catalog.current()
    if entry is None:
        return False
    reader = Warehouse(place.warehouse).reader(entry.versions)
    params = {"shop_id": shop.pk}
    first = reader.rows("SELECT min(paid_day) AS day FROM orders WHERE shop_id = $shop_id", params)[0]["day"]
    if first is None:
        return False
    have = {
        row["as_of_day"]
        for row in reader.rows(
            "SELECT DISTINCT as_of_day FROM customer_features WHERE shop_id = $shop_id", params
        )
    }
    missing = [
        end for end in month_ends(now.date()) if first <= day_number(end) and day_number(end) not in have
    ]
    if not missing:
        return False
    day = day_number(missing[0])
    with warehouse_writer(place.home):
        entry = catalog.current()
        assert entry is not None
        warehouse = Warehouse(place.warehouse)
        warehouse.align(entry.versions)
        features = build_features(warehouse.reader(entry.versions), day, shop.pk, cut_points(shop))
        app_id = f"features-{shop.pk}-{entry.pk}-{day}"
        versions = write_features(warehouse, features, day, shop.pk, app_id=app_id)
        with transaction.atomic():
            catalog.publish(
                versions, as_of_day=entry.as_of_day, now=now, reason="month_end",
                import_ref=entry.import_ref,
            )  # fmt: skip
    return True
