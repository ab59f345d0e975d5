"""The page of saved layouts: taken from a file, given as a file, renamed, deleted; by whom and in which shop."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from laoke.intake.models import SavedMapping
from laoke.intake.preview import remember
from laoke.intake.sharing import layout_text

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db

HEADER = ["单子", "何时下", "多少钱"]
MAPPING = {"order_id": "单子", "created_at": "何时下", "total": "多少钱"}


def text(response: Any) -> str:
    return html.unescape(response.content.decode())


def explained(demo: Demo, name: str = "老系统") -> SavedMapping:
    return remember(demo.shop, HEADER, MAPPING, grain="order", name=name, by=demo.owner, now=demo.now)


def test_a_layout_goes_out_as_a_file_and_comes_back(demo: Demo) -> None:
    saved, client = explained(demo), demo.client()
    page = text(client.get(reverse("import_layouts")))
    assert "老系统" in page and f"{demo.owner.username} 指定于" in page

    answer = client.get(reverse("import_layout_file", args=[saved.pk]))
    assert answer.content.decode() == layout_text(saved)
    assert ".toml" in answer["Content-Disposition"]
    client.post(reverse("import_layout_delete", args=[saved.pk]))
    assert not SavedMapping.objects.exists()

    file = SimpleUploadedFile("x.toml", answer.content)
    assert client.post(reverse("import_layouts"), {"layout": file}).status_code == 302
    back = SavedMapping.objects.get()
    assert (back.name, back.mapping, back.created_by) == ("老系统", MAPPING, demo.owner)
    assert f"{demo.owner.username} 收下于" in text(client.get(reverse("import_layouts")))


def test_a_file_that_is_no_layout_is_refused_at_its_field(demo: Demo) -> None:
    client = demo.client()
    file = SimpleUploadedFile("x.toml", b"<script>alert(1)</script>")
    answer = client.post(reverse("import_layouts"), {"layout": file})

    assert answer.status_code == 422
    assert "这不是版式文件" in text(answer)
    assert client.post(reverse("import_layouts")).status_code == 422
    assert not SavedMapping.objects.exists()


def test_a_name_is_changed_and_a_taken_one_refused(demo: Demo) -> None:
    saved, client = explained(demo), demo.client()
    client.post(reverse("import_layout_rename", args=[saved.pk]), {"name": "新名字"})
    saved.refresh_from_db()
    assert saved.name == "新名字"
    client.post(reverse("import_layout_rename", args=[saved.pk]), {"name": ""})
    saved.refresh_from_db()
    assert saved.name == "新名字"


def test_who_may_look_and_who_may_change(demo: Demo) -> None:
    saved, client = explained(demo, "<b>甲</b>"), demo.client(demo.analyst)
    page = client.get(reverse("import_layouts")).content.decode()
    assert "<b>甲</b>" not in page and "&lt;b&gt;甲" in page
    assert "删掉…" not in page
    assert client.get(reverse("import_layout_file", args=[saved.pk])).status_code == 200
    assert client.post(reverse("import_layouts")).status_code == 403
    for name in ("import_layout_rename", "import_layout_delete"):
        assert client.post(reverse(name, args=[saved.pk]), {"name": "x"}).status_code == 403
    assert demo.client(demo.service).get(reverse("import_layouts")).status_code == 403


def test_a_layout_of_another_shop_is_not_there(demo: Demo) -> None:
    from laoke.shops.setup import add_shop

    foreign = remember(
        add_shop("别家店", now=demo.now), HEADER, MAPPING, grain="order", name="别家的", by=None, now=demo.now
    )
    client = demo.client()
    assert "别家的" not in text(client.get(reverse("import_layouts")))
    assert client.get(reverse("import_layout_file", args=[foreign.pk])).status_code == 404
    assert client.post(reverse("import_layout_delete", args=[foreign.pk])).status_code == 404
