"""Price sheets: what the facts say of their items, their versions, and files that are laid over them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.campaigns.stores import bought, line_of, product

if TYPE_CHECKING:
    from laoke.campaigns.models import PriceSheet
    from tests.campaigns.stores import Store

pytestmark = pytest.mark.django_db
START = datetime(2026, 10, 21)
TODAY = date(2026, 10, 20)


def sold(store: Store, number: str, when: date, price: int, **line: Any) -> None:
    row = bought(number, int(number), when, paid_cents=price, item_count=line.get("quantity", 1))
    store.sold(row, publish=False)
    store.wrote("order_lines", [line_of(row, unit_price_cents=price, paid_cents=price, import_id=1) | line])


def shop_with_deals(store: Store) -> None:
    """P1 in two variants, two pieces of P2, a line without number, an order with titles only; a year before too."""
    store.wrote(
        "products", [product("P1", 4_000, title="云朵被", stock=7), product("P2", None, list_price_cents=0)]
    )
    sold(store, "1", date(2026, 10, 15), 9_000, sku="大", title="云朵被")
    sold(store, "2", date(2026, 10, 16), 8_000, sku="小", title="云朵被")
    sold(store, "3", date(2026, 9, 25), 7_500, sku="大", title="云朵被")
    sold(store, "4", date(2026, 10, 1), 5_001, product_id="P2", title="枕头", quantity=2)
    sold(store, "5", date(2026, 10, 10), 3_000, product_id="", title="手帕")
    store.sold(
        bought("6", 6, date(2026, 10, 19), paid_cents=2_000, postage_cents=500, titles="毛巾"), publish=False
    )
    store.sold(
        bought("7", 7, date(2025, 10, 20), paid_cents=6_000, titles="毛巾，手帕", item_count=2), publish=False
    )
    for n in range(3):
        sold(store, f"{20 + n}", date(2025, 10, 20), 9_900, sku="大", title="云朵被")
    store.publish()  # fmt: skip


def make(store: Store, **given: Any) -> PriceSheet:
    from laoke.campaigns.price_sheets import make_sheet
    from laoke.promotions.ladder import Terms

    wanted = {"terms": Terms(), "campaign": None, "best": 0, "by": store.owner, "now": store.now} | given
    return make_sheet(store.shop, wanted.pop("name", "双11"), START, **wanted)


def keep(store: Store, sheet: PriceSheet, *items: Any, base: int = 1) -> Any:
    from laoke.campaigns.price_sheets import newest, save_version, terms_of

    return save_version(sheet, items, terms_of(newest(sheet)), base=base, by=store.owner, now=store.now)


def test_deals_before_the_start_are_told_by_variant_and_together(store: Store) -> None:
    from laoke.campaigns.price_facts import price_facts
    from laoke.promotions.ladder import Item, Known

    shop_with_deals(store)
    named = [
        ("P1", "云朵被", ""), ("P1", "云朵被", "大"), ("P2", "枕头", ""), ("", "手帕", ""), ("", "毛巾", ""),
        ("P9", "没卖过", ""),
    ]  # fmt: skip
    items = [Item(product_id, title, 1, sku=sku) for product_id, title, sku in named]

    facts = price_facts(store.shop, START, items, TODAY)

    # The 21 days around 21 October of the year before; the order of two pieces without lines tells no price.
    assert facts.period == (date(2025, 10, 11), date(2025, 10, 31))
    assert (facts.until, facts.unsplit) == (date(2026, 10, 19), 1)
    assert [facts.of(one) for one in items] == [
        Known(8_000, 7_500, 8_000, date(2026, 10, 16), 3, 7),
        Known(9_000, 7_500, 9_000, date(2026, 10, 15), 3, None),
        Known(None, 2_500, 2_500, date(2026, 10, 1), 0, None),
        Known(None, 3_000, 3_000, date(2026, 10, 10), 0, None),
        Known(1_500, 1_500, 1_500, date(2026, 10, 19), 0, None),
        Known(units=0),
    ]


def test_a_shop_without_orders_knows_nothing_but_competitors(store: Store) -> None:
    from laoke.campaigns.price_facts import PriceFacts, best_sold, price_facts
    from laoke.promotions.ladder import Item, Known

    item = Item("P1", "云朵被", 1)

    assert price_facts(store.shop, START, [item], TODAY) == PriceFacts()
    assert price_facts(store.shop, START, [item], TODAY).of(item) == Known()
    assert best_sold(store.shop, START, 10, TODAY) == []


def test_a_sheet_begins_with_what_sold_most_at_list_price(store: Store) -> None:
    from laoke.campaigns.price_sheets import items_of, newest
    from laoke.promotions.ladder import Item, Role

    shop_with_deals(store)
    sheet = make(store, best=2)

    assert items_of(newest(sheet)) == [
        Item("P1", "云朵被", 10_000, group="被子", role=Role.LOW, list_cents=10_000, cost_cents=4_000),
        Item("", "手帕", 3_000, role=Role.LOW),
    ]


def test_every_change_is_a_version_and_audited_and_an_old_one_can_be_taken_back(store: Store) -> None:
    from laoke.campaigns.price_sheets import items_of, newest, restore
    from laoke.promotions.ladder import Item
    from laoke.shops.models import AuditEvent

    sheet = make(store)
    one, two = Item("P1", "云朵被", 9_000), Item("P1", "云朵被", 8_000)
    keep(store, sheet, one)
    keep(store, sheet, two, base=2)
    restore(sheet, 2, base=3, by=store.owner, now=store.now)

    rows = sheet.versions.order_by("number")
    assert [(row.number, [one["price_cents"] for one in row.items], row.restored) for row in rows] == [
        (1, [], None), (2, [9_000], None), (3, [8_000], None), (4, [9_000], 2),
    ]  # fmt: skip
    assert items_of(newest(sheet)) == [one]
    acts = (
        AuditEvent.objects.filter(act__startswith="price_sheet.").order_by("pk").values_list("act", "subject")
    )
    assert list(acts) == [
        ("price_sheet.make", f"{sheet.pk}"),
        *(("price_sheet.save", f"{sheet.pk}/{n}") for n in (2, 3, 4)),
    ]  # fmt: skip


def test_what_cannot_be_kept_is_refused_and_changes_nothing(store: Store) -> None:
    from laoke.campaigns.price_sheets import PriceRefused, restore
    from laoke.promotions.ladder import Item

    sheet = make(store)
    good = Item("P1", "云朵被", 9_000)

    def code(*items: Item, base: int = 1) -> str:
        with pytest.raises(PriceRefused) as refused:
            keep(store, sheet, *items, base=base)
        return refused.value.code

    assert code(good, base=0) == "changed"
    assert code(good, good) == "twice"
    assert code(Item("P1", "云朵被", 0)) == "not_positive"
    assert code(Item("P1", "云朵被", 9_000, fee_bp=5_000, margin_bp=5_000)) == "no_room"
    assert code(*(Item(f"P{n}", "", 1) for n in range(1_001))) == "too_many"
    with pytest.raises(PriceRefused, match="unknown"):
        restore(sheet, 7, base=1, by=store.owner, now=store.now)
    with pytest.raises(PriceRefused, match="name_taken"):
        make(store)
    assert sheet.versions.count() == 1


def laid(store: Store, path: Path, text: str, *items: Any) -> Any:
    from laoke.campaigns.price_files import read_file
    from laoke.promotions.ladder import Terms

    file = path / "价格.csv"
    file.write_text(text, encoding="utf-8-sig")
    return read_file(file, items, Terms(), TODAY)


def quilt() -> Any:
    from laoke.promotions.ladder import Item, Role

    return Item("P1", "云朵被", 9_000, group="被子", role=Role.VALUE, list_cents=12_000, cost_cents=4_000)


def test_a_file_changes_only_its_columns_and_keeps_what_it_does_not_name(
    store: Store, tmp_path: Path
) -> None:
    from laoke.promotions.ladder import Item

    pillow = Item("P2", "枕头", 3_000)
    read = laid(
        store, tmp_path, "商品编号,活动价（元）,成本（元）\nP1,￥85.5,\nP3,19.90,8\n", quilt(), pillow
    )

    assert [(one.names, one.new.price_cents, one.new.cost_cents) for one in read.changes] == [
        (("price_cents", "cost_cents"), 8_550, None),
        (("product_id", "price_cents", "cost_cents"), 1_990, 800),
    ]
    assert [one.product_id for one in read.items] == ["P1", "P2", "P3"]
    assert (read.items[0].role, read.items[0].list_cents) == (quilt().role, 12_000)
    assert read.absent == [pillow]
    assert [one.product_id for one in read.without_absent] == ["P1", "P3"]


@pytest.mark.parametrize(
    ("row", "column", "found", "expected"),
    [
        ("P1,云朵被,很便宜,,,", "活动价（元）", "很便宜", "金额，最多到分，例如 39.90"),
        ("P1,云朵被,0,,,", "活动价（元）", "0", "大于 0 的金额，例如 39.90"),
        ("P1,云朵被,-3,,,", "活动价（元）", "-3", "金额，最多到分，例如 39.90"),
        ("P1,云朵被,90,5%%,,", "平台扣点（%）", "5%%", "0 到 99.99 的百分数，例如 5"),
        ("P1,云朵被,90,50,50,", "想要的毛利率（%）", "100%", "扣点和毛利率加起来不到 100%"),
        ("P1,云朵被,90,,,便宜款", "角色", "便宜款", "引流款、性价比款、正常款或形象款"),
        ("P9,新的,,,,", "活动价（元）", "", "新加的一件要写活动价"),
        (",,90,,,", "商品编号", "", "商品编号或名称"),
        (f"{'9' * 65},新,90,,,", "商品编号", "9" * 65, "最多 64 个字"),
    ],
)
def test_a_row_that_cannot_be_read_changes_nothing_and_says_what_was_expected(
    store: Store, tmp_path: Path, row: str, column: str, found: str, expected: str
) -> None:
    head = "商品编号,名称,活动价,平台扣点（%）,想要的毛利率（%）,角色\n"
    read = laid(store, tmp_path, f"{head}{row}\nP2,枕头,30,,,引流\n", quilt())

    [refused] = read.refused
    assert (refused.line, str(refused.column), refused.found, str(refused.expected)) == (
        2,
        column,
        found,
        expected,
    )
    assert read.items[0] == quilt()
    assert [one.product_id for one in read.items] == ["P1", "P2"]
    # An item whose row could not be read is not one that the file leaves out.
    assert (read.absent == []) == row.startswith("P1")  # fmt: skip


def test_an_item_that_a_file_names_twice_is_taken_once(store: Store, tmp_path: Path) -> None:
    read = laid(store, tmp_path, "商品编号,活动价\nP1,80\nP1,70\n", quilt())

    assert read.items[0].price_cents == 8_000
    assert [(one.line, str(one.expected)) for one in read.refused] == [(3, "每件写一行；第 2 行已经有它")]


def test_a_row_that_names_an_item_by_its_title_keeps_its_number(store: Store, tmp_path: Path) -> None:
    read = laid(store, tmp_path, "名称,活动价,角色\n云朵被,80,\n", quilt())

    [one] = read.items
    assert (one.product_id, one.price_cents, one.role) == ("P1", 8_000, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("会员名,地址,活动价\n甲,乙,3\n", "columns"),
        ("商品编号,规格\nP1,大\n", "columns"),
        ("商品编号,对手\nP1,甲店\n", "competitor_columns"),
        ("商品编号,活动价\n" + "P1,3\n" * 5_001, "too_long"),
    ],
)
def test_a_file_that_is_no_price_sheet_is_refused(store: Store, tmp_path: Path, text: str, code: str) -> None:
    from laoke.campaigns.table_files import FileRefused

    with pytest.raises(FileRefused) as refused:
        laid(store, tmp_path, text, quilt())

    assert refused.value.code == code


def test_competitors_prices_come_with_day_and_source_and_the_nearest_is_told(
    store: Store, tmp_path: Path
) -> None:
    from laoke.campaigns.models import CompetitorPrice
    from laoke.campaigns.price_facts import price_facts
    from laoke.campaigns.price_sheets import keep_competitors
    from laoke.promotions.ladder import Competitor

    head = "商品编号,名称,对手,对手价（元）,看到的日期,出处\n"
    rows = (
        "P1,,甲店,88.00,2026-10-18,https://a.example/1\n,云朵被,乙店,92,2026/10/19,乙店首页\nP1,,甲店,99,2026-09-01,旧的\n"
        "P9,,甲店,1,2026-10-18,网页\nP1,,,5,2026-10-18,网页\nP1,,丙店,5,2026-10-18,\nP1,,丙店,5,2026-10-21,网页\nP1,,丙店,5,昨天,网页\n"
    )  # fmt: skip
    seen = laid(store, tmp_path, head + rows, quilt())
    for _ in range(2):
        keep_competitors(store.shop, seen.prices, by=store.owner, now=store.now, sha256="")

    assert [(one.line, str(one.column), one.found, str(one.expected)) for one in seen.refused] == [
        (5, "商品编号", "P9", "这张价格表里有的商品"),
        (6, "对手", "", "对手的店名"),
        (7, "出处", "", "在哪看到的，例如网址"),
        (8, "看到的日期", "2026-10-21", "今天或更早的日期"),
        (9, "看到的日期", "昨天", "日期，例如 2026-11-01"),
    ]
    assert (seen.count, CompetitorPrice.objects.count()) == (3, 3)
    known = price_facts(store.shop, START, [quilt()], TODAY).of(quilt())
    assert known.competitor == Competitor("甲店", 8_800, date(2026, 10, 18), "https://a.example/1")
    later = price_facts(store.shop, START + timedelta(days=60), [quilt()], TODAY + timedelta(days=60))
    assert later.of(quilt()).competitor is None
