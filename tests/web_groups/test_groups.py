"""The pages of chat groups: the book, a file looked at before it is used, and who may do what."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

if TYPE_CHECKING:
    from laoke.groups.models import MemberGroup
    from tests.people import Demo

pytestmark = pytest.mark.django_db
ADD = {"name": "老客 VIP 群", "kind": "vip", "platform": "wechat", "capacity": "500", "in_charge": ""}


def text(response) -> str:
    return response.content.decode()


def contacts(demo: Demo, n: int) -> list:
    from laoke.customers.models import VaultRecord
    from laoke.customers.vault import open_contact

    return [open_contact(one) for one in VaultRecord.objects.filter(phone_state="valid").order_by("pk")[:n]]


def made(demo: Demo, **changes: str) -> MemberGroup:
    from laoke.groups.models import MemberGroup

    assert demo.client().post("/groups/", {**ADD, **changes}).status_code == 302
    return MemberGroup.objects.latest("pk")


def a_list(*lines: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("群成员.csv", "\n".join(lines).encode("utf-8-sig"), "text/csv")


def test_a_group_is_added_changed_and_closed(demo: Demo) -> None:
    client = demo.client()
    assert "还没有群" in text(client.get("/groups/"))
    client.post("/groups/", {**ADD, "name": "刷单群"})
    assert "不给刷单、补单的群记账" in text(client.get("/groups/"))
    client.post("/groups/", {**ADD, "capacity": "很多"})
    assert "人数上限写成" in text(client.get("/groups/"))
    row = made(demo)
    page = text(client.get("/groups/"))
    assert "老客 VIP 群" in page and "微信群" in page and "在用" in page
    client.post(f"/groups/{row.pk}/change/", {**ADD, "name": "老朋友群", "state": "closed"})
    page = text(client.get(f"/groups/{row.pk}/"))
    assert "老朋友群" in page and "停用" in page and "按名单记" not in page


def test_a_file_is_looked_at_first_then_used_and_every_line_is_accounted_for(demo: Demo) -> None:
    from laoke.groups.models import GroupMember
    from laoke.shops.models import AuditEvent, Upload

    row, client = made(demo), demo.client()
    one, two, three = contacts(demo, 3)
    file = a_list(
        "旺旺,手机,进群时间,退群时间,邀请", f"{one.nick},,2026-11-02,,包裹卡",
        f",{two.phone},2026/10/20,2026-11-08,店员",
        f"{three.nick},,2027-01-01,,", "没有这个人,,,,", "小**圆,,,,", f"{one.nick},,,,",
    )  # fmt: skip
    page = text(client.post(f"/groups/{row.pk}/file/", {"file": file}))
    assert not GroupMember.objects.exists()
    for said in ("6 行", "店里没有这个人", "打了星号，认不出", "在今天以后", "要记进群", "照这样记下"):
        assert said in page
    assert one.nick not in page and two.phone not in page
    upload = Upload.objects.get()
    assert client.post(f"/groups/{row.pk}/file/{upload.pk}/").status_code == 302
    page = text(client.get(f"/groups/{row.pk}/"))
    assert "进群 2 人，退群 1 人，本来就是这样 0 人，用不了 3 行" in page
    stays = GroupMember.objects.order_by("joined_on").values_list("joined_on", "left_on", "invite", "source")
    assert [(f"{a:%m-%d}", f"{b:%m-%d}" if b else "", c, d) for a, b, c, d in stays] == [
        ("10-20", "11-08", "店员", "file"), ("11-02", "", "包裹卡", "file"),
    ]  # fmt: skip
    assert "每周进出" in page and not Upload.objects.exists()
    assert AuditEvent.objects.get(act="group.file").count == 2
    assert "退群" in text(client.get(f"/groups/{row.pk}/?gone=1"))
    for address in (f"/groups/{row.pk}/?export=xlsx", "/groups/?export=xlsx"):
        assert client.get(address)["Content-Type"].startswith("application/vnd")


def test_a_file_that_is_not_used_is_deleted_and_a_colleague_cannot_use_it(demo: Demo) -> None:
    from laoke.groups.models import GroupMember
    from laoke.shops.models import Upload

    row, client = made(demo), demo.client()
    client.post(f"/groups/{row.pk}/file/", {"file": a_list("姓名", "小圆")})
    assert "没有认得出人的列" in text(client.get(f"/groups/{row.pk}/")) and not Upload.objects.exists()
    client.post(f"/groups/{row.pk}/file/", {"file": a_list("旺旺", contacts(demo, 1)[0].nick)})
    upload = Upload.objects.get()
    other = demo.client(demo.operator)
    assert other.post(f"/groups/{row.pk}/file/{upload.pk}/").status_code == 404
    client.post(f"/groups/{row.pk}/file/{upload.pk}/drop/")
    assert not Upload.objects.exists() and not GroupMember.objects.exists()


def test_a_customer_joins_and_leaves_on_their_page_and_it_stands_on_their_line(demo: Demo) -> None:
    from laoke.customers.models import Customer
    from laoke.groups.models import GroupMember
    from laoke.shops.models import AuditEvent

    person: int = Customer.objects.order_by("pk").values_list("person_id", flat=True)[0]
    client = demo.client(demo.service)
    assert "记进群" not in text(client.get(f"/customers/{person}/"))
    row = made(demo)
    address = f"/groups/person/{person}/join/"
    client.post(address, {"group": row.pk, "joined_on": "2026-11-10"})
    assert "日子要在今天或以前" in text(client.get(f"/customers/{person}/"))
    client.post(address, {"group": row.pk, "joined_on": "2026-11-01", "invite": "包裹卡"})
    page = text(client.get(f"/customers/{person}/history/?kind=group"))
    assert "进了群「老客 VIP 群」" in page and "包裹卡" in page
    assert "今天退了" in text(client.get(f"/customers/{person}/"))
    client.post(address, {"group": row.pk})
    assert "本来就在群「老客 VIP 群」里" in text(client.get(f"/customers/{person}/"))
    client.post(f"/groups/{row.pk}/person/{person}/leave/", {"back": "customer"})
    assert "退了群「老客 VIP 群」" in text(client.get(f"/customers/{person}/history/?kind=group"))
    stay = GroupMember.objects.get()
    assert (stay.left_on, stay.added_by) == (demo.now.date(), demo.service)
    assert AuditEvent.objects.get(act="group.leave").subject == str(person)
    told = demo.client().post(f"/customers/{person}/hand-out/").content
    parts = json.loads(zipfile.ZipFile(io.BytesIO(told)).read("person.json"))["parts"]
    assert parts["groups"] == [
        {
            "group": "老客 VIP 群", "platform": "wechat", "joined_on": "2026-11-01", "left_on": "2026-11-09",
            "invite": "包裹卡", "source": "hand",
        }
    ]  # fmt: skip


def test_who_may_do_what_with_groups(demo: Demo) -> None:
    from laoke.customers.models import Customer

    row = made(demo)
    person: int = Customer.objects.order_by("pk").values_list("person_id", flat=True)[0]
    joins = f"/groups/person/{person}/join/"
    service, analyst = demo.client(demo.service), demo.client(demo.analyst)
    assert service.post("/groups/", ADD).status_code == 403
    assert service.post(f"/groups/{row.pk}/change/", ADD).status_code == 403
    assert analyst.post(joins, {"group": row.pk}).status_code == 403
    assert analyst.get("/groups/").status_code == analyst.get(f"/groups/{row.pk}/").status_code == 200
    service.post(joins, {"group": 0})
    assert "没有这个群了" in text(service.get(f"/customers/{person}/"))
    assert service.post("/groups/person/1/join/", {"group": row.pk}).status_code == 404
    assert service.post(joins, {"group": row.pk}).status_code == 302


def test_a_full_group_says_so_and_the_list_counts_a_week(demo: Demo) -> None:
    from laoke.customers.models import Customer
    from laoke.groups import members
    from laoke.groups.members import Stay

    row = made(demo, capacity="1")
    people = list(Customer.objects.order_by("pk").values_list("person_id", flat=True)[:2])
    today = demo.now.date()
    stays = {people[0]: Stay(today), people[1]: Stay(today - timedelta(days=30))}
    members.write_down(row, stays, by=demo.owner, now=demo.now)
    assert "现在 2 人，超过了上限 1 人" in text(demo.client().get(f"/groups/{row.pk}/"))
    line = text(demo.client().get("/groups/"))
    assert "近 7 天进群" in line


def test_a_filter_by_a_group_the_shop_does_not_have_warns(demo: Demo) -> None:
    made(demo)
    typed = {"source": "text", "text": 'in_group("没有的群") and in_group("老客 VIP 群")'}
    page = text(demo.client().post("/segments/preview/", typed))
    assert "店里没有这些在用的群：没有的群" in page and "在群“没有的群”里" in page
