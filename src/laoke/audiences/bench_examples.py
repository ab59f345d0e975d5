"""How fast each documented example of the filter language is counted, told apart by what must be read for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

from laoke.audiences import counting
from laoke.audiences.bench import Warm
from laoke.audiences.compiling import count_query, steps_query
from laoke.audiences.readings import reading_of
from laoke.audiences.segments import save_segment
from laoke.audiences.text import parse
from laoke.audiences.tree import InSegment, conditions
from laoke.shops.models import Shop, User
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.engine import forget_parts

OLD_FRIENDS = "bought(3+) and last_order(<= 365d)"


@dataclass(frozen=True)
class Example:
    """A numbered example; `facts` where its query reads more than features and mirrors."""

    number: int
    text: str
    facts: bool

    @property
    def figure(self) -> str:
        return f"segment_example_{self.number:02}"


def named_segments(shop: Shop, texts: Mapping[int, str], user: User, now: datetime) -> None:
    """Make the segments that the examples name, each of those who bought often."""
    found = chain.from_iterable(conditions(parse(text)) for text in texts.values())
    for name in sorted({one.name for one in found if isinstance(one, InSegment)}):
        save_segment(shop, name, OLD_FRIENDS, by=user, now=now)


def sorted_out(shop: Shop, texts: Mapping[int, str], today: date) -> list[Example]:
    """The examples, and which of them must read facts."""
    reading = reading_of(shop, today)
    found = []
    for number, text in texts.items():
        query = count_query(counting.tree_of(shop, text), shop.pk, reading.as_of_day)
        found.append(Example(number, text, _reads_facts(query.sql)))
    return found


def _reads_facts(sql: str) -> bool:
    """Whether a query reads a table that is neither derived nor a mirror."""
    from sqlglot import exp, parse_one

    tree = parse_one(sql, read="duckdb")
    within = {one.alias for one in tree.find_all(exp.CTE)}
    read = {one.name for one in tree.find_all(exp.Table)} - within
    return any(name not in CONTRACTS or CONTRACTS[name].role == "fact" for name in read)


def count_examples(
    shop: Shop, examples: list[Example], today: date, *, runs: int, of_facts: int
) -> Iterator[tuple[Example, Warm]]:
    """Each counted so many times after two that warm up, compiled anew each time and as if asked for the first time:
    nothing of it is kept in memory."""
    for one in examples:

        def forget() -> None:
            forget_parts(reading_of(shop, today).reader)
            count_query.cache_clear()

        def first(text: str = one.text) -> int:
            return counting.count(shop, text, today).n

        yield one, _timed(one.figure, first, of_facts if one.facts else runs, before=forget)


def count_typed(
    shop: Shop, examples: list[Example], today: date, *, runs: int
) -> Iterator[tuple[Example, Warm]]:
    """Each as the builder asks at every further key: with its steps, compiled anew, its sources kept in memory."""
    for one in examples:

        def again(text: str = one.text) -> int:
            return counting.count_by_steps(shop, text, today)[0].n

        yield one, _timed(one.figure, again, runs, before=steps_query.cache_clear)


def _timed(figure: str, count: Callable[[], int], runs: int, *, before: Callable[[], None]) -> Warm:
    """So many counts after two that warm up; what is done before each takes none of its time."""
    wall, cpu, found = [], [], 0
    for run in range(-2, runs):
        before()
        begun, spent = time.perf_counter(), time.process_time()
        found = count()
        if run >= 0:
            wall.append((time.perf_counter() - begun) * 1000)
            cpu.append((time.process_time() - spent) * 1000)
    return Warm(figure, found, tuple(wall), tuple(cpu))
