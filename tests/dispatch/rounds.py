"""A demo shop with people who may be written to, a channel that does as it is told, and a clock one can turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from laoke.customers.consent import Declaration, declare
from laoke.customers.models import Customer
from laoke.customers.vault import Contact, store_contacts
from laoke.dispatch import occasions
from laoke.dispatch.channels.base import (
    Channel,
    Outcome,
    QueryResult,
    Receipt,
    Recipient,
    Reply,
    SendRequest,
    SendResult,
)
from laoke.dispatch.gateways import make_loopback_gateway
from laoke.dispatch.models import Gateway, Message, Occasion
from laoke.dispatch.planning import PlannedPerson, all_treated, plan_occasion
from laoke.dispatch.sending import SendSettings
from laoke.shops.models import Role, Shop, User
from laoke.shops.setup import add_shop, add_user

START = datetime(2026, 10, 31, 10, 0)
SIGN, BODY = "老客家纺", "${buyer_nick}，双十一满300减40，拒收请回复R"


@dataclass
class Clock:
    """The shop's time, moved by the test."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def forward(self, **step: float) -> None:
        self.at += timedelta(**step)


@dataclass
class FakeChannel(Channel):
    """Answers by `answers` (address → outcome), accepts otherwise; remembers every call and every acceptance."""

    answers: dict[str, Outcome] = field(default_factory=dict)
    found: dict[str, QueryResult] = field(default_factory=dict)
    before_send: Callable[[SendRequest], None] = lambda request: None
    power: Any = "queryable"
    max_batch: int = 100
    call_timeout_s: float = 5.0
    absence_proof_after_s: float | None = 900.0
    name: str = "fake"
    medium: str = "sms"
    loopback: bool = True
    calls: list[SendRequest] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def send(self, request: SendRequest) -> SendResult:
        self.before_send(request)
        self.calls.append(request)
        outcomes = {}
        for recipient in request.recipients:
            outcome = self.answers.get(
                recipient.address, Outcome("accepted", provider_id=f"biz{len(self.calls)}")
            )
            if outcome.kind == "accepted":
                self.taken.append(recipient.address)
            outcomes[recipient.attempt_id] = outcome
        return SendResult(outcomes)

    def query(self, recipient: Recipient, day: date, out_id: str) -> QueryResult:
        self.asked.append(recipient.address)
        return self.found.get(recipient.address, QueryResult("not_found"))

    def parse_receipts(self, body: bytes) -> list[Receipt]:
        raise NotImplementedError

    def parse_replies(self, body: bytes) -> list[Reply]:
        raise NotImplementedError


ONE_BY_ONE = SendSettings(parallel=1, turn_seconds=30.0)


@dataclass
class Reach:
    """A demo shop, its rehearsal gateway and its owner."""

    shop: Shop
    gateway: Gateway
    owner: User
    clock: Clock

    def people(self, count: int, start: int = 1, *, consent: bool = True) -> list[PlannedPerson]:
        return make_people(self, range(start, start + count), consent=consent)

    def occasion(
        self, people: Sequence[PlannedPerson] = (), *, launch: bool = True, **changes: Any
    ) -> Occasion:
        """A planned and launched round to these people."""
        now = self.clock.now()
        fields: dict[str, Any] = {
            "kind": "round",
            "name": "第一轮",
            "channel": "sms",
            "not_before": now,
            "not_after": now + timedelta(hours=8),
            "gateway": self.gateway,
            "signature": SIGN,
            "body": BODY,
        }
        occasion = occasions.make_occasion(self.shop, now=now, by=self.owner, **{**fields, **changes})
        Occasion.objects.filter(pk=occasion.pk).update(provider_code="SMS_1")
        occasion.refresh_from_db()
        if people:
            plan_occasion(occasion, people, arms=all_treated, now=now)
            if launch:
                occasions.launch(occasion, by=self.owner, now=now)
        return occasion


def reach_shop(clock: Clock, name: str = "示例家纺旗舰店", *, demo: bool = True) -> Reach:
    shop = add_shop(name, now=clock.now(), is_demo=demo)
    owner, _ = add_user(
        f"owner-{shop.pk}", shops=[shop], role=Role.OWNER, now=clock.now(), password="ten-letters!"
    )
    return Reach(shop, make_loopback_gateway(shop, now=clock.now()), owner, clock)


def phone(number: int) -> str:
    """A number of the range that is never assigned."""
    return f"100{number:08d}"


def make_people(reach: Reach, numbers: Sequence[int], *, consent: bool = True) -> list[PlannedPerson]:
    """Persons whose id is their number (plus a million), with a phone of the demo range, and consent declared."""
    shop, now = reach.shop, reach.clock.now()
    ids = [1_000_000 + number for number in numbers]
    Customer.objects.bulk_create(
        [Customer(pk=i, owner_id=shop.owner_id, person_id=i, created_at=now) for i in ids]
    )
    contacts = [
        Contact(i, nick=f"客户{number}号", phone=phone(number))
        for i, number in zip(ids, numbers, strict=True)
    ]
    store_contacts(shop, contacts)
    if consent:
        give_consent(reach)
    return [PlannedPerson(i, i) for i in ids]


def give_consent(reach: Reach, channel: str = "sms") -> None:
    today = reach.clock.now().date()
    declared = Declaration(
        channel, "店长", "收货时勾选同意接收活动短信", "v1", today - timedelta(days=300), today, "订单页截图"
    )
    declare(reach.shop, declared, by=reach.owner, now=reach.clock.now())


def states(occasion: Occasion) -> dict[str, int]:
    """How many messages stand in which state."""
    counts: dict[str, int] = {}
    for state in Message.objects.filter(occasion=occasion).values_list("state", flat=True):
        counts[state] = counts.get(state, 0) + 1
    return counts


def receipt_for(message: Message, out_id: str, address: str, **changes: Any) -> Mapping[str, Any]:
    """An Aliyun report on one message, delivered unless changed."""
    entry = {
        "phone_number": address,
        "send_time": "2026-10-31 10:00:01",
        "report_time": "2026-10-31 10:00:03",
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "",
        "sms_size": "1",
        "biz_id": f"biz-{message.pk}",
        "out_id": out_id,
    }
    return {**entry, **changes}
