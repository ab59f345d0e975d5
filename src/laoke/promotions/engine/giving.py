"""What is given beside the goods, after every price: gifts (R26), free postage (R27) and benefits (R34, R35)."""

from __future__ import annotations

from collections.abc import Sequence

from laoke.promotions.engine.benefits import LevelReward, ServiceBenefit
from laoke.promotions.engine.beside import FreePostage, GiftChoice, GiftStep, ThresholdGift
from laoke.promotions.engine.promises import Shortfall, Wares, gift_step, measured, shortfall
from laoke.promotions.engine.results import Benefit, Consumed, Gift
from laoke.promotions.engine.state import Pricing
from laoke.promotions.engine.values import Basket, Offer


def apply_gifts(pricing: Pricing, offers: Sequence[Offer]) -> None:
    """Every gift offer that is reached gives, each its highest step."""
    for offer in offers:
        mechanic, wares = offer.mechanic, _wares(pricing, offer)
        if wares is None or not isinstance(mechanic, ThresholdGift):
            continue
        step = gift_step(mechanic, wares)
        pricing.missing(offer, shortfall(mechanic, wares), reached=step is not None)
        if step is None:
            continue
        choice = _chosen(step, offer, pricing.ground.basket)
        if choice is None:
            pricing.refuse(offer, "gift_gone")
            continue
        _give(pricing, offer, wares, step, choice)


def apply_postage(pricing: Pricing, offers: Sequence[Offer]) -> None:
    """The first offer by id that is reached takes the postage off."""
    basket, winner = pricing.ground.basket, ""
    for offer in offers:
        mechanic, wares = offer.mechanic, _wares(pricing, offer)
        if wares is None or not isinstance(mechanic, FreePostage):
            continue
        reached = measured(mechanic.by, wares) >= mechanic.threshold
        pricing.missing(offer, shortfall(mechanic, wares), reached=reached)
        if not reached:
            continue
        if mechanic.excludes(basket.region):
            pricing.refuse(offer, "region_excluded", region=basket.region)
        elif not basket.postage_cents:
            pricing.refuse(offer, "nothing_to_take")
        elif winner:
            pricing.refuse(offer, "loses_to_better", better=winner)
        else:
            winner, pricing.postage_off = offer.offer_id, basket.postage_cents
            _use(pricing, offer, wares, basket.postage_cents)


def apply_benefits(pricing: Pricing, offers: Sequence[Offer]) -> None:
    """Every benefit is promised; a level's reward when what is paid for the goods in scope passes the level."""
    for offer in offers:
        mechanic, wares = offer.mechanic, _wares(pricing, offer)
        if wares is None:
            continue
        if isinstance(mechanic, ServiceBenefit):
            _promise(pricing, offer, wares, [_benefit(offer.offer_id, mechanic)])
        elif isinstance(mechanic, LevelReward):
            _reward(pricing, offer, wares, mechanic)


def _benefit(offer_id: str, mechanic: ServiceBenefit) -> Benefit:
    return Benefit(
        offer_id,
        mechanic.kind,
        mechanic.title,
        mechanic.days,
        value_cents=mechanic.value_cents,
        cost_cents=mechanic.cost_cents,
    )


def _reward(pricing: Pricing, offer: Offer, wares: Wares, mechanic: LevelReward) -> None:
    """Rule R35: the rewards of all levels that are passed, and what is missing to the level after them."""
    before = pricing.ground.basket.buyer.spent.get(offer.offer_id, 0)
    after = before + sum(pricing.payable(position) for position in wares.positions)
    passed = mechanic.passed(before, after)
    coming = next((level for level in mechanic.levels if level.spend_cents > after), None)
    if coming is not None:
        shortfall = Shortfall("cents", coming.spend_cents, after, gives="level")
        pricing.missing(offer, shortfall, reached=True)
        if not passed:
            pricing.refuse(
                offer,
                "level_not_passed",
                level=coming.group,
                threshold_cents=coming.spend_cents,
                missing_cents=shortfall.missing,
            )
    elif not passed:
        pricing.refuse(offer, "highest_level")
    if passed:
        rewards = [
            Benefit(offer.offer_id, "level", level.reward, level=level.group, cost_cents=level.cost_cents)
            for level in passed
        ]
        _promise(pricing, offer, wares, rewards)


def _promise(pricing: Pricing, offer: Offer, wares: Wares, benefits: Sequence[Benefit]) -> None:
    pricing.benefits = (*pricing.benefits, *benefits)
    _use(pricing, offer, wares, 0)
    for one in benefits:
        rule = "R35" if one.level else "R34"
        pricing.note(
            rule,
            f"benefit_{one.kind}",
            0,
            offer_id=offer.offer_id,
            title=one.title,
            days=one.days or 0,
            level=one.level,
            value_cents=one.value_cents or 0,
        )


def _wares(pricing: Pricing, offer: Offer) -> Wares | None:
    part = pricing.ground.part(offer)
    if not part.positions:
        pricing.refuse(offer, "nothing_in_scope")
        return None
    return pricing.wares_of(part)


def _chosen(step: GiftStep, offer: Offer, basket: Basket) -> GiftChoice | None:
    """The gift that the buyer picked while it lasts, else the first of the list that is left."""
    left = [
        choice
        for choice in step.choices
        if choice.stock is None
        or choice.stock - basket.taken.get(f"{offer.offer_id}/{choice.product_id}", 0) >= step.pieces
    ]
    wanted = basket.chosen_gifts.get(offer.offer_id)
    return next((choice for choice in left if choice.product_id == wanted), left[0] if left else None)


def _give(pricing: Pricing, offer: Offer, wares: Wares, step: GiftStep, choice: GiftChoice) -> None:
    pricing.gifts.append(
        Gift(
            offer.offer_id,
            choice.product_id,
            choice.title,
            step.pieces,
            choice.value_cents,
            choice.cost_cents,
        )
    )
    _use(pricing, offer, wares, 0)
    pricing.note(
        "R26",
        "gift",
        0,
        offer_id=offer.offer_id,
        title=choice.title,
        pieces=step.pieces,
        value_cents=choice.value_cents,
    )


def _use(pricing: Pricing, offer: Offer, wares: Wares, off: int) -> None:
    pricing.used.append(offer.offer_id)
    if pricing.told:
        pricing.consumed.append(
            Consumed(offer.offer_id, offer.layer, wares.line_ids, wares.cents, 1, off, off)
        )
