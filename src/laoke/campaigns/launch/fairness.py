"""Rules C28 to C31: the same goods at the same time cost everybody the same, but by a rule that is public.

Who may say that a price for some is lawful is a person: a signature with its reason stands beside the finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from laoke.campaigns.launch.finding import Finding
from laoke.campaigns.launch.together import shared_goods
from laoke.campaigns.launch.values import Plan
from laoke.promotions.engine import FIRST_ORDER, MemberPrice, offer_to_dict


def check_buyers(plan: Plan) -> Iterator[Finding]:
    """Offers for some buyers only, and rounds that bring different people different prices."""
    for one in plan.offers:
        offer, subject = one.offer, f"offer:{one.number}"
        read = [offer_to_dict(offer), sorted(plan.levels)]
        if isinstance(offer.mechanic, MemberPrice):
            unknown = [level.group for level in offer.mechanic.levels if level.group not in plan.levels]
            if unknown:
                yield Finding("level_unknown", subject, {"name": offer.name, "levels": unknown}, read)
        if not offer.layer.changes_goods or not offer.audience or offer.audience in plan.levels:
            # Gifts and postage are no other price; a published level is a public rule.
            continue
        if offer.audience == FIRST_ORDER:
            yield Finding("new_buyers_only", subject, {"name": offer.name}, read)
        else:
            yield Finding("price_for_some", subject, {"name": offer.name, "buyers": offer.audience}, read)
    yield from _by_round(plan)


def _by_round(plan: Plan) -> Iterator[Finding]:
    carried = [one for one in plan.rounds if one.offer is not None]
    for one, other in combinations(carried, 2):
        first, second = plan.offer(one.offer or 0), plan.offer(other.offer or 0)
        if first is None or second is None or first == second or one.people == other.people:
            continue
        if first.layer is not second.layer or not first.layer.changes_goods:
            # In different layers both may have both.
            continue
        if shared_goods(first.reach, second.reach, plan.wares) is None:
            continue
        params = {"round": one.name, "other_round": other.name, "offer": first.name, "other": second.name}
        read = [one.people, other.people, offer_to_dict(first), offer_to_dict(second)]
        yield Finding("price_by_round", f"rounds:{one.name}/{other.name}", params, read)
