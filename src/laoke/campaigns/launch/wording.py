"""Rules C5 to C14: what names, pages and texts say of goods and prices. A round's own check reads its other words.

The lists of C13 and C14 are practice; those of C9 to C12 stand in `dispatch.text.wording` and are shared with messages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from laoke.campaigns.launch.finding import Finding
from laoke.campaigns.launch.prices import planned_prices, supported_was
from laoke.campaigns.launch.values import ROUND, Plan, Said
from laoke.dispatch.text.wording import DEFAULT_WORDING, Wording, check_wording
from laoke.money import MoneyError, parse_cents
from laoke.promotions.engine import Layer

MEDICAL = (
    "治疗", "治愈", "疗效", "药效", "消炎", "杀菌率", "抗癌", "防癌", "降血压", "降血糖", "包治", "药到病除",
    "无副作用", "减肥", "排毒", "治失眠", "改善睡眠障碍",
)  # fmt: skip
HIDDEN = (
    "最终解释权", "解释权归", "以实际为准", "恕不另行通知", "不另行通知", "具体以店铺为准", "概不退换", "不退不换",
)  # fmt: skip
REFERENCE = (
    "市场价", "专柜价", "厂家指导价", "建议零售价", "指导价", "出厂价", "成本价", "批发价", "进货价",
    "全网价", "同行价",
)  # fmt: skip
_AMOUNT = r"[^\d，。；！？,;!?]{0,4}(\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?)?"
_WAS = re.compile(rf"(?:原价|划线价|平时价|日常价|平日价){_AMOUNT}")
_NOW = re.compile(rf"(?:现价|活动价|秒杀价|一口价|特价){_AMOUNT}")
_CUT = re.compile(r"直降|立减|立省|降价|减价|省\d|半价(?!邮)|打折|[\d.一二三四五六七八九]+折|特价")
# What says from which price it is cut.
_BASE = re.compile(r"页面价|标价|吊牌价|原价|现价|日常价|平时价|平日价|成交价|划线价|第[二2]件")


def check_words(plan: Plan, wording: Wording = DEFAULT_WORDING) -> Iterator[Finding]:
    """Everything that the words of a campaign say and should not, each text by itself."""
    for said in plan.said:
        if said.place != ROUND:
            yield from _listed(said, wording)
        yield from _price_words(said, plan)
    yield from _offer_names(plan)


def squeezed(words: str) -> str:
    """Without spaces and full-width forms, which hide no word."""
    return "".join(unicodedata.normalize("NFKC", words).split())


def _about(said: Said) -> tuple[str, dict[str, str]]:
    return f"{said.place}:{said.about}" if said.about else said.place, {
        "place": said.place,
        "about": said.about,
    }


def _listed(said: Said, wording: Wording) -> Iterator[Finding]:
    subject, params = _about(said)
    by_code: dict[str, list[str]] = {}
    for issue in check_wording(said.words, wording):
        given = issue.params.get("words", issue.params.get("word", ""))
        by_code.setdefault(issue.code, []).extend(
            map(str, given) if isinstance(given, list | tuple) else [str(given)]
        )
    text = squeezed(said.words)
    for code, words in (("medical_claim", MEDICAL), ("hidden_terms", HIDDEN)):
        if hits := [word for word in words if word in text]:
            by_code[code] = [one for one in hits if not any(one != more and one in more for more in hits)]
    for code, found in by_code.items():
        yield Finding(code, subject, params | {"words": found}, said.words)


def _price_words(said: Said, plan: Plan) -> Iterator[Finding]:
    subject, params = _about(said)
    text = squeezed(said.words)
    supported, planned = supported_was(plan.priced), planned_prices(plan.priced)
    wrong = [hit.group() for hit in _WAS.finditer(text) if not _is_among(hit[1], supported)]
    if wrong:
        yield Finding("was_in_words", subject, params | {"words": wrong}, [said.words, sorted(supported)])
    if hits := [word for word in REFERENCE if word in text]:
        longest = [one for one in hits if not any(one != more and one in more for more in hits)]
        yield Finding("reference_price", subject, params | {"words": longest}, said.words)
    unknown = [hit.group() for hit in _NOW.finditer(text) if hit[1] and not _is_among(hit[1], planned)]
    if unknown:
        yield Finding(
            "price_not_offered", subject, params | {"words": unknown}, [said.words, sorted(planned)]
        )
    if said.place == "page" and (cut := _bare_cut(text)):
        yield Finding("cut_from_what", subject, params | {"words": cut}, said.words)


def _is_among(amount: str | None, cents: frozenset[int]) -> bool:
    """Whether an amount in yuan is one of these; a word without an amount leans on there being any."""
    if amount is None:
        return bool(cents)
    # A comma parts thousands (1,299) or two amounts (原价399,300 元起): either reading may be meant.
    return any(_cents(text) in cents for text in (amount, amount.partition(",")[0]))


def _cents(amount: str) -> int | None:
    try:
        return parse_cents(amount)
    except MoneyError:
        return None


def _bare_cut(text: str) -> list[str]:
    return [] if _BASE.search(text) else list(dict.fromkeys(hit.group() for hit in _CUT.finditer(text)))


def _offer_names(plan: Plan) -> Iterator[Finding]:
    """The name of an offer that changes the price of a piece is a claim of a cut: from what?"""
    for one in plan.offers:
        if one.offer.layer is Layer.ITEM and (cut := _bare_cut(squeezed(one.offer.name))):
            params = {"place": "offer", "about": one.offer.name, "words": cut}
            yield Finding("cut_from_what", f"offer:{one.number}", params, one.offer.name)
