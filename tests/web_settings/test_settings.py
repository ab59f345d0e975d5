"""The settings: who may change what, and that every change is answered for."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from laoke.config.worker import run_job
from laoke.customers.models import Consent, ConsentBasis
from laoke.dispatch.gates import Caps
from laoke.dispatch.gateways import make_loopback_gateway
from laoke.dispatch.models import Gateway
from laoke.insights.refresh import cut_points
from laoke.shops import audit, jobs
from laoke.shops.models import AuditEvent, Job, JobState, Owner, Role, Shop, Staff, UpkeepRun, User
from laoke.shops.staff import StaffRefused, give_role
from tests.people import NOW, PASSWORD, Demo, person

pytestmark = pytest.mark.django_db

ROOMS = (
    "settings", "settings_staff", "settings_cuts", "settings_consent", "settings_gateways", "settings_reach",
    "settings_tokens", "settings_upkeep", "settings_audit", "settings_connection",
)  # fmt: skip


@pytest.mark.parametrize("room", ROOMS)
def test_an_owner_enters_every_room(demo: Demo, room: str) -> None:
    answer = demo.client().get(reverse(room))
    assert answer.status_code == 200
    assert 'aria-current="page"' in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "room", "status"),
    [
        (Role.OPERATOR, "settings_staff", 200),
        (Role.OPERATOR, "settings_audit", 403),
        (Role.AUDITOR, "settings_audit", 200),
        (Role.SERVICE, "settings", 200),
        (Role.SERVICE, "settings_staff", 403),
        (Role.WAREHOUSE, "settings_gateways", 403),
    ],
)
def test_others_see_what_concerns_them(demo: Demo, role: str, room: str, status: int) -> None:
    assert demo.client(person(demo, "jemand", role)).get(reverse(room)).status_code == status


@pytest.mark.parametrize(
    "room", [room for room in ROOMS if room not in ("settings_upkeep", "settings_audit")]
)
def test_only_an_owner_changes_anything(demo: Demo, room: str) -> None:
    client = demo.client(demo.operator)
    assert client.post(reverse(room), {"name": "x"}).status_code == 403
    assert "data-guard" not in client.get(reverse(room)).content.decode()


def test_name_signature_and_hours_are_kept_and_recorded(demo: Demo) -> None:
    client = demo.client()
    new = {
        "name": "半亩棉家居",
        "category": "家居",
        "sms_signature": "【半亩棉】",
        "handover_days": "3",
        "opens": "09:00",
        "closes": "19:30",
    }
    assert client.post(reverse("settings"), new).status_code == 302
    shop = Shop.objects.get(pk=demo.shop.pk)
    assert (shop.name, shop.category) == ("半亩棉家居", "家居")
    assert shop.settings["sms_signature"] == "半亩棉"
    assert shop.settings["handover_days"] == 3
    assert shop.settings["marketing_hours"] == ["09:00", "19:30"]
    assert AuditEvent.objects.filter(act="shop.rename").count() == 1
    assert AuditEvent.objects.get(act="shop.settings").detail["after"]["marketing_hours"] == [
        "09:00",
        "19:30",
    ]
    client.post(reverse("settings"), new)
    assert AuditEvent.objects.filter(act="shop.settings").count() == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "填上店名"),
        ({"closes": "08:00", "opens": "20:00"}, "要晚于开始的时间"),
        ({"opens": "acht"}, "写成 08:00"),
        ({"name": "二店"}, "已有叫这个名字的店"),
    ],
)
def test_bad_shop_facts_are_refused(demo: Demo, change: dict[str, str], says: str) -> None:
    Shop.objects.create(owner=demo.shop.owner, name="二店", created_at=NOW)
    given = {
        "name": "好店",
        "category": "",
        "sms_signature": "",
        "handover_days": "7",
        "opens": "08:00",
        "closes": "20:00",
        **change,
    }
    answer = demo.client().post(reverse("settings"), given)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert Shop.objects.get(pk=demo.shop.pk).name == "半亩棉旗舰店"


CUTS = {
    "active_days": 60, "silent_days": 120, "dormant_days": 240, "nearly_lost_days": 480, "loyal_orders": 3,
    "group_active_days": 60, "rfm_days": 365, "high_by": "median", "r_high_days": 30, "f_high_orders": 4,
    "m_high_cents": "399.50",
}  # fmt: skip


def test_new_cut_points_sort_the_customers_anew(demo: Demo) -> None:
    from laoke.audiences.readings import reading_of
    from laoke.web.pages.overview.figures import groups_of

    before = groups_of(reading_of(demo.shop, NOW.date()))
    assert demo.client().post(reverse("settings_cuts"), CUTS).status_code == 302
    shop = Shop.objects.get(pk=demo.shop.pk)
    assert cut_points(shop).m_high_cents == 39_950
    assert cut_points(shop).loyal_orders == 3
    job = jobs.claim("tester", NOW)
    assert job is not None
    assert job.kind == "features"
    run_job(job, lambda: NOW)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    after = groups_of(reading_of(shop, NOW.date()))
    assert after["loyal"] < before["loyal"]
    assert sum(after.values()) == sum(before.values())


def test_the_same_cut_points_again_ask_for_no_work(demo: Demo) -> None:
    client = demo.client()
    client.post(reverse("settings_cuts"), CUTS)
    client.post(reverse("settings_cuts"), CUTS)
    assert demo.shop.jobs.filter(kind="features").count() == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"silent_days": 60}, "要比前一档大"),
        ({"active_days": 0}, "至少 1"),
        ({"loyal_orders": "zwei"}, "写成数字"),
        ({"m_high_cents": "1.234"}, "小数最多 2 位"),
    ],
)
def test_cut_points_that_make_no_sense_are_refused(demo: Demo, change: dict[str, Any], says: str) -> None:
    answer = demo.client().post(reverse("settings_cuts"), {**CUTS, **change})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert "cut_points" not in Shop.objects.get(pk=demo.shop.pk).settings


def test_caps_and_the_standing_holdout_are_those_that_sending_reads(demo: Demo) -> None:
    given = {"day": 1, "week": 3, "month": 6, "standing_holdout_percent": "2.5"}
    assert demo.client().post(reverse("settings_reach"), given).status_code == 302
    shop = Shop.objects.get(pk=demo.shop.pk)
    assert Caps.of(shop) == Caps(1, 3, 6)
    assert shop.settings["standing_holdout_percent"] == "2.5"
    bad = demo.client().post(reverse("settings_reach"), {**given, "week": 9})
    assert "不能比更短的时间还少" in bad.content.decode()


def test_a_colleague_gets_a_password_that_is_shown_once(demo: Demo) -> None:
    client = demo.client()
    answer = client.post(
        reverse("settings_staff"), {"username": "xiaochen", "name": "小陈", "role": "service"}
    )
    text = answer.content.decode()
    once = text.split("一次性密码：")[1].split("<")[0]
    assert "no-store" in answer["Cache-Control"]
    assert once not in client.get(reverse("settings_staff")).content.decode()
    new = User.objects.get(username="xiaochen")
    assert new.check_password(once)
    assert new.must_change_password
    assert Staff.objects.get(user=new, shop=demo.shop).role == Role.SERVICE


@pytest.mark.parametrize(
    ("username", "says"), [("boss", "已有这个账号"), ("小陈", "账号用 2 到 50 个字母"), ("", "填上账号")]
)
def test_an_account_that_cannot_be_is_refused(demo: Demo, username: str, says: str) -> None:
    answer = demo.client().post(
        reverse("settings_staff"), {"username": username, "name": "", "role": "service"}
    )
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_role_is_changed_but_the_last_owner_stays(demo: Demo) -> None:
    client = demo.client()
    operator, owner = demo.operator.staff.get(), demo.owner.staff.get()
    client.post(reverse("settings_staff_role", args=[operator.pk]), {"role": "analyst"})
    operator.refresh_from_db()
    assert operator.role == Role.ANALYST
    answer = client.post(reverse("settings_staff_role", args=[owner.pk]), {"role": "service"}, follow=True)
    assert "这是最后一位店长" in answer.content.decode()
    owner.refresh_from_db()
    assert owner.role == Role.OWNER
    client.post(reverse("settings_staff_role", args=[operator.pk]), {"role": "king"})
    operator.refresh_from_db()
    assert operator.role == Role.ANALYST


def test_a_reset_ends_the_old_password_and_its_sessions(demo: Demo) -> None:
    colleague = demo.client(demo.operator)
    assert colleague.get(reverse("profile")).status_code == 200
    text = (
        demo.client()
        .post(reverse("settings_staff_password", args=[demo.operator.staff.get().pk]))
        .content.decode()
    )
    once = text.split("一次性密码：")[1].split("<")[0]
    demo.operator.refresh_from_db()
    assert demo.operator.check_password(once)
    assert not demo.operator.check_password(PASSWORD)
    assert colleague.get(reverse("profile")).status_code == 302


def test_an_account_that_a_restore_closed_is_told_and_opened_by_a_reset(demo: Demo) -> None:
    User.objects.filter(pk=demo.operator.pk).update(is_active=False)
    Client().post(reverse("login"), {"username": "yunying", "password": PASSWORD})
    assert User.objects.get(pk=demo.operator.pk).last_login is None
    client = demo.client()
    assert client.get(reverse("settings_staff")).content.decode().count("恢复备份后停用") == 1

    text = client.post(
        reverse("settings_staff_password", args=[demo.operator.staff.get().pk])
    ).content.decode()

    assert "恢复备份后停用" not in text
    demo.operator.refresh_from_db()
    once = text.split("一次性密码：")[1].split("<")[0]
    assert demo.operator.is_active
    Client().post(reverse("login"), {"username": "yunying", "password": once})
    assert User.objects.get(pk=demo.operator.pk).last_login is not None


def test_a_closed_owner_does_not_count_as_one_who_is_left(demo: Demo) -> None:
    other = person(demo, "laoban", Role.OWNER)
    User.objects.filter(pk=demo.owner.pk).update(is_active=False)
    with pytest.raises(StaffRefused, match="last_owner"):
        give_role(other.staff.get(), Role.ANALYST, by=other, now=NOW)
    assert other.staff.get().role == Role.OWNER


def test_somebody_dismissed_comes_in_no_more(demo: Demo) -> None:
    client = demo.client()
    client.post(reverse("settings_staff_dismiss", args=[demo.operator.staff.get().pk]))
    assert demo.client(demo.operator).get("/").status_code == 403
    client.post(reverse("settings_staff_dismiss", args=[demo.owner.staff.get().pk]))
    assert demo.owner.staff.exists()
    assert AuditEvent.objects.filter(act="staff.dismiss").count() == 1


def test_staff_of_another_shop_are_not_there(demo: Demo) -> None:
    foreign = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家店", created_at=NOW)
    stranger = Staff.objects.create(user=User.objects.create(username="x"), shop=foreign, role=Role.OWNER)
    for name in ("role", "password", "dismiss"):
        assert demo.client().post(reverse(f"settings_staff_{name}", args=[stranger.pk])).status_code == 404


BASIS = {
    "channel": "email", "purpose": "marketing", "role": "seller", "wording": "我同意半亩棉旗舰店向我发送优惠邮件",
    "wording_version": "2025-01",
    "collected_from": "2024-01-01", "collected_to": "2026-11-01", "expires_on": "", "proof": "合同夹 A3",
}  # fmt: skip


def _declare(client: Client, **change: str) -> Any:
    return client.post(reverse("settings_consent"), {**BASIS, **change})


def test_a_basis_is_counted_before_it_is_declared(demo: Demo) -> None:
    client = demo.client()
    counted = _declare(client).content.decode()
    assert "会给" in counted
    assert ConsentBasis.objects.filter(channel="email").count() == 0
    assert _declare(client, declare="1").status_code == 302
    basis = ConsentBasis.objects.get(channel="email")
    assert basis.people == Consent.objects.filter(basis=basis).count()
    assert f"会给 {basis.people} 人" in counted
    assert basis.people > 0
    assert AuditEvent.objects.filter(
        act="consent.declare", subject=str(basis.pk), count=basis.people
    ).exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"wording": "好的"}, "照抄完整的原话"),
        ({"proof": " "}, "写上凭证放在哪"),
        ({"collected_to": "2027-01-01"}, "要在开始之后、今天之前"),
        ({"expires_on": "2026-11-01"}, "已经过期了"),
        ({"collected_from": "gestern"}, "看不懂这个日期"),
        ({"channel": "brief"}, "brief"),
        ({"purpose": "everything"}, "everything"),
    ],
)
def test_a_basis_that_would_not_stand_is_refused(demo: Demo, change: dict[str, str], says: str) -> None:
    answer = _declare(demo.client(), **change, declare="1")
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert ConsentBasis.objects.filter(channel="email").count() == 0


def test_a_basis_taken_back_ends_its_consents(demo: Demo) -> None:
    basis = ConsentBasis.objects.get(channel="sms")
    client = demo.client()
    assert client.post(reverse("settings_consent_withdraw", args=[basis.pk])).status_code == 302
    assert not Consent.objects.filter(basis=basis, withdrawn_at=None).exists()
    assert "已收回" in client.get(reverse("settings_consent")).content.decode()
    assert client.post(reverse("settings_consent_withdraw", args=[basis.pk])).status_code == 404


@pytest.fixture
def real_shop(demo: Demo) -> Shop:
    """A shop that is no demo; the owner looks at it."""
    shop = Shop.objects.create(owner=demo.shop.owner, name="真店", created_at=NOW)
    Staff.objects.create(user=demo.owner, shop=shop, role=Role.OWNER)
    return shop


def _in(demo: Demo, shop: Shop) -> Client:
    client = demo.client()
    client.post(reverse("shop_switch"), {"shop": shop.pk})
    return client


ALIYUN = {
    "name": "阿里云短信", "access_key": "LTAI5tFake", "secret": "geheim-geheim", "opens_at": "08:00",
    "closes_at": "20:00", "price": "0.045", "quota_left": "12000",
}  # fmt: skip


def test_an_account_is_kept_with_its_secret_sealed(demo: Demo, real_shop: Shop) -> None:
    client = _in(demo, real_shop)
    assert client.post(reverse("settings_gateways"), ALIYUN).status_code == 302
    gateway = Gateway.objects.get(shop=real_shop)
    assert (gateway.price_millis, gateway.quota_left, gateway.is_loopback) == (45, 12_000, False)
    assert b"geheim" not in bytes(gateway.sealed_secret)
    page = client.get(reverse("settings_gateway", args=[gateway.pk])).content.decode()
    assert "geheim" not in page
    assert "/hooks/aliyun/" in page
    again = client.post(reverse("settings_gateways"), ALIYUN)
    assert "已有叫这个名字的网关" in again.content.decode()
    assert "geheim" not in again.content.decode()


def test_a_real_shop_rehearses_until_it_has_a_provider(demo: Demo, real_shop: Shop) -> None:
    client = _in(demo, real_shop)
    client.post(reverse("settings_gateway_loopback"))
    page = client.get(reverse("settings_gateways")).content.decode()
    assert "现在是演练" in page
    assert Gateway.objects.get(shop=real_shop).is_loopback
    client.post(reverse("settings_gateways"), ALIYUN)
    assert "现在是演练" not in client.get(reverse("settings_gateways")).content.decode()


def test_a_demo_shop_is_offered_no_provider(demo: Demo) -> None:
    client = demo.client()
    assert "AccessKey Secret" not in client.get(reverse("settings_gateways")).content.decode()
    answer = client.post(reverse("settings_gateways"), ALIYUN)
    assert answer.status_code == 422
    assert Gateway.objects.filter(shop=demo.shop, is_loopback=False).count() == 0


def test_a_stopped_gateway_is_released(demo: Demo) -> None:
    gateway = make_loopback_gateway(demo.shop, now=NOW)
    Gateway.objects.filter(pk=gateway.pk).update(stopped_reason="isv.AMOUNT_NOT_ENOUGH")
    client = demo.client()
    assert (
        "isv.AMOUNT_NOT_ENOUGH" in client.get(reverse("settings_gateway", args=[gateway.pk])).content.decode()
    )
    client.post(reverse("settings_gateway_release", args=[gateway.pk]))
    gateway.refresh_from_db()
    assert gateway.stopped_reason == ""


def test_hours_and_price_change_but_an_untouched_quota_is_left_to_the_worker(demo: Demo) -> None:
    gateway = make_loopback_gateway(demo.shop, now=NOW)
    Gateway.objects.filter(pk=gateway.pk).update(quota_left=500)
    given = {"opens_at": "09:00", "closes_at": "18:00", "price": "0.05", "quota_left": "500"}
    demo.client().post(reverse("settings_gateway", args=[gateway.pk]), given)
    gateway.refresh_from_db()
    assert (f"{gateway.opens_at:%H:%M}", gateway.price_millis, gateway.quota_left) == ("09:00", 50, 500)
    bad = demo.client().post(reverse("settings_gateway", args=[gateway.pk]), {**given, "closes_at": "08:00"})
    assert bad.status_code == 422


def test_the_trail_is_paged_searched_and_exported(demo: Demo, django_assert_max_num_queries: Any) -> None:
    for n in range(105):
        audit.record("import", shop=demo.shop, actor=demo.owner, at=NOW, subject=f"=HYPERLINK({n})", count=n)
    client = demo.client()
    with django_assert_max_num_queries(16):
        first = client.get(reverse("settings_audit")).content.decode()
    assert "=HYPERLINK(104)" in first
    assert "=HYPERLINK(3)" not in first
    assert "=HYPERLINK(77)" in client.get(reverse("settings_audit"), {"q": "(77)"}).content.decode()
    answer = client.get(reverse("settings_audit_export"), {"act": "import"})
    book = b"".join(answer.streaming_content)
    assert book.startswith(b"PK")
    assert AuditEvent.objects.filter(act="audit.export").count() == 1
    import io

    import openpyxl

    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    cell = sheet.cell(row=2, column=4)
    assert cell.value == "=HYPERLINK(104)"
    assert cell.data_type == "s"


def test_an_export_of_the_trail_has_every_row_or_says_that_it_cannot(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(105):
        audit.record("import", shop=demo.shop, actor=demo.owner, at=NOW, subject=str(n), count=n)
    client, address = demo.client(), reverse("settings_audit_export")
    monkeypatch.setattr("laoke.shops.sheets.MAX_ROWS", 104)
    refused = client.get(address, {"act": "import"}, follow=True)
    assert refused.redirect_chain == [(reverse("settings_audit") + "?act=import", 302)]
    assert "有 105 行，一次最多导出 104 行" in refused.content.decode()
    assert not AuditEvent.objects.filter(act="audit.export").exists()

    monkeypatch.setattr("laoke.shops.sheets.MAX_ROWS", 105)
    assert b"".join(client.get(address, {"act": "import"}).streaming_content)[:2] == b"PK"  # type: ignore[arg-type, attr-defined]
    assert AuditEvent.objects.get(act="audit.export").count == 105


def test_a_changed_row_shows_in_the_chain(demo: Demo) -> None:
    client = demo.client()
    answer = client.post(reverse("settings_audit_check"), follow=True)
    assert "审计链完整" in answer.content.decode()
    AuditEvent.objects.filter(act="shop.add").update(subject="anders")
    answer = client.post(reverse("settings_audit_check"), follow=True)
    assert "对不上" in answer.content.decode()


def test_the_owner_takes_an_anchor_of_the_trail_along(demo: Demo) -> None:
    answer = demo.client().post(reverse("settings_audit_anchor"))
    anchor = audit.read_anchor(answer.content.decode())
    head = AuditEvent.objects.get(act="audit.anchor")
    assert (anchor.row, anchor.hash, anchor.count) == (head.pk, head.hash, AuditEvent.objects.count())
    assert 'filename="laoke-audit-' in answer["Content-Disposition"]
    assert audit.verify(anchor).whole


def test_an_anchor_is_not_for_everybody(demo: Demo) -> None:
    before = AuditEvent.objects.count()
    assert demo.client(demo.operator).post(reverse("settings_audit_anchor")).status_code == 403
    assert AuditEvent.objects.count() == before


def test_an_export_of_the_trail_is_not_left_lying(demo: Demo) -> None:
    answer = demo.client().get(reverse("settings_audit_export"))
    assert b"".join(answer.streaming_content)[:2] == b"PK"  # type: ignore[arg-type, attr-defined]
    answer.close()
    assert list(demo.place.exports.glob("audit-*")) == []


def test_the_last_backup_is_shown_with_how_to_make_one(demo: Demo) -> None:
    page = demo.client().get(reverse("settings_upkeep")).content.decode()
    assert page.count("还没做过。运行 laoke backup") == 2  # among what was looked at, and on the card
    assert '<div class="code">laoke backup</div>' in page
    audit.record("backup", shop=None, actor=None, at=demo.now, subject="a.backup", bytes=21_166_466)
    page = demo.client().get(reverse("settings_upkeep")).content.decode()
    assert page.count("上次 2026-11-09 09:40，21.2 MB") == 2


def test_upkeep_is_asked_for_once_and_its_result_shown(demo: Demo) -> None:
    client = demo.client()
    audit.record("backup", shop=None, actor=None, at=demo.now, subject="a.backup", bytes=2_000_000)
    assert "还没做过" in client.get(reverse("settings_upkeep")).content.decode()
    for _ in range(2):
        client.post(reverse("settings_upkeep_begin"))
    job = jobs.claim("w", demo.now, ["upkeep"])
    assert job is not None
    assert jobs.claim("w", demo.now, ["upkeep"]) is None
    assert "正在保养" in client.get(reverse("settings_upkeep")).content.decode()

    run_job(job, lambda: demo.now)

    done = UpkeepRun.objects.get()
    assert done.result["compacted"] == Job.objects.get(pk=job.pk).result["compacted"]
    page = client.get(reverse("settings_upkeep")).content.decode()
    assert "MB" in page and "还没做过" not in page and "正在保养" not in page


def test_upkeep_is_begun_by_an_owner_only(demo: Demo) -> None:
    client = demo.client(demo.operator)
    assert "现在保养" not in client.get(reverse("settings_upkeep")).content.decode()
    assert client.post(reverse("settings_upkeep_begin")).status_code == 403
    assert not Job.objects.filter(kind="upkeep").exists()
