"""What a text will look like and cost: with the shortest, the usual and the longest values (RULES 1.1, 8.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from laoke.dispatch.text.gateways import GatewayRules
from laoke.dispatch.text.issues import Issue, Severity
from laoke.dispatch.text.length import check_length, received_length, segments_of
from laoke.dispatch.text.template import Template
from laoke.dispatch.text.variables import VARIABLES, Variable, fitting_value


@dataclass(frozen=True)
class Case:
    """One reading of the text as the phone shows it; the cost of one message in thousandths of a yuan."""

    text: str
    length: int
    segments: int
    cost_millis: int


@dataclass(frozen=True)
class Preview:
    """Three readings and what they mean for a number of people."""

    shortest: Case
    usual: Case
    longest: Case
    people: int
    issues: tuple[Issue, ...]

    @property
    def cost_range_millis(self) -> tuple[int, int]:
        """The least and the most the whole round costs, in thousandths of a yuan."""
        return self.shortest.cost_millis * self.people, self.longest.cost_millis * self.people

    @property
    def segment_range(self) -> tuple[int, int]:
        """The least and the most segments the whole round takes from the quota."""
        return self.shortest.segments * self.people, self.longest.segments * self.people


def preview(
    sign: str,
    template: Template,
    rules: GatewayRules,
    *,
    price_millis: int,
    people: int = 1,
    values: Mapping[str, str] | None = None,
) -> Preview:
    """Render a checked template three times. `price_millis` is the price of one segment in thousandths of
    a yuan.

    `values` that are the same for everyone stand in all three as they will be sent. Other variables that are
    not in the registry are shown with values of 1, 6 and 20 characters.
    """
    known = [VARIABLES.get(name) or Variable(name, 1, 6, 20, "变量") for name in template.names]
    cap = rules.value_max if rules.value_max is not None else max((v.longest for v in known), default=0)

    fixed = _fixed(known, values or {}, rules)

    def case(examples: dict[str, str]) -> Case:
        body = template.render(examples | fixed)
        length = received_length(sign, body)
        segments = segments_of(length)
        return Case(f"【{sign}】{body}", length, segments, segments * price_millis)

    shortest = case({v.name: v.example(v.shortest) for v in known})
    usual = case({v.name: v.example(min(v.usual, cap)) for v in known})
    longest = case({v.name: v.example(min(v.longest, cap)) for v in known})
    issues = check_length(longest.length)
    if shortest.segments != longest.segments:
        params = {"least": shortest.segments, "most": longest.segments}
        issues.append(Issue("segments_vary", Severity.NOTE, params))
    return Preview(shortest, usual, longest, people, tuple(issues))


def _fixed(known: Sequence[Variable], values: Mapping[str, str], rules: GatewayRules) -> dict[str, str]:
    """The given values as they may stand in a text; a value that cannot go leaves its example."""
    fitting = {
        v.name: fitting_value(v, values.get(v.name), rules.value_max) for v in known if v.name in values
    }
    return {name: value for name, value in fitting.items() if value is not None}


def millis_to_cents(millis: int) -> int:
    """Thousandths of a yuan as whole cents, rounded up: a budget is never short."""
    return -(-millis // 10)
