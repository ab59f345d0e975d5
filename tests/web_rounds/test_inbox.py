"""Message templates, pushes of the provider, replies and messages nobody knows about."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from laoke.customers.sealing import contact_digest
from laoke.dispatch.gateways import make_loopback_gateway
from laoke.dispatch.models import Message, MessageTemplate, Occasion, ProviderEvent, Reply
from laoke.shops.models import AuditEvent
from laoke.web.pages.hooks.tokens import hook_path
from tests.people import Demo

NUMBER = "10000000007"
TEMPLATE = {
    "name": "提醒",
    "kind": "marketing",
    "signature": "半亩棉",
    "body": "${buyer_nick}，到店看看，拒收请回复R",
}


def reply(content: str) -> list[dict[str, Any]]:
    return [
        {
            "phone_number": NUMBER,
            "content": content,
            "send_time": "2026-11-09 09:30:00",
            "sequence_id": content,
        }
    ]


def push(entries: Any, path: str = "") -> Any:
    body = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    client = Client(enforce_csrf_checks=True)
    return client.post(path or hook_path("aliyun"), body, content_type="application/json")


def test_a_reply_is_taken_once_and_answered_as_the_provider_wants(demo: Demo) -> None:
    make_loopback_gateway(demo.shop, now=demo.now)

    first, again = push(reply("在哪领券")), push(reply("在哪领券"))

    assert first.json() == again.json() == {"code": 0, "msg": "接收成功"}
    assert Reply.objects.get().contact_mask == "100 **** **07"


def test_a_push_without_the_token_or_of_nonsense_changes_nothing(demo: Demo) -> None:
    make_loopback_gateway(demo.shop, now=demo.now)

    assert push(reply("R"), "/hooks/aliyun/guess/").status_code == 404
    assert push(reply("R"), "/hooks/tencent/" + hook_path("aliyun").split("/")[3] + "/").status_code == 404
    assert push(b"<html>").status_code == 400
    assert Client().get(hook_path("aliyun")).status_code == 405
    assert not Reply.objects.exists() and not ProviderEvent.objects.exists()


def test_the_gateways_own_address_works_too(demo: Demo) -> None:
    gateway = make_loopback_gateway(demo.shop, now=demo.now)

    assert push(reply("R"), f"/hooks/aliyun/{gateway.settings['hook']}/").status_code == 200
    assert Reply.objects.get().is_opt_out


def test_the_text_of_a_reply_is_shown_only_when_asked_and_written_down(demo: Demo) -> None:
    make_loopback_gateway(demo.shop, now=demo.now)
    push(reply("<b>眼罩</b>在哪领"))
    one, client = Reply.objects.get(), demo.client(demo.service)

    page = client.get(reverse("inbox")).content.decode()
    shown = client.post(reverse("inbox_reply_show", args=[one.pk])).content.decode()
    client.post(reverse("inbox_reply_handled", args=[one.pk]))

    assert "眼罩" not in page and "100 **** **07" in page
    assert "&lt;b&gt;眼罩" in shown
    assert AuditEvent.objects.filter(act="reply.show", actor=demo.service).count() == 1
    one.refresh_from_db()
    assert one.handled_at == demo.now
    assert demo.client(demo.analyst).post(reverse("inbox_reply_show", args=[one.pk])).status_code == 403


def test_an_unknown_message_waits_for_a_signature_with_a_reason(demo: Demo) -> None:
    gateway = make_loopback_gateway(demo.shop, now=demo.now)
    occasion = Occasion.objects.create(
        shop=demo.shop, kind="round", name="轮 1A", channel="sms", gateway=gateway, state="running",
        not_before=demo.now, not_after=demo.now + timedelta(days=1), created_at=demo.now,
    )  # fmt: skip
    message = Message.objects.create(
        occasion=occasion, person_id=5, arm="treated", contact_digest=contact_digest("phone", NUMBER),
        state="unknown", due_at=demo.now, sent_at=demo.now,
    )  # fmt: skip
    url, client = reverse("inbox_unknown_decide", args=[occasion.pk]), demo.client()

    assert "核对不了，要人定" in client.get(reverse("inbox_unknown")).content.decode()
    client.post(url, {"message": message.pk, "sent": "1", "reason": " "})
    message.refresh_from_db()
    assert message.state == "unknown"
    assert demo.client(demo.service).post(url, {"sent": "1", "reason": "问过"}).status_code == 403
    client.post(url, {"message": message.pk, "sent": "1", "reason": "问过本人"})
    message.refresh_from_db()
    assert message.state == "given_up"


def test_a_template_is_checked_previewed_and_stored(demo: Demo) -> None:
    client = demo.client()

    refused = client.post(reverse("template_new"), {**TEMPLATE, "body": "没有退订提示"})
    client.post(reverse("template_new"), TEMPLATE)
    twice = client.post(reverse("template_new"), TEMPLATE)

    assert refused.status_code == 422 and "营销短信要以" in refused.context["page"].form.errors["body"][0]
    assert MessageTemplate.objects.get().body == TEMPLATE["body"]
    assert "已有叫这个名字的模板" in twice.context["page"].form.errors["name"][0]
    assert "提醒" in client.get(reverse("templates")).content.decode()
    assert "字 · 1 条" in client.post(reverse("template_preview"), TEMPLATE).content.decode()
    assert demo.client(demo.analyst).post(reverse("template_new"), TEMPLATE).status_code == 403
