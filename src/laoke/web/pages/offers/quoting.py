"""One basket under offers, as a price trace on the page: amounts, the rule of each step, what was not used and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.translation import get_language, gettext

from laoke.money.formatting import Language
from laoke.promotions import engine
from laoke.promotions.offers import OfferRefused
from laoke.shops.joins import named
from laoke.web import components as ui
from laoke.web import figures

TOTALS = ("list_price", "payable")


@dataclass(frozen=True)
class QuoteView:
    """The trace of a typed basket, what stands beside its price (deposit, benefits), what was not used and why."""

    trace: ui.PriceTrace | None
    beside: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    loss: str = ""
    hint: str = ""


def language() -> Language:
    """The language that the engine's sentences are wanted in."""
    return "en" if (get_language() or "zh").startswith("en") else "zh"


def quote_view(basket: engine.Basket | None, offers: Sequence[engine.Offer], at: datetime) -> QuoteView:
    """Price the basket at `at`. Coupons count as held, the best of them are used: what a holder pays at least."""
    if basket is None:
        return QuoteView(None, hint=gettext("选几件商品，看看要付多少"))
    try:
        quote = engine.best_quote(basket, offers, at).quote
    except engine.EngineError as error:
        return QuoteView(None, hint=OfferRefused.of(error).message)
    names = {offer.offer_id: offer.name for offer in offers}
    steps = [_step(step, names) for step in quote.trace if not _beside(step)]
    beside = tuple(
        _named(engine.step_sentence(step, language()), names) for step in quote.trace if _beside(step)
    )
    if quote.margin_cents is not None:
        tone: Literal["ok", "bad"] = "bad" if quote.margin_cents < 0 else "ok"
        steps.append(
            ui.TraceStep(
                gettext("毛利"), figures.cents(quote.margin_cents), gettext("应付货款减成本"), True, tone
            )
        )
    refused = tuple(
        named(names.get(one.offer_id, one.offer_id), _named(engine.refusal_sentence(one, language()), names))
        for one in quote.refused
    )
    coming = tuple(
        named(names.get(one.offer_id, one.offer_id), engine.next_step_sentence(one, language()))
        for one in quote.next_steps
    )
    loss = ""
    if quote.margin_cents is not None and quote.margin_cents < 0:
        loss = gettext("这样卖每单亏 %(loss)s") % {"loss": figures.yuan(-quote.margin_cents)}
    return QuoteView(ui.PriceTrace(steps), beside, refused, coming, loss)


def _beside(step: engine.TraceStep) -> bool:
    """True for what is said of the price and does not change it."""
    return step.code == "deposit" or step.code.startswith("benefit_")


def _step(step: engine.TraceStep, names: dict[str, str]) -> ui.TraceStep:
    sentence = _named(engine.step_sentence(step, language()), names)
    return ui.TraceStep(
        sentence,
        figures.cents(step.amount_cents),
        gettext("规则 %(rule)s") % {"rule": step.rule},
        step.code in TOTALS,
    )


def _named(sentence: str, names: dict[str, str]) -> str:
    """Offers by the name people gave them, not by number."""
    for offer_id, name in names.items():
        sentence = sentence.replace(offer_id, name or offer_id)
    return sentence
