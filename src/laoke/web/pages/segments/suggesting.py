"""What may come next in the text box: words of the language with what they mean, and the shop's tags, places and goods.

The text is sent up to the cursor. Values that are still being read are left out and `later` says so: nobody waits for
them while typing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.audiences.completing import ANY_TEXT, KEYWORDS, Place, opened, place_at
from laoke.audiences.known_values import SLOTS, known_values
from laoke.audiences.models import Segment
from laoke.audiences.names import CHINESE_CONDITIONS, CHINESE_VALUES, CONDITION_NAMES
from laoke.audiences.names import KEYWORDS as SPOKEN
from laoke.audiences.readings import NotReady, reading_of
from laoke.audiences.tokens import quoted
from laoke.audiences.wording import CASE_NAMES, CASE_STATE_NAMES
from laoke.customers.models import Tag
from laoke.promotions.models import CouponIssue
from laoke.promotions.rewards.lotteries import lottery_names
from laoke.shops.models import Shop
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.components.base import Words
from laoke.web.pages.segments.kinds import CHOICES, CLOSED, KINDS
from laoke.web.pages.segments.places import LOOKS

MOST_OFFERED = 12
# So long the shop's values are waited for; a page that is asked again has them.
PATIENCE_SECONDS = 0.15
_JOINS: Mapping[str, Words] = {
    "and": _("并且"), "or": _("或者"), "not": _("不满足"), "then": _("之后又……"), "within": _("最近或未来多少天"),
    "in": _("从哪天到哪天"), "rating": _("星级"), "photo": _("有图"), ")": _("括号到此为止"), ",": _("还有"),
    "(": _("括号从这里起"), "=": _("正好是"), "..": _("到"),
}  # fmt: skip
_CASE_WORDS: Mapping[str, Words] = {**CASE_NAMES, **CASE_STATE_NAMES}
_SELECTS: Mapping[str, str] = {
    "channel": "reachable",
    "contact": "has",
    "high": "high",
    "refund": "refund_times",
}


@dataclass(frozen=True)
class Option:
    """One thing that may come: what is written for it, and what it means ('' = it says so itself)."""

    insert: str
    label: str = ""


@dataclass(frozen=True)
class Offered:
    """Options in the place of `word`, the last letters before the cursor; `later`: ask again, more is being read."""

    word: str
    options: tuple[Option, ...]
    later: bool = False


NOTHING = Offered("", ())


@require_POST
@allowed(*LOOKS)
def suggest(request: HttpRequest) -> JsonResponse:
    """Options for the text up to the cursor (`head`)."""
    shop, now = shop_of(request), clock_of(request).now()
    return JsonResponse(asdict(offered(shop, request.POST.get("head", ""), now.date())))


def offered(shop: Shop, head: str, today: date) -> Offered:
    """What may stand at the end of a text."""
    place = place_at(head)
    # Right behind what is whole the joining words wait for a blank: they would cover what the filter says.
    if place is None or (not place.word and "and" in place.allowed and not head[-1:].isspace()):
        return NOTHING
    values, later = _values(shop, place, today)
    options = tuple(_words(place)) if not values else tuple(values)
    if [one.insert.strip() for one in options] == [place.word]:
        return NOTHING
    return Offered(place.word, options[:MOST_OFFERED], later)


def _words(place: Place) -> Iterator[Option]:
    """Words of the language that begin as typed, or whose Chinese twin or meaning has what was typed."""
    typed = place.typed.lower()
    for word in place.allowed:
        if word == ANY_TEXT:
            continue
        label, spoken = _meaning(word, place), _spoken(word, place.slot)
        twin = next((one for one in spoken if typed and one.startswith(typed)), "")
        if word.startswith(typed) or twin or (typed and typed in label):
            yield Option(_written(twin or word, word, place), label)


def _meaning(word: str, place: Place) -> str:
    if place.slot:
        known = CLOSED.get(place.slot) or CHOICES.get(_SELECTS.get(place.slot, ""), {})
        said = str(known.get(word, ""))
        return "" if said == word else said
    if word in CONDITION_NAMES:
        return str(KINDS[word])
    if word == "in" and "=" in place.allowed:
        return gettext("是其中之一")
    return str(_JOINS.get(word) or _CASE_WORDS.get(word) or gettext("例子"))


def _spoken(word: str, slot: str) -> list[str]:
    """The Chinese words that mean the same."""
    if slot:
        twins: Mapping[str, str] = CHINESE_VALUES.get(slot, {})
    else:
        twins = CHINESE_CONDITIONS if word in CONDITION_NAMES else SPOKEN
    return [one for one, meant in twins.items() if meant == word and one != word]


def _written(shown: str, word: str, place: Place) -> str:
    """The word as it goes into the text: who writes Chinese gets the Chinese twin, who began a quote a quoted text."""
    if place.slot:
        return quoted(shown) if place.quoted else shown
    if word == "in" and "=" in place.allowed:
        return f"{shown} ("
    if word in CONDITION_NAMES or word in KEYWORDS:
        return opened(word).replace(word, shown, 1)
    return shown


def _values(shop: Shop, place: Place, today: date) -> tuple[list[Option], bool]:
    """Texts of the shop for the slot, and whether they are still being read."""
    found: Iterable[str] | None = ()
    if place.slot == "tag":
        found = Tag.objects.filter(shop=shop).order_by("name").values_list("name", flat=True)
    elif place.slot == "issue":
        found = CouponIssue.objects.filter(shop=shop).order_by("-pk").values_list("name", flat=True)
    elif place.slot == "lottery":
        found = lottery_names(shop)
    elif place.slot == "segment":
        kept = Segment.objects.filter(shop=shop, archived=False)
        found = kept.order_by("name").values_list("name", flat=True)
    elif place.slot in SLOTS:
        try:
            found = known_values(reading_of(shop, today), place.slot, PATIENCE_SECONDS)
        except NotReady:
            found = ()
    if found is None:
        return [], True
    typed = place.typed.lower()
    matching = [one for one in found if typed in one.lower()]
    # What begins as typed comes first; both keep their order.
    matching.sort(key=lambda one: not one.lower().startswith(typed))
    return [Option(quoted(one)) for one in matching[:MOST_OFFERED]], False
