"""`laoke coupon` and `laoke prices`: issues made, codes written to a file once, and a sheet that must not sell so."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from laoke.campaigns.price_sheets import make_sheet, save_version
from laoke.config.cli import app
from laoke.promotions.ladder import Item, Terms
from laoke.promotions.models import Coupon
from laoke.shops.models import AuditEvent
from laoke.shops.setup import add_shop
from tests.promotions_rows.coupon_shop import NOW, CouponShop

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(home: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> CouponShop:
    monkeypatch.setenv("LAOKE_NOW", f"={NOW:%Y-%m-%d %H:%M}")
    return CouponShop.of(add_shop("书店", now=NOW))


def laoke(*words: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["--json", *words])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rows_of(file: Path) -> list[list[Any]]:
    return CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()


def test_an_issue_is_made_its_codes_are_written_and_counted(here: CouponShop, tmp_path: Path) -> None:
    terms = ("--name", "传单", "--total", "10", "--per-person", "1", "--budget", "100", "--days", "7")
    issue = laoke("coupon", "issue", str(here.offer.pk), *terms)["issue"]
    file = tmp_path / "码.xlsx"
    made = laoke("coupon", "codes", str(issue), "--count", "3", "--out", str(file))
    assert (made["issue"], made["made"]) == (issue, 3)
    header, *rows = rows_of(file)
    assert header == ["券码", "状态", "有效到"]
    assert [row[0].replace("-", "") for row in rows] == list(
        Coupon.objects.order_by("pk").values_list("code", flat=True)
    )
    assert {row[1] for row in rows} == {"没人领"}

    [told] = laoke("coupon", "list")["issues"]
    assert told == {
        "issue": issue, "name": "传单", "offer": here.offer.pk, "total_limit": 10, "by_state": {"issued": 3},
        "taken_cents": 0, "budget_cents": 10_000, "stopped": False,
    }  # fmt: skip
    again = tmp_path / "全部.xlsx"
    assert laoke("coupon", "export", str(issue), "--out", str(again))["codes"] == 3
    sent = AuditEvent.objects.filter(act="coupon.export").order_by("pk")
    assert [(row.subject, row.count) for row in sent] == [(str(issue), 3), (str(issue), 3)]


def test_what_cannot_be_is_refused_with_its_reason_and_nothing_is_made(
    here: CouponShop, tmp_path: Path
) -> None:
    there = tmp_path / "有.xlsx"
    there.write_bytes(b"")
    issue = str(here.issue().pk)
    refused = [
        laoke("coupon", "issue", "99", "--name", "x", "--total", "1", "--days", "1", code=1),
        laoke("coupon", "issue", str(here.offer.pk), "--name", "x", "--total", "1", code=1),
        laoke("coupon", "codes", "99", "--count", "1", "--out", str(tmp_path / "a.xlsx"), code=1),
        laoke("coupon", "codes", issue, "--count", "101", "--out", str(tmp_path / "a.xlsx"), code=1),
        laoke("coupon", "codes", issue, "--count", "1", "--out", str(there), code=1),
        laoke("coupon", "codes", issue, "--count", "1", "--out", str(tmp_path / "no" / "a.xlsx"), code=1),
        laoke("prices", "check", "没有", code=1),
    ]
    assert [one["error"] for one in refused] == [
        "no_offer", "validity_missing", "issue_unknown", "issue_used_up", "file_exists", "no_folder", "no_sheet",
    ]  # fmt: skip
    assert not Coupon.objects.exists()


def test_a_sheet_with_a_price_below_its_cost_ends_with_one(here: CouponShop) -> None:
    sheet = make_sheet(
        here.shop, "双11", datetime(2026, 11, 11), terms=Terms(), campaign=None, best=0, by=None, now=NOW
    )
    assert laoke("prices", "check", "双11") == {"sheet": "双11", "version": 1, "bad_items": 0, "warnings": []}
    items = [Item("P1", "茶杯", 1_000, cost_cents=2_000), Item("P2", "茶壶", 9_900, cost_cents=2_000)]
    save_version(sheet, items, Terms(), base=1, by=None, now=NOW)
    told = laoke("prices", "check", "双11", code=1)
    assert (told["version"], told["bad_items"]) == (2, 1)
    assert ("P1", "below_cost", "bad") in [
        (row["item"], row["code"], row["severity"]) for row in told["warnings"]
    ]
