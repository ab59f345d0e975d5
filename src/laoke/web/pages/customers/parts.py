"""The parts of a customer's page that come after it, each by its own address: what happened, and what they usually do.

Both read the orders, which takes longer than all the rest. HTMX puts them into the page; asked for by itself an address
gives its part as a page of its own, for whoever reads without scripts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from laoke.customers import profiles
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web.components.base import Words
from laoke.web.pages.customers import timeline
from laoke.web.pages.customers.listing import title_of

PLACE = ("kind", "after", "before")


@dataclass(frozen=True)
class Later:
    """The room that is kept for a part: its address, and about how many events or orders it will tell of."""

    url: str
    rows: Sequence[int]


def history_later(request: HttpRequest, person_id: int, days: int) -> Later:
    """The line of time, at the place that the page's own address asks for; `days` are days of buying."""
    place = {name: request.GET[name] for name in PLACE if name in request.GET}
    url = reverse("customer_history", args=[person_id])
    return Later(url + ui.query_with("", **place) if place else url, range(min(max(days, 3), timeline.ROWS)))


def habits_later(person_id: int, days: int) -> Later:
    """The habits."""
    return Later(habits_url(person_id), range(days))


def habits_url(person_id: int) -> str:
    """Where the habits are."""
    return reverse("customer_habits", args=[person_id])


@dataclass(frozen=True)
class Part:
    """A part for its template, with the title of the person and the address of their page.

    `inside` says that it goes into that page.
    """

    template: str
    heading: Words
    person_id: int
    title: str
    back: str
    path: str
    inside: bool


def respond(
    request: HttpRequest,
    shop: Shop,
    person_id: int,
    template: str,
    heading: Words,
    told: Mapping[str, object],
) -> HttpResponse:
    """The part alone for HTMX, else in a page of its own."""
    inside = bool(request.htmx)  # type: ignore[attr-defined]
    title = ""
    if not inside:
        title = title_of(person_id, profiles.masks_of(shop, [person_id]).get(person_id, profiles.Masks()))
    back = reverse("customer", args=[person_id])
    part = Part(template, heading, person_id, title, back, request.path, inside)
    return render(request, template if inside else "customers/part.html", {"part": part, **told})
