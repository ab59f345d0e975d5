"""The search of Ctrl+K: customers by nick, phone or number, orders, campaigns, segments, pages and commands.

What a request may not see is not found. Customers are looked up by keyed digests only, so a whole nick or number is
needed; they are shown masked.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from laoke.audiences.models import Segment
from laoke.audiences.readings import NotReady, reading_of
from laoke.campaigns.models import Campaign
from laoke.customers.contacts import clean_phone
from laoke.customers.identities import key_digests, usable_keys
from laoke.customers.models import ContactIndex, Customer, Identity, VaultRecord
from laoke.customers.sealing import contact_digest
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures, nav
from laoke.web.access import EVERYONE, READS, allowed, shop_of
from laoke.web.pages.orders.words import order_url
from laoke.web.pages.overview.initials import matches
from laoke.web.pages.overview.places import place

MOST = 6
LONGEST = 64


@allowed(*EVERYONE)
@require_GET
def palette(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:LONGEST]
    groups: list[tuple[str, list[ui.PaletteItem]]] = []
    if query:
        shop = shop_of(request)
        if request.role in READS:  # type: ignore[attr-defined]
            groups += [(_("客户"), _customers(shop, query)), (_("订单"), _orders(shop, query))]
        groups += [
            (_("活动"), _campaigns(shop, query)),
            (_("人群"), _segments(request, shop, query)),
            (_("页面"), _pages(request, query)),
        ]
    return HttpResponse(ui.PaletteResults(groups, query).render())


def _customers(shop: Shop, query: str) -> list[ui.PaletteItem]:
    people = _persons_by_key(shop, query) | _persons_by_contact(shop, query)
    if not people:
        return []
    masks = dict(
        VaultRecord.objects.filter(shop=shop, customer__person_id__in=people)
        .order_by("pk")
        .values_list("customer__person_id", "nick_mask")[:MOST]
    )
    found = []
    for person in sorted(people)[:MOST]:
        url = place("customer", person)
        if url:
            found.append(ui.PaletteItem(masks.get(person) or _("客户"), url, "people"))
    return found


def _persons_by_key(shop: Shop, query: str) -> set[int]:
    """Persons of this shop's owner with this nick or member number."""
    sets = [usable_keys({"nick": query}), usable_keys({"member": query})]
    digests = [digest for one in key_digests(shop, sets) for digest in one]
    customers = Identity.objects.filter(digest__in=digests).values_list("customer_id", flat=True)
    return _persons(shop, list(customers))


def _persons_by_contact(shop: Shop, query: str) -> set[int]:
    phone = clean_phone(query)
    digests = [contact_digest("phone", phone)] if phone else []
    if "@" in query:
        digests.append(contact_digest("email", query.lower()))
    found = ContactIndex.objects.filter(shop=shop, digest__in=digests).values_list("customer_id", flat=True)
    return _persons(shop, list(found[:50]))


def _persons(shop: Shop, customers: Sequence[int]) -> set[int]:
    return set(
        Customer.objects.filter(pk__in=customers, owner=shop.owner_id).values_list("person_id", flat=True)
    )


def _orders(shop: Shop, query: str) -> list[ui.PaletteItem]:
    if len(query) < 6 or not query.replace("-", "").isalnum():
        return []
    try:
        rows = reading_of(shop).reader.query("find_orders", shop_id=shop.pk, order_id=query).to_pylist()
    except NotReady:
        return []
    found = []
    for row in rows[:MOST]:
        note = f"{row['created_at']:%Y-%m-%d} · {figures.yuan(row['paid_cents'])}"
        found.append(ui.PaletteItem(row["order_id"], order_url(row["order_id"]), "bag", note))
    return found


def _campaigns(shop: Shop, query: str) -> list[ui.PaletteItem]:
    rows = Campaign.objects.filter(shop=shop).order_by("-day", "-pk")[:200]
    return [
        ui.PaletteItem(row.name, place("campaign", row.pk), "plan", row.get_state_display())
        for row in rows
        if matches(row.name, query) and place("campaign", row.pk)
    ][:MOST]


def _segments(request: HttpRequest, shop: Shop, query: str) -> list[ui.PaletteItem]:
    if request.role not in nav.SELLING:  # type: ignore[attr-defined]
        return []
    rows = Segment.objects.filter(shop=shop).order_by("-pk")[:200]
    return [
        ui.PaletteItem(row.name, place("segment", row.pk), "people")
        for row in rows
        if matches(row.name, query) and place("segment", row.pk)
    ][:MOST]


def _pages(request: HttpRequest, query: str) -> list[ui.PaletteItem]:
    pages = [
        ui.PaletteItem(link.entry.label, link.url)
        for link in nav.links(request)
        if matches(str(link.entry.label), query)
    ]
    commands = [
        ui.PaletteItem(command.label, url, command.icon)
        for command, url in nav.commands(request)
        if matches(str(command.label), query)
    ]
    return [*pages, *commands][: 2 * MOST]
