"""One price sheet as pages and files read it: a version's items with their figures, facts and warnings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from laoke.campaigns.models import PriceSheet, PriceVersion
from laoke.campaigns.price_facts import PriceFacts, price_facts
from laoke.campaigns.price_sheets import items_of, newest, terms_of
from laoke.promotions.ladder import Item, Key, Priced, Terms, Warned, price_item, warnings_of
from laoke.web.access import shop_of
from laoke.web.numbers import row_number


@dataclass(frozen=True)
class Reading:
    """A version of a sheet, priced over the newest facts."""

    sheet: PriceSheet
    version: PriceVersion
    is_newest: bool
    items: list[Item]
    terms: Terms
    facts: PriceFacts
    priced: list[Priced]
    warnings: dict[Key, list[Warned]]

    def warned(self, one: Priced) -> list[Warned]:
        return self.warnings.get(one.item.key, [])

    def is_bad(self, one: Priced) -> bool:
        """Whether something forbids this price, not only speaks against it."""
        return any(warned.severity == "bad" for warned in self.warned(one))


def find_sheet(request: HttpRequest, pk: int) -> PriceSheet:
    """A price sheet of this shop, else 404."""
    return get_object_or_404(
        PriceSheet.objects.select_related("campaign", "shop"), shop=shop_of(request), pk=pk
    )


def version_of(request: HttpRequest, sheet: PriceSheet) -> tuple[PriceVersion, bool]:
    """The version that the address names (the newest without one), and whether it is the newest; else 404."""
    last = newest(sheet)
    wanted = request.GET.get("version", "")
    if not wanted:
        return last, True
    found = sheet.versions.filter(number=row_number(wanted) or 0).first()
    if found is None:
        raise Http404
    return found, found.number == last.number


def read_sheet(sheet: PriceSheet, version: PriceVersion, is_newest: bool, today: date) -> Reading:
    """All figures of a version."""
    items, terms = items_of(version), terms_of(version)
    facts = price_facts(sheet.shop, sheet.starts_at, items, today)
    priced = [price_item(one, facts.of(one), terms) for one in items]
    return Reading(sheet, version, is_newest, items, terms, facts, priced, warnings_of(priced, terms))
