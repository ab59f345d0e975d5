"""A query that takes too long is ended from another thread; the next one is not."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from laoke.shops.unavailable_words import told
from laoke.warehouse import spark
from laoke.warehouse.engine import Reader
from laoke.warehouse.engine_setting import SparkSetting
from laoke.warehouse.limits import Replaced, TooLong, limited, replaced, replacing, unlimited

# Minutes of work without a table.
ENDLESS = "SELECT count(*) AS n FROM range(3000000) AS a, range(3000000) AS b WHERE (a.range * b.range) % 7 = $seven"


def one(reader: Reader) -> int:
    found: int = reader.answer("SELECT 1 AS n")["n"][0].as_py()
    return found


def test_a_query_beyond_its_limit_is_ended_and_the_next_one_answers(tmp_path: Path) -> None:
    reader = Reader(tmp_path, {}, engine=None)
    begun = time.monotonic()
    with limited(0.3), pytest.raises(TooLong) as ended:
        reader.answer(ENDLESS, {"seven": 3})
    assert 0.3 <= time.monotonic() - begun < 20
    assert (ended.value.code, ended.value.detail) == ("query_too_long", {"seconds": "0.3"})
    assert told(ended.value) == "算了 0.3 秒还没有算完，已经停下。把时间范围改小一点再试"
    assert one(reader) == 1
    with limited(10):
        assert one(reader) == 1


def test_what_is_asked_within_one_limit_takes_of_it_together(tmp_path: Path) -> None:
    reader = Reader(tmp_path, {}, engine=None)
    with limited(0.2):
        assert one(reader) == 1
        time.sleep(0.25)
        with pytest.raises(TooLong):
            reader.answer("SELECT 1 AS n")
    assert one(reader) == 1


@pytest.mark.parametrize(("outer", "inner"), [(0.2, 60), (60, 0.2)])
def test_of_two_limits_the_one_that_ends_sooner_holds(tmp_path: Path, outer: float, inner: float) -> None:
    with limited(outer), limited(inner), pytest.raises(TooLong) as ended:
        Reader(tmp_path, {}, engine=None).answer(ENDLESS, {"seven": 3})
    assert ended.value.seconds == 0.2


def test_what_is_kept_for_others_is_made_without_a_limit(tmp_path: Path) -> None:
    reader = Reader(tmp_path, {}, engine=None)
    with limited(0):
        with unlimited():
            assert one(reader) == 1
        with pytest.raises(TooLong):
            reader.answer("SELECT 1 AS n")


def test_a_limit_is_of_its_thread_alone(tmp_path: Path) -> None:
    found = []
    with limited(0):
        asking = threading.Thread(target=lambda: found.append(one(Reader(tmp_path, {}, engine=None))))
        asking.start()
        asking.join()
    assert found == [1]


def test_an_error_within_a_limit_stays_what_it_is(tmp_path: Path) -> None:
    import duckdb

    with limited(60), pytest.raises(duckdb.ConversionException):
        Reader(tmp_path, {}, engine=None).answer("SELECT CAST('x' AS INTEGER) AS n")


def test_a_cluster_has_a_limit_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(setting: object, reader: Reader, text: str, params: object) -> object:
        return reader.sql("SELECT 7 AS n")

    monkeypatch.setattr(spark, "answer", answered)
    with limited(0):
        assert one(Reader(tmp_path, {}, engine=SparkSetting("cluster"))) == 7


def asked(reader: Reader, key: str, ended: list[str]) -> threading.Thread:
    """A thread that asks without an end under a key and tells how it ended; it is under way when this returns."""
    begun = threading.Event()

    def ask() -> None:
        try:
            with replacing(key):
                begun.set()
                reader.answer(ENDLESS, {"seven": 3})
        except Replaced as replacement:
            ended.append(f"{key}: {replacement.code}")

    thread = threading.Thread(target=ask)
    thread.start()
    begun.wait()
    return thread


def test_a_newer_question_ends_the_older_of_its_key_and_no_other(tmp_path: Path) -> None:
    reader, ended = Reader(tmp_path, {}, engine=None), list[str]()
    mine, others = asked(reader, "mine", ended), asked(reader, "another's", ended)
    with replacing("mine"):
        mine.join(20)
        assert ended == ["mine: query_replaced"]
        assert one(reader) == 1, "the newer one is answered"
        assert others.is_alive()
    replaced("another's")
    others.join(20)
    assert ended == ["mine: query_replaced", "another's: query_replaced"]
    replaced("mine")  # nobody asks
    assert one(reader) == 1


def test_a_question_replaced_between_two_queries_asks_nothing_more(tmp_path: Path) -> None:
    reader = Reader(tmp_path, {}, engine=None)
    with replacing("mine"):
        assert one(reader) == 1
        replaced("mine")
        with unlimited():
            assert one(reader) == 1, "what is kept for others is made all the same"
        with limited(60), pytest.raises(Replaced):
            reader.answer("SELECT 1 AS n")
    assert one(reader) == 1


def test_a_question_within_a_limit_is_ended_by_it(tmp_path: Path) -> None:
    with replacing("mine"), limited(0.2), pytest.raises(TooLong):
        Reader(tmp_path, {}, engine=None).answer(ENDLESS, {"seven": 3})


def test_that_it_was_replaced_is_said_in_words() -> None:
    assert told(Replaced()) == "条件又改了，这一次没有数完"
