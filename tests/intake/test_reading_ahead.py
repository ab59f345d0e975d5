"""Work beside the importing thread: batches in order, nothing left running, and what goes wrong there is told here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from laoke.intake.loading.ahead import grouped, meanwhile, reading_ahead


def test_items_come_in_order_from_another_thread() -> None:
    threads = set()

    def items() -> Iterator[int]:
        for number in range(30):
            threads.add(threading.get_ident())
            yield number

    assert list(reading_ahead(items(), ahead=3)) == list(range(30))
    assert threading.get_ident() not in threads


def test_what_the_reader_raises_is_raised_where_the_items_are_used() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("line 2")

    with pytest.raises(ValueError, match="line 2"):
        list(reading_ahead(items()))


def test_leaving_early_ends_the_reader() -> None:
    read = []

    def items() -> Iterator[int]:
        for number in range(1000):
            read.append(number)
            yield number

    with closing(reading_ahead(items(), ahead=2)) as ahead:
        assert next(ahead) == 0
    assert len(read) <= 4
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("laoke-reading")]


def test_groups_end_where_they_are_large_enough() -> None:
    assert list(grouped([3, 4, 5, 1, 1], lambda size: size, 6)) == [[3, 4], [5, 1], [1]]
    assert list(grouped([], lambda size: size, 6)) == []


def test_the_first_groups_are_small_for_whoever_waits_for_them() -> None:
    sizes = [2] * 12
    assert [sum(group) for group in grouped(sizes, lambda size: size, 7, first=1)] == [2, 4, 8, 8, 2]


def test_work_beside_a_block_has_ended_when_the_block_is_left_by_an_error() -> None:
    begun, ended = threading.Event(), []

    def work() -> None:
        begun.wait(10)
        ended.append(threading.current_thread().name)

    with pytest.raises(ValueError, match="contacts"), meanwhile(1) as beside:
        beside.submit(work)
        never = beside.submit(ended.append, "begun after the error")
        never.add_done_callback(lambda _: begun.set())
        raise ValueError("contacts")
    assert len(ended) == 1
    assert ended[0].startswith("laoke-beside")
    assert never.cancelled()


def test_what_the_work_beside_a_block_raises_is_raised_where_its_outcome_is_asked_for() -> None:
    def work() -> None:
        raise ValueError("facts")

    with meanwhile(1) as beside, pytest.raises(ValueError, match="facts"):
        outcome = beside.submit(work)
        outcome.result()
