"""What the engine answers: a quote with its shares, refusals and trace, and the worst case of a basket.

Results are codes with figures, no sentences (those are in `wording`). Amounts are cents. They are not frozen, because a
quote makes some sixty of them and freezing triples what each costs; nobody changes one.
"""

from dataclasses import dataclass, field

from laoke.promotions.engine.values import Layer

Params = dict[str, int | str]


@dataclass(slots=True)
class Share:
    """What one offer takes off one line."""

    offer_id: str
    layer: Layer
    cents: int


@dataclass(slots=True)
class QuotedLine:
    """A line with its prices: list (before offers), base (after the item layer), payable (after all)."""

    line_id: str
    product_id: str
    quantity: int
    list_cents: int
    base_cents: int
    item_offer_id: str
    shares: tuple[Share, ...]
    payable_cents: int
    cost_cents: int | None


@dataclass(slots=True)
class Gift:
    """What is given beside the goods: `pieces` of a product, the value of one in the shop, its cost if known."""

    offer_id: str
    product_id: str
    title: str
    pieces: int
    value_cents: int
    cost_cents: int | None


@dataclass(slots=True)
class Benefit:
    """A promise beside the price (R34, R35): its kind ("level" for a level's reward) and name, the days that a longer
    period adds, the level, its value and what it costs the shop where that is stated."""

    offer_id: str
    kind: str
    title: str
    days: int | None = None
    level: str = ""
    value_cents: int | None = None
    cost_cents: int | None = None


@dataclass(slots=True)
class Consumed:
    """An offer that was used: on which lines, on which sum, how many times, for how much.

    `face_cents` is what it promised, `discount_cents` what it took; they differ where lines reached zero.
    """

    offer_id: str
    layer: Layer
    line_ids: tuple[str, ...]
    scope_cents: int
    times: int
    face_cents: int
    discount_cents: int


@dataclass(slots=True)
class Refusal:
    """An offer that was not used, with the reason as code and figures (rule R14)."""

    offer_id: str
    code: str
    params: Params = field(default_factory=dict)


@dataclass(slots=True)
class NextStep:
    """What is missing to the next step of an open offer, in `unit` (cents, pieces or buyers), and what the step gives.

    `off_cents` is the whole discount at that step; where the step is a rate, `pay_bp` is what the buyer pays for all
    pieces in scope. `gives` says "one" where the rate is for one of them, and else names what no figure says: "gift",
    "postage", "addon", "group", "level".
    """

    offer_id: str
    unit: str
    missing: int
    off_cents: int | None
    pay_bp: int | None
    gives: str = ""


@dataclass(slots=True)
class TraceStep:
    """One step of the calculation: the rule that was followed, what happened, and the change in cents."""

    rule: str
    code: str
    params: Params
    amount_cents: int


@dataclass(slots=True)
class Quote:
    """The price of a basket. payable_cents = Σ lines + postage_cents − postage_off_cents, to the cent.

    `cost_cents` is that of goods, gifts and benefits with a stated cost; `deposit_cents` the part of what is payable
    that is paid beforehand.
    """

    lines: tuple[QuotedLine, ...]
    gifts: tuple[Gift, ...]
    benefits: tuple[Benefit, ...]
    consumed: tuple[Consumed, ...]
    refused: tuple[Refusal, ...]
    next_steps: tuple[NextStep, ...]
    trace: tuple[TraceStep, ...]
    list_cents: int
    base_cents: int
    goods_cents: int
    postage_cents: int
    postage_off_cents: int
    payable_cents: int
    deposit_cents: int
    discount_cents: int
    cost_cents: int | None
    worst_case_cents: int

    @property
    def balance_cents(self) -> int:
        """What is paid after the deposit (R31); all of it where there is none."""
        return self.payable_cents - self.deposit_cents

    @property
    def margin_cents(self) -> int | None:
        """Goods payable minus the cost of goods, of what is given and of waived postage; None when one is unknown."""
        if self.cost_cents is None:
            return None
        return self.goods_cents - self.cost_cents - self.postage_off_cents


@dataclass(slots=True)
class Exposure:
    """The least a buyer could pay for the goods of a basket, if every offer were open to them (rule R16)."""

    list_cents: int
    goods_cents: int
    cost_cents: int | None
    offer_ids: tuple[str, ...]

    @property
    def discount_cents(self) -> int:
        """All offers together, in cents."""
        return self.list_cents - self.goods_cents

    @property
    def margin_cents(self) -> int | None:
        """Goods minus cost; None when the cost of a line is unknown."""
        return None if self.cost_cents is None else self.goods_cents - self.cost_cents

    @property
    def below_cost(self) -> bool | None:
        """True when the goods would go for less than they cost; None when the cost is unknown."""
        return None if self.cost_cents is None else self.goods_cents < self.cost_cents
