"""Answers that cannot be true, or are too much: refused with what was found and expected, the cursor where it was."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from laoke.customers.models import OrderText
from laoke.customers.vault import open_order_text
from laoke.intake.models import (
    Connection,
    ConnectionState,
    ImportRun,
    Listener,
    PlatformMessage,
    PullCursor,
    QuarantinedRow,
)
from laoke.intake.top import asking, call, connections, pulling
from laoke.intake.top.call import Account, TopClient, TopTrouble, trouble_in
from laoke.intake.top.line import _told, number_in
from laoke.intake.top.listening import Listening
from laoke.intake.top.loopback import LoopbackTop
from laoke.intake.top.trades import RowUnreadable, trade_of
from laoke.intake.top.words import trouble_text
from laoke.shops.loopback_http import LoopbackServer
from laoke.shops.models import Shop
from tests.top.platform import (
    NOW,
    MovedClock,
    Sleeps,
    check_truth,
    client_of,
    pull_once,
    small_shop,
    stored,
    true_orders,
)
from tests.top.test_trades import PAID

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[[dict[str, str], dict[str, Any]], dict[str, Any]]
DAYS = timedelta(days=4)
BEGAN = NOW - timedelta(minutes=1) - DAYS
SOLD, INCREMENT, REFUNDS = (
    "taobao.trades.sold.get", "taobao.trades.sold.increment.get", "taobao.refunds.receive.get"
)  # fmt: skip
FULL, TIME = "taobao.trade.fullinfo.get", "taobao.time.get"


@pytest.fixture
def platform(clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackTop]:
    monkeypatch.setattr(pulling, "HISTORY", DAYS)
    with LoopbackTop(small_shop(trades=30, days=4), clock) as platform:
        yield platform


def changed(platform: LoopbackTop, method: str, change: Change) -> Callable[[], None]:
    """Have the platform answer a method as `change(parameters, true answer)` says, until what is returned is called."""
    true = platform.perform

    def perform(params: dict[str, str], fault: Any) -> dict[str, Any]:
        told = true(params, fault)
        if params["method"] != method:
            return told
        [(name, answer)] = told.items()
        return {name: change(params, answer)}

    platform.perform = perform  # type: ignore[method-assign,assignment]

    def mend() -> None:
        platform.perform = true  # type: ignore[method-assign]

    return mend


def refused(connection: Connection, clock: MovedClock, found: str, expected: str) -> None:
    """The turn ends with that trouble, which the connection lists; it stays active and tries again later."""
    turn = pull_once(connection, clock)
    assert turn.trouble is not None
    assert (turn.trouble.kind, turn.done) == ("answer", False)
    assert (connection.trouble["found"], connection.trouble["expected"]) == (found, expected)
    assert connection.trouble["method"].startswith("taobao.")
    assert trouble_text(connection.trouble).startswith(f"平台答的是 {found}，应为 {expected}。")
    assert (connection.state, connection.failures) == (ConnectionState.ACTIVE, 1)
    assert connection.next_pull_at == clock() + timedelta(minutes=3)


def heals(connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock) -> None:
    """Once the platform answers as it should, everything is there and nothing twice."""
    clock.move(minutes=4)
    assert pull_once(connection, clock).done
    assert (connection.trouble, connection.failures) == ({}, 0)
    check_truth(shop, platform, clock)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (10**18, "1000000000000000000"), (10_000_001, "10000001"), (-1, "-1"), ("many", "many"), (True, "True"),
        (1e999, "inf"), ([5], "[5]"), (2.5, "2.5"), ("٣", "٣"), (10**300, "1" + "0" * 39),
    ],
)  # fmt: skip
def test_a_count_that_cannot_be_is_refused_at_the_first_page(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, told: object, found: str
) -> None:
    mend = changed(
        platform, REFUNDS, lambda params, answer: {"total_results": told, "request_id": "loopback"}
    )
    refused(connection, clock, f"total_results = {found}", "total_results 0–10000000")
    assert platform.calls[REFUNDS] == 1
    cursor = PullCursor.objects.get(stream="refunds")
    assert (cursor.reached, cursor.page) == (BEGAN, None)
    mend()
    heals(connection, shop, platform, clock)


def test_a_count_below_what_is_listed_is_refused_and_so_is_none(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    rows = {"refunds": {"refund": [{"refund_id": "1"}, {"refund_id": "2"}]}}
    changed(platform, REFUNDS, lambda params, answer: {**rows, "total_results": 1})
    refused(connection, clock, "total_results = 1", "total_results 2–10000000")
    connections.resume(connection, by=None, now=clock())
    changed(platform, REFUNDS, lambda params, answer: dict(rows))
    refused(connection, clock, "total_results = ?", "total_results 2–10000000")
    cursor = PullCursor.objects.get(stream="refunds")
    assert (cursor.reached, cursor.page) == (BEGAN, None)


@pytest.mark.parametrize(
    ("listed", "found", "expected"),
    [
        ({"refund": [{"refund_id": str(n)} for n in range(51)]}, "refunds × 51", "refunds × 0–50"),
        ({"refund": "all of them"}, "refunds = all of them", "[{…}]"),
        ({"refund": ["1"]}, "refunds =  1 ", "[{…}]"),
        ({"refund": 7}, "refunds = 7", "[{…}]"),
        (["1"], "refunds =  1 ", "[{…}]"),
        ("1", "refunds = 1", "[{…}]"),
    ],
)
def test_a_page_that_is_no_list_of_so_many_rows_is_refused_and_no_row_passed_over(
    connection: Connection,
    platform: LoopbackTop,
    clock: MovedClock,
    listed: object,
    found: str,
    expected: str,
) -> None:
    changed(platform, REFUNDS, lambda params, answer: {"refunds": listed, "total_results": 60})
    refused(connection, clock, found.replace("=  1 ", "= [ 1 ]"), expected)
    assert PullCursor.objects.get(stream="refunds").reached == BEGAN


def test_pages_that_repeat_for_ever_are_refused_at_the_second_and_each_turn_again(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    first: list[dict[str, Any]] = []

    def again(params: dict[str, str], answer: dict[str, Any]) -> dict[str, Any]:
        if "trades" in answer and not first:
            first.append(answer["trades"])
        return {"trades": first[0], "has_next": True} if first else answer

    mend = changed(platform, SOLD, again)
    refused(connection, clock, "page_no 2 ⊆ 1…1", "page_no 2 ≠ 1…")
    before = PullCursor.objects.get(stream="history")
    assert (before.page, before.reached < before.goal) == (None, True)
    for _ in range(3):
        platform.calls.clear()
        pull_once(connection, clock)
        cursor = PullCursor.objects.get(stream="history")
        assert (cursor.reached, cursor.until, cursor.page) == (before.reached, before.until, None)
        assert platform.calls[SOLD] == 2
    mend()
    heals(connection, shop, platform, clock)


def test_pages_that_take_turns_and_empty_ones_that_promise_more_are_refused(
    connection: Connection, platform: LoopbackTop, clock: MovedClock
) -> None:
    true = [str(trade.tid) for trade in platform.shop.visible(NOW)][:2]

    def turns(params: dict[str, str], answer: dict[str, Any]) -> dict[str, Any]:
        row = {"tid": true[int(params["page_no"]) % 2], "modified": "2026-10-30 10:00:00"}
        return {"trades": {"trade": [row]}, "has_next": True}

    changed(platform, SOLD, turns)
    refused(connection, clock, "page_no 3 ⊆ 1…2", "page_no 3 ≠ 1…")
    before = PullCursor.objects.get(stream="history")
    connections.resume(connection, by=None, now=clock())
    changed(platform, SOLD, lambda params, answer: {"has_next": True})
    refused(connection, clock, "page_no 1 ⊆ 1…0", "page_no 1 ≠ 1…")
    after = PullCursor.objects.get(stream="history")
    assert (after.reached, after.until) == (before.reached, before.until)


def test_pages_without_end_end_at_a_bound(
    connection: Connection, platform: LoopbackTop, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_ROWS", 200)
    numbers = iter(range(10**6))

    def fresh(params: dict[str, str], answer: dict[str, Any]) -> dict[str, Any]:
        return {"trades": {"trade": [{"tid": 10**15 + next(numbers)}]}, "has_next": True}

    changed(platform, SOLD, fresh)
    refused(connection, clock, "page_no = 4, has_next = true", "page_no 1–4")
    assert PullCursor.objects.get(stream="history").page == 4


@pytest.mark.parametrize(
    "told", ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "1998-01-01 00:00:00", "2026-10-31 10:15:01", "", "soon"]
)  # fmt: skip
def test_a_platform_whose_time_is_far_from_ours_is_not_pulled_from(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, told: str
) -> None:
    mend = changed(platform, TIME, lambda params, answer: {"time": told})
    refused(connection, clock, told or "time = ?", "2026-10-31 10:00:00 ± 15 min")
    assert not PullCursor.objects.exists()
    mend()
    heals(connection, shop, platform, clock)


@pytest.mark.parametrize(
    ("field", "told", "reason"),
    [
        ("created", "0001-01-01 00:00:00", "time_impossible"), ("pay_time", "9999-12-31 00:00:00", "time_impossible"),
        ("created", "2099-01-01 00:00:00", "time_ahead"), ("modified", "2026-11-02 10:00:00", "time_ahead"),
        ("payment", "9" * 40, "money_unreadable"), ("total_fee", "1" + "0" * 13, "money_unreadable"),
        ("post_fee", "999999999999.99", "money_too_large"), ("payment", 1e999, "money_unreadable"),
        ("coupon_fee", 2**31, "count_unreadable"), ("tid", "x" * 65, "id_unreadable"), ("tid", 7, "id_unreadable"),
        ("orders", 5, "word_unknown"), ("orders", {"order": [{}] * 1001}, "count_unreadable"),
        ("orders", {"order": [{"oid": "1", "num": 2**31 - 1}, {"oid": "2", "num": 1}]}, "count_unreadable"),
        ("orders", {"order": [[]]}, "word_unknown"),
    ],
)  # fmt: skip
def test_a_trade_of_impossible_numbers_is_put_aside_and_holds_up_no_other(
    connection: Connection,
    shop: Shop,
    platform: LoopbackTop,
    clock: MovedClock,
    field: str,
    told: object,
    reason: str,
) -> None:
    strange = min(trade.tid for trade in platform.shop.visible(NOW - timedelta(hours=1)))

    def change(params: dict[str, str], answer: dict[str, Any]) -> dict[str, Any]:
        return {"trade": {**answer["trade"], field: told}} if params["tid"] == strange else answer

    changed(platform, FULL, change)
    turn = pull_once(connection, clock)
    assert (turn.done, turn.aside >= 1, turn.trouble) == (True, True, None)
    assert set(QuarantinedRow.objects.values_list("reason", flat=True)) == {reason}
    there = {row[0] for row in true_orders(platform, NOW - timedelta(minutes=1), BEGAN)}
    assert {row[0] for row in stored("orders", "order_id", shop)} == there - {strange}
    assert len(there) > 4
    assert set(ImportRun.objects.values_list("state", flat=True)) == {"done"}


def test_halves_of_characters_and_nul_are_stored_as_something_that_can_be(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    strange = min(trade.tid for trade in platform.shop.visible(NOW - timedelta(hours=1)))

    def change(params: dict[str, str], answer: dict[str, Any]) -> dict[str, Any]:
        given = {"seller_memo": "a\ud800b\0c", "receiver_city": "\udfff", "modified": "2026-10-30 10:00:00"}
        return {"trade": {**answer["trade"], **given}} if params["tid"] == strange else answer

    changed(platform, FULL, change)
    pull_once(connection, clock)
    assert open_order_text(OrderText.objects.get(order_id=strange))["seller_memo"] == "a?bc"
    assert (strange, "?") in stored("orders", "order_id, city", shop)


def test_a_row_that_says_it_changed_in_the_year_9999_is_not_known_for_ever(
    connection: Connection, platform: LoopbackTop, clock: MovedClock
) -> None:
    pull_once(connection, clock)
    clock.move(minutes=20)
    tid = min(trade.tid for trade in platform.shop.visible(NOW - timedelta(hours=1)))
    row = {"tid": tid, "modified": "9999-12-31 00:00:00"}
    rows = [row, {"tid": "\ud800" * 900, "modified": "2026-10-31 10:15:00"}]
    changed(platform, INCREMENT, lambda params, answer: {"trades": {"trade": rows}, "total_results": 2})
    assert pull_once(connection, clock).done
    assert not {tid, "?" * 900} & set(PullCursor.objects.get(stream="changes").seen)


def test_an_order_that_is_told_under_another_number_is_put_aside_and_not_asked_for_without_end(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    pull_once(connection, clock)
    PlatformMessage.objects.create(
        connection=connection, number="1", topic="taobao_trade_TradeCreate", order_id="42", heard_at=clock()
    )
    other = min(trade.tid for trade in platform.shop.visible(NOW - timedelta(hours=1)))
    row = platform.shop.row(platform.shop.trades[other], NOW)
    platform.calls.clear()
    for told in ({"trade": row}, {"trade": {}}, {}):
        PlatformMessage.objects.update(read_at=None)
        mend = changed(platform, FULL, lambda params, answer, told=told: told)  # type: ignore[misc]
        assert pull_once(connection, clock).aside == 1
        assert not PlatformMessage.objects.filter(read_at=None).exists()
        mend()
    assert platform.calls[FULL] == 3


def test_ratings_parcels_and_sellers_of_no_shape_are_no_traceback(
    connection: Connection, platform: LoopbackTop, clock: MovedClock
) -> None:
    mend = changed(platform, "taobao.logistics.trace.search", lambda params, answer: {"trace_list": [1]})
    refused(connection, clock, "trace_list = [1]", "[{…}] × 0–1000")
    mend()
    changed(platform, "taobao.user.seller.get", lambda params, answer: {"user": [1]})
    Listening(clock).turn()
    assert Listener.objects.get().trouble["code"] == "unreadable"


# --- Bodies: a server that sends whatever it likes.


class _Hostile(BaseHTTPRequestHandler):
    """Sends the head and then, piece by piece, what the test wants, and counts it."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.close_connection = True
        self.server.asked.append(self.headers.get("Accept-Encoding"))
        head, pieces = self.server.answer()
        self.wfile.write(b"HTTP/1.1 200 -\r\nContent-Type: application/json\r\n" + head)
        for piece in pieces:
            self.wfile.write(piece)
            self.server.sent += len(piece)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def hostile(head: bytes, pieces: Callable[[], Iterator[bytes]], ends: bytes = b"\r\n") -> Iterator[Any]:
    server: Any = LoopbackServer(("127.0.0.1", 0), _Hostile)
    server.sent, server.asked, server.answer = 0, [], lambda: (head + ends, pieces())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.close_all()


def trouble_of(server: Any, clock: MovedClock) -> TopTrouble:
    account = Account("1", "s", "t", f"http://127.0.0.1:{server.server_address[1]}/router/rest")
    with TopClient(account, now=clock, sleep=Sleeps()) as client, pytest.raises(TopTrouble) as trouble:
        client.call("taobao.time.get")
    assert client.calls == 1
    return trouble.value


def mebibytes(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * 2**20


@pytest.mark.parametrize("head", [b"Content-Length: 5000000000\r\n", b"Connection: close\r\n"])
def test_of_a_body_of_gigabytes_two_megabytes_are_read(clock: MovedClock, head: bytes) -> None:
    with hostile(head, lambda: mebibytes(5000)) as server:
        trouble = trouble_of(server, clock)
        time.sleep(0.1)
        sent = server.sent
    assert (trouble.kind, trouble.expected) == ("answer", "0–2000000 B")
    assert sent < 30 * 2**20


def test_a_text_of_a_hundred_megabytes_is_not_read_to_its_end(clock: MovedClock) -> None:
    def text() -> Iterator[bytes]:
        yield b'{"time_get_response": {"time": "'
        yield from (b"x" * 2**20 for _ in range(100))
        yield b'"}}'

    with hostile(b"Connection: close\r\n", text) as server:
        assert trouble_of(server, clock).expected == "0–2000000 B"


def test_what_is_packed_is_not_unpacked(clock: MovedClock) -> None:
    bomb = gzip.compress(gzip.compress(b"0" * 10**7))
    head = f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(bomb)}\r\n".encode()
    with hostile(head, lambda: iter([bomb])) as server:
        trouble = trouble_of(server, clock)
    assert server.asked == ["identity"]
    assert (trouble.found, trouble.expected) == (
        "Content-Encoding: gzip, gzip", "Content-Encoding: identity",
    )  # fmt: skip


def test_a_body_that_drips_is_not_waited_for(clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "LONGEST_ANSWER_SECONDS", 0.3)

    def drips() -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.05)
            yield b" "

    with hostile(b"Connection: close\r\n", drips) as server:
        trouble = trouble_of(server, clock)
    assert (trouble.kind, trouble.found, trouble.expected) == ("answer", "0.3+ s", "0–0.3 s")
    assert server.sent < 50


def test_headers_that_drip_are_not_waited_for(clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "LONGEST_ANSWER_SECONDS", 0.3)

    def drips() -> Iterator[bytes]:
        for number in range(100):
            time.sleep(0.05)
            yield b"X-%d: 1\r\n" % number

    # Without the empty line after them the head goes on for as long as the server likes.
    with hostile(b"", drips, ends=b"") as server:
        trouble = trouble_of(server, clock)
    assert (trouble.kind, trouble.found, trouble.expected) == ("answer", "0.3+ s", "0–0.3 s")
    assert server.sent < 600


def test_a_call_after_a_slow_one_is_answered(
    clock: MovedClock, platform: LoopbackTop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client_of(platform, clock) as client:
        client.call("taobao.time.get")
        with client._deadline.within(0.01):  # the connection that is kept is closed under the client
            time.sleep(0.1)
        assert client._deadline.passed
        assert client.call("taobao.time.get")["time"]
        assert not client._deadline.passed


def sent(clock: MovedClock, body: bytes) -> TopTrouble:
    head = f"Content-Length: {len(body)}\r\n".encode()
    with hostile(head, lambda: iter([body])) as server:
        return trouble_of(server, clock)


@pytest.mark.parametrize("depth", [33, 900, 500_000])
def test_an_answer_that_is_nested_without_end_is_refused(clock: MovedClock, depth: int) -> None:
    trouble = sent(clock, b'{"a": ' + b"[" * depth + b"]" * depth + b"}")
    assert (trouble.kind, trouble.found, trouble.expected) == ("answer", "JSON 32+", "JSON 1–32")


def test_a_text_that_is_longer_than_any_of_the_platforms_is_refused(clock: MovedClock) -> None:
    for told in ({"a": ["x" * 20_001]}, {"error_response": {"code": 7, "sub_msg": "9" * 20_001}}):
        trouble = sent(clock, json.dumps(told).encode())
        assert (trouble.kind, trouble.found, trouble.expected) == ("answer", "20001 (len)", "0–20000 (len)")


@pytest.mark.parametrize("code", ["9" * 5000, "٣", [1], None, -7])
def test_a_code_that_is_no_number_is_a_refusal(code: object) -> None:
    trouble = trouble_in("m", {"code": code, "sub_code": "\ud800\0x"})
    assert (trouble.kind, trouble.code.split()[-1]) == ("refused", "x")


def test_a_ban_of_a_year_is_waited_for_a_day_and_one_of_endless_digits_is_read_at_once(
    connection: Connection, platform: LoopbackTop, clock: MovedClock
) -> None:
    begun = time.monotonic()
    for digits in ("31536000", "9" * 19_000):
        error = {"code": 7, "sub_msg": f"This ban will last for {digits} more seconds"}
        platform.perform = lambda params, fault, error=error: {"error_response": error}  # type: ignore[method-assign,misc]
        turn = pull_once(connection, clock)
        assert turn.trouble is not None and turn.trouble.kind == "busy"
        assert connection.next_pull_at == clock() + timedelta(days=1)
    assert time.monotonic() - begun < 20


# --- Messages.


@pytest.mark.parametrize(
    ("told", "number"),
    [
        (91, "91"), ("9223372036854775807", "9223372036854775807"), ("9223372036854775808", ""), (10**30, ""),
        (-5, ""), ("x" * 900_000, ""), ("٣", ""), (None, ""), (b"1", ""), (True, ""),
    ],
)  # fmt: skip
def test_a_message_tells_numbers_that_fit_or_none(told: object, number: str) -> None:
    assert number_in(told) == number


def test_a_message_of_whatever_shape_names_no_order() -> None:
    bodies = ["[" * 400_000, '{"tid": ' + "9" * 5000 + "}", '{"tid": [1]}', "[1]", "", '{"tid": 1e999}']
    for body in bodies:
        told = _told({"id": "9" * 30, "userid": "x" * 50, "topic": "t\0\ud800" + "x" * 900, "content": body})
        assert (told.number, told.seller, told.order_id, len(told.topic)) == ("", "", "", 80)


# --- Secrets that do not open.


def test_secrets_that_do_not_open_are_a_listed_problem_and_stop_the_connection(
    connection: Connection, platform: LoopbackTop, clock: MovedClock
) -> None:
    sealed = connection.sealed_secret
    Connection.objects.update(sealed_secret=b"x" * 40)
    connection.refresh_from_db()

    Listening(clock).turn()
    turn = pull_once(connection, clock)

    assert turn.trouble is not None
    assert (turn.trouble.kind, turn.calls, platform.calls) == ("sealed", 0, {})
    assert (connection.state, connection.trouble["code"]) == (ConnectionState.STOPPED, "VaultError")
    assert trouble_text(connection.trouble).startswith("存着的 App Secret 和 session 打不开。")
    assert Listener.objects.get().trouble["kind"] == "sealed"
    with pytest.raises(connections.ConnectionRefused, match="sealed"):
        connections.sign_in(connection, "another", by=None, now=clock())

    Connection.objects.update(sealed_secret=sealed)
    connections.resume(connection, by=None, now=clock())
    assert pull_once(connection, clock).done


def test_pieces_are_counted_over_all_lines() -> None:
    lines = [{"oid": str(n), "num": 2**30} for n in (1, 2)]
    with pytest.raises(RowUnreadable, match="count_unreadable: num"):
        trade_of({**PAID, "orders": {"order": lines}})
    assert trade_of({**PAID, "created": datetime(2026, 1, 1)}).created == datetime(2026, 1, 1)
