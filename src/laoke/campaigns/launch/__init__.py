"""What speaks against launching a campaign: its offers, prices, words, limits, buyers, stock, and what else runs.

Pure: a plan as plain values comes in, findings with numbers go out. The rules are numbered in
`docs/reference/launch-checks.md`; those of price sheets keep their numbers L1 to L14.
"""

from laoke.campaigns.launch.checking import check_plan
from laoke.campaigns.launch.complexity import Complexity, complexity_of
from laoke.campaigns.launch.finding import Finding, Signed, Weighed, weigh
from laoke.campaigns.launch.protection import Dealt, Protected, Protection, protection_of
from laoke.campaigns.launch.rules import GROUPS, RULES, Rule, Severity, group_of
from laoke.campaigns.launch.values import (
    Carried,
    CouponTerms,
    Draw,
    OtherOffer,
    OtherPrice,
    Plan,
    Planned,
    Priced,
    Prize,
    Said,
    Ware,
)

__all__ = [
    "GROUPS",
    "RULES",
    "Carried",
    "Complexity",
    "CouponTerms",
    "Dealt",
    "Draw",
    "Finding",
    "OtherOffer",
    "OtherPrice",
    "Plan",
    "Planned",
    "Priced",
    "Prize",
    "Protected",
    "Protection",
    "Rule",
    "Said",
    "Severity",
    "Signed",
    "Ware",
    "Weighed",
    "check_plan",
    "complexity_of",
    "group_of",
    "protection_of",
    "weigh",
]
