"""Every rule by its code: its number, whether it blocks, where it comes from and how sure that source is.

The numbers stand in docs/reference/launch-checks.md with what each looks at. How sure: P the law or a vendor's own
document was read, S a copy or a tutorial, W one weak page or a practice list, U common knowledge without a source,
own this product's own judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from laoke.promotions.ladder import RULES as LADDER_RULES

Severity = Literal["block", "warn"]
Sure = Literal["P", "S", "W", "U", "own"]
LADDER = "ladder."


@dataclass(frozen=True)
class Rule:
    """`source` is the mark under which words for it are kept; `article` is the law's number where there is one."""

    number: str
    severity: Severity
    source: str
    sure: Sure
    article: str = ""


RULES: dict[str, Rule] = {
    # Offers together.
    "too_many_offers": Rule("C1", "block", "practice", "own"),
    "too_complex": Rule("C2", "warn", "practice", "own"),
    "offer_over": Rule("C3", "block", "price_fraud", "P", "19, 20"),
    # What prices are measured by; the prices themselves follow L1 to L14.
    "baseline_not_known": Rule("C4", "warn", "promotion_rules", "P"),
    "was_in_words": Rule("C5", "block", "price_fraud", "P", "16, 17"),
    "reference_price": Rule("C6", "warn", "price_fraud", "P", "16, 17"),
    "cut_from_what": Rule("C7", "warn", "practice", "own"),
    "price_not_offered": Rule("C8", "warn", "price_fraud", "P", "20"),
    # Words.
    "absolute_word": Rule("C9", "block", "advertising", "P", "9"),
    "strong_word": Rule("C10", "warn", "absolute_guide", "W"),
    "paid_praise": Rule("C11", "block", "net_competition", "S", "9"),
    "leads_away": Rule("C12", "warn", "platform", "U"),
    "medical_claim": Rule("C13", "warn", "advertising", "U"),
    "hidden_terms": Rule("C14", "warn", "promotion_rules", "U"),
    # Coupons, prizes, gifts.
    "coupon_not_usable": Rule("C15", "block", "price_fraud", "P", "19"),
    "coupon_used_up": Rule("C16", "block", "price_fraud", "P", "19"),
    "coupon_unlimited": Rule("C17", "warn", "own", "own"),
    "coupon_without_budget": Rule("C18", "warn", "own", "own"),
    "coupon_budget_short": Rule("C19", "warn", "own", "own"),
    "coupon_free_goods": Rule("C20", "warn", "own", "own"),
    "prize_above_cap": Rule("C21", "block", "promotion_rules", "P"),
    "draw_unclear": Rule("C22", "block", "promotion_rules", "P"),
    "odds_wrong": Rule("C23", "block", "competition", "P", "10"),
    "gift_not_in_stock": Rule("C24", "block", "advertising", "P", "8"),
    "gift_short": Rule("C25", "warn", "own", "own"),
    "gift_number_unsaid": Rule("C26", "warn", "price_fraud", "P", "18"),
    "gift_value": Rule("C27", "block", "price_fraud", "P", "18"),
    # Buyers.
    "price_for_some": Rule("C28", "block", "pipl", "P", "24"),
    "new_buyers_only": Rule("C29", "warn", "pipl", "P", "24"),
    "level_unknown": Rule("C30", "warn", "pipl", "P", "24"),
    "price_by_round": Rule("C31", "block", "pipl", "P", "24"),
    "price_protection": Rule("C32", "warn", "protection", "S"),
    # What else runs.
    "same_layer_elsewhere": Rule("C33", "warn", "stacking", "S"),
    "stacks_elsewhere": Rule("C34", "warn", "stacking", "S"),
    "priced_elsewhere": Rule("C35", "block", "price_fraud", "P", "20"),
}

_LADDER_SOURCES: dict[str, tuple[str, Sure, str]] = {
    "missing_cost": ("own", "own", ""),
    "below_cost": ("price_law", "P", "14"),
    "loss": ("practice", "own", ""),
    "below_floor": ("own", "own", ""),
    "invented_was": ("price_fraud", "P", "16, 17"),
    "no_baseline": ("price_fraud", "P", "16"),
    "no_cut": ("price_fraud", "P", "16"),
    "sold_lower": ("price_fraud", "P", "17"),
    "above_list": ("price_fraud", "P", "20"),
    "role_order": ("practice", "own", ""),
    "too_close": ("practice", "own", ""),
    "too_far": ("practice", "own", ""),
    "competitor_cheaper": ("practice", "own", ""),
    "stock_short": ("own", "own", ""),
    "was_not_listed": ("price_fraud", "P", "17"),
    "list_raised": ("price_fraud", "P", "17"),
}
RULES |= {
    f"{LADDER}{code}": Rule(number, "block" if severity == "bad" else "warn", *_LADDER_SOURCES[code])
    for code, (number, severity) in LADDER_RULES.items()
}


# The groups in the order of the numbers, each with the last number it holds.
GROUPS: tuple[tuple[str, int], ...] = (
    ("offers", 3), ("prices", 8), ("words", 14), ("limits", 27), ("buyers", 32), ("beside", 35),
)  # fmt: skip


def group_of(code: str) -> str:
    """Under which heading a rule stands; all rules of the ladder are about prices."""
    if code.startswith(LADDER):
        return "prices"
    number = int(RULES[code].number.removeprefix("C"))
    return next(name for name, last in GROUPS if number <= last)
