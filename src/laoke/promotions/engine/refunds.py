"""What goes back when part of an order is returned (rule R30): the paid share, and which gifts are due back.

What stays keeps its discount, even where a threshold is no longer reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from laoke.promotions.engine.beside import PIECES, ThresholdGift
from laoke.promotions.engine.errors import EngineError
from laoke.promotions.engine.results import Gift, Quote, QuotedLine
from laoke.promotions.engine.values import Offer


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """Pieces of a line that come back, and the cents that go back for them."""

    line_id: str
    pieces: int
    cents: int


@dataclass(frozen=True, slots=True)
class Refund:
    """The lines, their sum in cents, and the gifts whose step is no longer reached without them."""

    lines: tuple[RefundedLine, ...]
    cents: int
    gifts_due: tuple[Gift, ...]


def refund(
    quote: Quote,
    offers: Iterable[Offer],
    returned: Mapping[str, int],
    before: Mapping[str, int] | None = None,
) -> Refund:
    """The refund of `returned` pieces by line id, where `before` came back earlier.

    Returning piece by piece gives the same as returning at once, and all pieces give what was paid for the line.
    Raises EngineError for an unknown line or more pieces than are left.
    """
    gone = dict(before or {})
    known = {line.line_id: line for line in quote.lines}
    lines = []
    for line_id, pieces in sorted(returned.items()):
        line = known.get(line_id)
        if line is None:
            raise EngineError("unknown_line", "returned", line_id=line_id)
        most = line.quantity - gone.get(line_id, 0)
        if not 1 <= pieces <= most:
            raise EngineError("out_of_range", f"returned.{line_id}", found=pieces, least=1, most=most)
        already = gone.get(line_id, 0)
        gone[line_id] = already + pieces
        lines.append(RefundedLine(line_id, pieces, _paid(line, already + pieces) - _paid(line, already)))
    due = tuple(gift for gift in quote.gifts if _is_due(quote, gift, offers, before or {}, gone))
    return Refund(tuple(lines), sum(line.cents for line in lines), due)


def _paid(line: QuotedLine, pieces: int) -> int:
    """What was paid for the first pieces of a line, rounded down."""
    return line.payable_cents * pieces // line.quantity


def _is_due(
    quote: Quote, gift: Gift, offers: Iterable[Offer], before: Mapping[str, int], gone: Mapping[str, int]
) -> bool:
    """True when these pieces take the goods in scope below the step by which the gift was given."""
    (offer,) = [offer for offer in offers if offer.offer_id == gift.offer_id]
    mechanic = offer.mechanic
    if not isinstance(mechanic, ThresholdGift):
        raise TypeError(f"offer {offer.offer_id} gives nothing")
    given = _step(mechanic, quote, offer, {})
    return _step(mechanic, quote, offer, before) >= given > _step(mechanic, quote, offer, gone)


def _step(mechanic: ThresholdGift, quote: Quote, offer: Offer, gone: Mapping[str, int]) -> int:
    """How many steps the pieces that are left reach, at item-level prices."""
    (ids,) = [use.line_ids for use in quote.consumed if use.offer_id == offer.offer_id]
    left = [(line, line.quantity - gone.get(line.line_id, 0)) for line in quote.lines if line.line_id in ids]
    if mechanic.by == PIECES:
        measure = sum(pieces for _line, pieces in left)
    else:
        measure = sum(line.base_cents // line.quantity * pieces for line, pieces in left)
    return sum(step.threshold <= measure for step in mechanic.steps)
