"""A large shop whose people the ledger knows: keys, sealed contacts, names that can be searched, and their orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from laoke.audiences.bench import Filled
    from laoke.shops.models import Shop

BATCH = 100_000
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文辉"


def nick_of(number: int) -> str:
    return f"tb{number * 7_919 % 1_000_000_007}"


def phone_of(number: int) -> str:
    return f"100{number % 10**8:08d}"


def name_of(number: int) -> str:
    """Eighteen thousand names; some fifty of a million people share one."""
    first, second = GIVEN[number // 20 % 30], GIVEN[number // 600 % 30]
    return SURNAMES[number % 20] + first + second


def fill_known_shop(shop: Shop, now: datetime, *, customers: int, orders: int) -> Filled:
    """People as an import brings them, then their orders, mirrors and features."""
    from django.conf import settings

    from laoke.audiences.bench import fill_shop
    from laoke.customers.names import index_waiting

    known = bring_people(shop, now, customers)
    while index_waiting():
        pass
    filled = fill_shop(shop, settings.PLACE, now, customers=customers, orders=orders, known=known)
    _join_as_drawn(shop, filled.drawn.customers)
    return filled


def bring_people(shop: Shop, now: datetime, count: int) -> NDArray[np.int64]:
    """The numbers of so many new customers with nick, name, phone and address."""
    import pyarrow as pa

    from laoke.intake.loading.people import People
    from laoke.shops.bulk import few_collections

    people, found = People(shop, now), []
    with few_collections():
        for start in range(0, count, BATCH):
            numbers = range(start, min(start + BATCH, count))
            rows = _contacts(numbers)
            found.append(people.customers_of(rows))
            created = pa.chunked_array([pa.array([now] * len(numbers), pa.timestamp("us"))])
            people.note_contacts(rows, found[-1], created)
        people.flags()
    return pa.chunked_array(found).to_numpy()


def _contacts(numbers: Sequence[int]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "nick": [nick_of(n) for n in numbers],
            "receiver_name": [name_of(n) for n in numbers],
            "phone": [phone_of(n) for n in numbers],
            "address": ["浙江省 杭州市 西湖区 文三路 1 号"] * len(numbers),
        }
    )


def _join_as_drawn(shop: Shop, drawn: NDArray[np.int64]) -> None:
    """Say in the ledger who is one person, as the drawn mirror says; what the drawn mirrors hold is not marked."""
    from laoke.customers.models import Customer
    from laoke.shops.bulk import execute_many, write_in_batches
    from laoke.shops.models import Dirty

    joined = len(drawn) // 50
    pairs = list(zip(drawn[-2 * joined : -joined].tolist(), drawn[-joined:].tolist(), strict=True))
    table = Customer._meta.db_table
    write_in_batches(
        pairs, lambda piece: execute_many(f"UPDATE {table} SET person_id = %s WHERE id = %s", piece)
    )
    Dirty.objects.filter(shop=shop).delete()
