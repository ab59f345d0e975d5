"""All rules over one plan, the blocking ones first."""

from __future__ import annotations

from itertools import chain

from laoke.campaigns.launch.fairness import check_buyers
from laoke.campaigns.launch.finding import Finding
from laoke.campaigns.launch.limits import check_coupons, check_draws, check_gifts
from laoke.campaigns.launch.prices import check_prices
from laoke.campaigns.launch.protection import check_protection
from laoke.campaigns.launch.rules import RULES
from laoke.campaigns.launch.together import check_beside, check_together
from laoke.campaigns.launch.values import Plan
from laoke.campaigns.launch.wording import check_words


def check_plan(plan: Plan) -> list[Finding]:
    """Everything that speaks against launching this plan, by severity and then in the order of the rules."""
    found = chain(
        check_together(plan),
        check_prices(plan),
        check_words(plan),
        check_coupons(plan),
        check_draws(plan),
        check_gifts(plan),
        check_buyers(plan),
        check_protection(plan.protection),
        check_beside(plan),
    )
    order = list(RULES)
    return sorted(found, key=lambda one: (one.severity != "block", order.index(one.code)))
