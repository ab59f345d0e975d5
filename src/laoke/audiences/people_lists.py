"""Lists of people that come as a file: each line names somebody by nick, phone or order number, and may say why.

ListRefused    no column that names anybody (`columns`), too many lines (`too_long`), none at all (`empty`), a cell
               longer than any that names somebody (`cell`);
               what is no table at all is an IntakeRefused of reading
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laoke.customers.contacts import clean_phone, is_masked, mask_nick, mask_phone
from laoke.customers.identities import key_digests
from laoke.customers.models import ContactIndex, Customer, Identity
from laoke.customers.sealing import contact_digest
from laoke.insights.people import customers_of_orders
from laoke.intake.reading.cells import tidy
from laoke.intake.reading.opening import open_source
from laoke.intake.reading.profiles import normal_name
from laoke.intake.reading.refusals import MIB
from laoke.shops.bulk import pieces
from laoke.shops.models import Shop

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

MOST_LINES = 20_000
MOST_BYTES = 16 * MIB
# How a column may be called that holds each kind of name.
COLUMNS: dict[str, tuple[str, ...]] = {
    "nick": (
        "旺旺", "旺旺号", "旺旺id", "旺旺昵称", "会员名", "买家会员名", "买家昵称", "昵称", "买家旺旺",
        "会员号", "nick",
    ),
    "phone": ("手机", "手机号", "手机号码", "联系手机", "联系电话", "电话", "收货人手机", "phone", "mobile"),
    "order_id": ("订单号", "订单编号", "主订单编号", "主订单号", "交易编号", "order_id", "orderid", "tid"),
    "joined": ("进群时间", "入群时间", "进群日期", "入群日期", "joined"),
    "left": ("退群时间", "退群日期", "left"),
    "invite": ("邀请", "进群方式", "入群方式", "邀请人", "邀请码", "invite"),
    "reason": ("原因", "理由", "为什么", "备注", "reason", "note"),
}  # fmt: skip
NAMING = ("nick", "phone", "order_id")


class ListRefused(Exception):
    """A file that is no list of people; `code` as above, `params` say what was found."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


@dataclass(frozen=True)
class Named:
    """One line: its number in the file, what it gives, why; of a chat group since when and until when, as written."""

    line: int
    nick: str = ""
    phone: str = ""
    order_id: str = ""
    reason: str = ""
    joined: str = ""
    left: str = ""
    invite: str = ""

    @property
    def mask(self) -> str:
        """What the line gives, as it may be shown."""
        return mask_nick(self.nick) or mask_phone(self.phone) or self.order_id


@dataclass(frozen=True)
class Unmatched:
    """A line that names nobody: `unknown`, more than one person (`many`), a masked value (`masked`) or `empty`."""

    named: Named
    why: str


@dataclass
class Matched:
    """Who was found, each with the reason of their first line and that line, and the lines that found nobody."""

    lines: int = 0
    people: dict[int, str] = field(default_factory=dict)
    first: dict[int, Named] = field(default_factory=dict)
    unmatched: list[Unmatched] = field(default_factory=list)


def read_list(path: Path) -> list[Named]:
    """The lines of a CSV or Excel file.

    Raises
    ------
    ListRefused, IntakeRefused
    """
    mapping = {f"{role}-{n}": name for role, names in COLUMNS.items() for n, name in enumerate(names)}
    with open_source(path, mapping=mapping) as source:
        at = _columns(source.header)
        with source.data() as stream:
            raw = stream.read_all(MOST_BYTES)
        if raw is None:
            raise ListRefused("too_long", most=MOST_LINES)
        text = raw.decode(source.text_encoding, "replace")
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter)
        try:
            return _lines(rows, at, source.data_line)
        except csv.Error as error:
            raise ListRefused("cell") from error


def _columns(header: Sequence[str]) -> dict[str, int]:
    names = {normal_name(name).lower(): role for role, known in COLUMNS.items() for name in known}
    at: dict[str, int] = {}
    for position, name in enumerate(header):
        role = names.get(normal_name(name).lower())
        if role is not None:
            at.setdefault(role, position)
    if not at.keys() & set(NAMING):
        raise ListRefused("columns", found=list(header))
    return at


def _lines(rows: Iterable[Sequence[str]], at: dict[str, int], first: int) -> list[Named]:
    found: list[Named] = []
    for number, row in enumerate(rows, start=first):
        cells = {role: tidy(row[position]) for role, position in at.items() if position < len(row)}
        if not any(cells.values()):
            continue
        if len(found) == MOST_LINES:
            raise ListRefused("too_long", most=MOST_LINES)
        found.append(Named(number, **cells))
    if not found:
        raise ListRefused("empty")
    return found


def match(shop: Shop, named: Sequence[Named], reader: Reader | None) -> Matched:
    """Find the person of each line by the first of nick, phone and order number that it gives and somebody has."""
    customers = _Customers(shop, named, reader)
    persons = customers.persons()
    result = Matched(lines=len(named))
    for one in named:
        # A phone of another owner's customers in the same house names nobody here: the next thing is asked.
        told = ({persons[customer] for customer in hits if customer in persons} for hits in customers.of(one))
        people = next((found for found in told if found), set())
        if len(people) == 1:
            person = people.pop()
            result.people.setdefault(person, one.reason)
            result.first.setdefault(person, one)
        else:
            result.unmatched.append(Unmatched(one, _why(one, len(people))))
    return result


def _why(one: Named, people: int) -> str:
    if people:
        return "many"
    given = [value for value in (one.nick, one.phone, one.order_id) if value]
    if not given:
        return "empty"
    return "masked" if all(is_masked(value) for value in given) else "unknown"


class _Customers:
    """The customers behind all nicks, phones and order numbers of a list, looked up by sets."""

    def __init__(self, shop: Shop, named: Sequence[Named], reader: Reader | None) -> None:
        self.shop = shop
        self._nicks = self._by_nick({one.nick for one in named if one.nick and not is_masked(one.nick)})
        self._phones = self._by_phone({clean_phone(one.phone) for one in named if one.phone})
        order_ids = sorted({one.order_id for one in named if one.order_id})
        self._orders = customers_of_orders(reader, shop.pk, order_ids) if reader and order_ids else {}

    def of(self, one: Named) -> list[set[int]]:
        """The customers by each thing that a line gives."""
        order = self._orders.get(one.order_id)
        return [
            self._nicks.get(one.nick, set()),
            self._phones.get(clean_phone(one.phone), set()),
            set() if order is None else {order},
        ]

    def persons(self) -> dict[int, int]:
        """The person of every customer that was met, of the shop's owner."""
        met = {customer for hits in (*self._nicks.values(), *self._phones.values()) for customer in hits}
        found: dict[int, int] = {}
        for piece in pieces(sorted(met | set(self._orders.values())), 5_000):
            rows = Customer.objects.filter(owner_id=self.shop.owner_id, pk__in=list(piece))
            found.update(rows.values_list("pk", "person_id"))
        return found

    def _by_nick(self, nicks: set[str]) -> dict[str, set[int]]:
        """A line's nick may be a member number as well: files call both 会员."""
        found: dict[str, set[int]] = {}
        for piece in pieces(sorted(nicks), 500):
            digests = key_digests(self.shop, [(("nick", nick), ("member", nick)) for nick in piece])
            of_digest = {digest: nick for nick, pair in zip(piece, digests, strict=True) for digest in pair}
            rows = Identity.objects.filter(digest__in=list(of_digest)).values_list("digest", "customer_id")
            for digest, customer in rows:
                found.setdefault(of_digest[digest], set()).add(customer)
        return found

    def _by_phone(self, phones: set[str]) -> dict[str, set[int]]:
        of_digest = {contact_digest("phone", phone): phone for phone in phones if phone.isdigit()}
        found: dict[str, set[int]] = {}
        for piece in pieces(sorted(of_digest), 500):
            rows = ContactIndex.objects.filter(digest__in=list(piece)).values_list("digest", "customer_id")
            for digest, customer in rows:
                found.setdefault(of_digest[digest], set()).add(customer)
        return found
