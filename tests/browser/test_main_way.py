"""The main way in the browser: a file comes in, people are found, a campaign is planned, a round is sent and proven.

The steps follow each other over one shop; each leaves in `shop.kept` what the next one needs.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.shop import Shop
from tests.browser.watching import complaints_of, settled
from tests.intake.seller_files import Row, write

HOSTILE = "<img src=x onerror=__hit('img')><script>__hit('script')</script>🧧"
FILTER = "bought(2+, within 365d) and not bought(within 90d)"
CAMPAIGN, ROUND = "双11 2026", "致谢"
TESTER = "10000000001"
REFUSALS = "/inbox/?view=done"  # a refusal is obeyed at once: there is nothing left to do about it
LONGER_THAN_THROTTLING = 6_000
WORK = 120_000  # milliseconds that work behind the page may take on a machine that is busy


def number(text: str | None) -> int:
    """The first whole number of a text, with its thousands separators."""
    found = re.search(r"\d[\d,]*", text or "")
    assert found, text
    return int(found[0].replace(",", ""))


def sums(page: Page) -> dict[str, tuple[int, str]]:
    """The terms of an import's result: rows and money by label."""
    terms = page.locator(".eq > div")
    found = {}
    for at in range(terms.count()):
        label, rows, money = (terms.nth(at).locator(part).inner_text() for part in (".muted", "b", ".ink2"))
        found[label.strip()] = number(rows), money.replace("\xa0", " ")
    return found


def upload(page: Page, path: Path) -> None:
    page.goto("/imports/new/")
    page.set_input_files("[name=files]", path)
    page.get_by_role("button", name="上传").click()
    page.wait_for_url("**/imports/files/**")


def start_import(page: Page) -> None:
    """The page of progress leads to the result by itself."""
    page.get_by_role("button", name="开始导入").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("全部对得上", timeout=WORK)


def test_an_export_is_taken_in_and_its_sums_add_up(page: Page, shop: Shop, tmp_path: Path) -> None:
    at = {"created": "2026-10-20 10:00:00", "paid_at": "2026-10-20 10:01:00"}
    rows = [
        Row("990001", nick=HOSTILE, total="59.85", paid="59.85", **at),
        Row("990002", nick="棉小布", total="140.15", paid="140.15", **at),
        Row("990003", nick="棉小布", total="7.00", created="前天"),
    ]
    upload(page, write(tmp_path / "ExportOrderList202610301200.csv", rows))
    start_import(page)
    found = sums(page)
    assert {label: rows for label, (rows, _) in found.items()} == {
        "文件里读到": 3,
        "接受": 2,
        "未变": 0,
        "隔离": 1,
    }
    assert [money for _, money in found.values()] == ["¥ 207.00", "¥ 200.00", "¥ 0.00", "¥ 7.00"]
    assert complaints_of(page) == []
    # The same file again: nothing new, and it still adds up.
    upload(page, tmp_path / "ExportOrderList202610301200.csv")
    start_import(page)
    assert {label: rows for label, (rows, _) in sums(page).items()} == {
        "文件里读到": 3, "接受": 0, "未变": 2, "隔离": 1,
    }  # fmt: skip


def test_a_hostile_nick_is_shown_as_text(page: Page) -> None:
    """Found by the full nick, and shown in full on request; the watcher would tell if any of it ran."""
    page.goto("/customers/")
    page.locator("[data-page-search]").fill(HOSTILE)
    page.keyboard.press("Enter")  # one person is found: the page goes there
    page.wait_for_url(re.compile(r"/customers/\d+/"))
    page.get_by_role("button", name="显示昵称").click()
    expect(page.locator("#shown")).to_contain_text(HOSTILE)
    assert page.locator("img[src=x]").count() == 0
    assert complaints_of(page) == []


def test_an_unknown_header_is_mapped_once_and_then_known(page: Page, tmp_path: Path) -> None:
    head = "流水,哪天,多少钱,谁买的"
    first, second = tmp_path / "小账本.csv", tmp_path / "小账本2.csv"
    first.write_text(
        f"{head}\r\nA1,2026-10-01 09:00:00,12.50,阿木\r\nA2,2026-10-02 09:00:00,30.00,阿禾\r\n", "utf-8"
    )
    second.write_text(f"{head}\r\nA3,2026-10-03 09:00:00,7.50,阿木\r\n", "utf-8")
    upload(page, first)
    page.get_by_role("link", name=re.compile("指定|每列")).first.click()
    for role, column in (
        ("order_id", "流水"),
        ("created_at", "哪天"),
        ("total", "多少钱"),
        ("nick", "谁买的"),
    ):
        page.select_option(f"[name={role}]", column)
    page.get_by_role("button", name="存下对应").click()
    start_import(page)
    assert sums(page)["接受"] == (2, "¥ 42.50")
    upload(page, second)  # the header is remembered: straight on
    start_import(page)
    assert sums(page)["接受"] == (1, "¥ 7.50")


def test_a_filter_is_typed_counted_and_saved(page: Page, shop: Shop) -> None:
    told = shop.laoke("segment", "count", FILTER)["count"]
    page.goto("/segments/new/")
    settled(page)
    page.fill("#text-box", FILTER)
    expect(page.locator("#count-top")).to_have_text(f"{told:,}")
    assert told > 20
    page.get_by_role("button", name="保存人群").click()
    page.fill("#s-name", "一年两次，近来没来")
    page.locator("#save").get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url(re.compile(r"/segments/\d+/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("一年两次，近来没来")
    expect(page.locator("#count-top")).to_have_text(f"{told:,}")
    assert complaints_of(page) == []


def test_double_11_is_planned_from_its_playbook(page: Page, shop: Shop) -> None:
    page.goto("/campaigns/new/")
    page.select_option("[name=playbook]", "double11")
    page.fill("[name=day]", "2026-11-11")
    page.get_by_role("button", name="排出活动").click()
    page.wait_for_url(re.compile(r"/campaigns/\d+/$"))
    shop.kept["campaign"] = page.url
    expect(page.get_by_role("heading", level=1)).to_contain_text(CAMPAIGN)
    rounds = page.locator("main a[href^='/rounds/']")
    assert len({rounds.nth(at).get_attribute("href") for at in range(rounds.count())}) == 5
    page.goto("/tasks/")
    settled(page)
    page.goto(f"{shop.kept['campaign']}tasks/")
    settled(page)


def open_round(page: Page, shop: Shop, name: str) -> None:
    page.goto(shop.kept["campaign"])
    page.locator("main a[href^='/rounds/']", has_text=name).first.click()
    page.wait_for_url(re.compile(r"/rounds/\d+/$"))
    shop.kept["round"] = page.url


def turn_clock(page: Page, label: str | re.Pattern[str]) -> None:
    """By the page of the demo shop's clock; waits until the shop has gone there."""
    page.goto("/demo/clock/")
    page.locator("li", has_text=label).get_by_role("button", name="拨过去").click()
    expect(page.get_by_role("button", name="拨过去").first).to_be_enabled(timeout=WORK)


def progress(page: Page) -> Locator:
    return page.locator("#progress .big")


def test_a_round_is_tested_sent_paused_and_finished(page: Page, shop: Shop) -> None:
    shop.control(config={"results": {"DELIVERED": 1.0}, "reply_share": 0.0})
    turn_clock(page, ROUND)
    expect(
        page.locator("main li", has_text=f"「{ROUND}」可以发了").get_by_role("link", name="去发")
    ).to_be_visible()
    open_round(page, shop, ROUND)
    expect(page.locator("#launch-place")).to_contain_text("还不能发")
    page.fill("[name=number]", TESTER)
    page.get_by_role("button", name="试发一条", exact=True).click()
    expect(page.locator("#tested")).to_contain_text("送达", timeout=WORK)
    assert shop.sent() == {TESTER: 1}
    launch = page.locator("#launch-place button")
    expect(launch).to_contain_text("发给", timeout=WORK)
    people = number(launch.inner_text())
    assert people == shop.laoke("check", CAMPAIGN, "--round", "1b")["rounds"][0]["funnel"]["treated"]
    assert people > 100, "a call takes 100: with fewer people nothing is left to pause"
    # The gateway takes one call and has no time for the others: what it did not take waits.
    shop.control(fail={"mode": "code", "code": "Throttling.User", "rate": 1.0, "after": 1})
    launch.click()
    page.locator("#launch form button").click()
    expect(progress(page)).to_have_text(re.compile(r"[1-9]"), timeout=WORK)
    taken = number(progress(page).inner_text())
    page.get_by_role("button", name="暂停发送").click()
    expect(page.get_by_role("button", name="继续发送")).to_be_visible()
    expect(page.locator("#progress")).to_contain_text("已暂停")
    shop.control(fail=None)
    page.wait_for_timeout(LONGER_THAN_THROTTLING)
    page.reload()
    assert number(progress(page).inner_text()) == taken == sum(shop.sent().values()) - 1
    assert 0 < taken < people
    assert complaints_of(page) == []
    page.get_by_role("button", name="继续发送").click()
    expect(progress(page)).to_have_text(f"{people:,}", timeout=WORK)
    expect(page.locator("main")).to_contain_text(f"送达 {people:,}", timeout=WORK)
    assert complaints_of(page) == []
    sent = shop.sent()
    assert sum(sent.values()) == people + 1
    assert set(sent.values()) == {1}
    shop.kept["people"], shop.kept["phones"] = people, sorted(set(sent) - {TESTER})


def test_who_answers_r_is_left_out_from_then_on(page: Page, shop: Shop) -> None:
    phone = shop.kept["phones"][0]
    page.goto(REFUSALS)
    assert page.locator("[id^=reply-]").count() == 0
    before = left_out_by_refusal(shop)
    shop.control(reply={"phone": phone, "content": "R"})
    reply = page.locator("[id^=reply-]")
    until = time.monotonic() + WORK / 1000
    while reply.count() == 0 and time.monotonic() < until:
        page.wait_for_timeout(500)
        page.goto(REFUSALS)
    expect(reply).to_have_count(1)
    expect(reply).to_contain_text("已退订")
    reply.get_by_role("button", name="看原文").click()
    expect(reply.locator("p")).to_have_text("R")
    assert complaints_of(page) == []
    assert left_out_by_refusal(shop) == before + 1


def left_out_by_refusal(shop: Shop) -> int:
    """How many people the last round leaves out because they asked for it; it is the one to nearly everybody."""
    left_out = shop.laoke("check", CAMPAIGN, "--round", "3")["rounds"][0]["funnel"]["left_out"]
    return sum(one["count"] for one in left_out if one["reason"] == "opted_out")


def test_the_review_counts_everybody_who_was_drawn(page: Page, shop: Shop) -> None:
    turn_clock(page, "去看复盘")
    page.goto("/reviews/")
    settled(page)
    page.get_by_role("link", name=CAMPAIGN).first.click()
    page.wait_for_url(re.compile(r"/reviews/\d+/$"))
    settled(page)
    page.get_by_role("button", name=re.compile("重算|算一次|做复盘")).first.click()
    expect(page.locator("#forest")).to_be_visible(timeout=WORK)
    whole = shop.laoke("review", CAMPAIGN)["result"]["campaign"]
    assert whole["treated"] == shop.kept["people"]
    drawn = page.locator("#forest tr", has_text="每人只算一次")
    expect(drawn).to_contain_text(f"{whole['treated']} / {whole['held_out']}")
    expect(drawn).to_contain_text("数据不够")
    expect(page.locator(".kpis")).to_contain_text(f"{whole['treated']}人")
    cost = f"{whole['message_cost_cents'] / 100:.2f}"
    expect(page.locator(".kpis")).to_contain_text(f"¥{cost}")
    assert complaints_of(page) == []
