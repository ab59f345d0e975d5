"""The text of a round as it is filed with the gateway, and the fingerprint by which a test message vouches for it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from laoke.campaigns.models import Round
from laoke.dispatch.models import MessageTemplate, TemplateKind
from laoke.dispatch.templates import make_template
from laoke.shops.models import User

LOOPBACK_CODE = "SMS_{:09d}"


def provider_code(row: Round) -> str:
    """Under which number the gateway knows the text; a loopback takes any, so it needs none from people."""
    if row.template is not None and row.template.provider_code:
        return row.template.provider_code
    if row.gateway is not None and row.gateway.is_loopback:
        return LOOPBACK_CODE.format(row.pk)
    return ""


def body_hash(row: Round) -> str:
    """What a test message must have carried: gateway, signature, text, variables and the gateway's number of it."""
    content = [row.gateway_id, row.signature, row.body, sorted(row.variables.items()), provider_code(row)]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode("utf-8")).hexdigest()


def ensure_template(row: Round, *, by: User | None, now: datetime) -> MessageTemplate:
    """The stored template of a round with exactly its text.

    Raises
    ------
    dispatch.templates.TemplateRefused
        when the text may not be stored.
    """
    return _store(row, provider_code(row), by, now)


def set_template_code(row: Round, code: str, *, by: User | None, now: datetime) -> MessageTemplate:
    """Note under which number the gateway filed the round's text."""
    return _store(row, code.strip(), by, now)


def _store(row: Round, code: str, by: User | None, now: datetime) -> MessageTemplate:
    shop, name = row.campaign.shop, f"{row.campaign.name} {row.key}"[:60]
    known = row.template or MessageTemplate.objects.filter(shop=shop, name=name).first()
    template, _notes = make_template(
        shop, name=name, kind=TemplateKind.MARKETING, signature=row.signature, body=row.body, provider_code=code,
        provider=row.gateway.provider if row.gateway else "default", template=known, now=now, by=by,
    )  # fmt: skip
    row.template = template
    row.save(update_fields=["template"])
    return template
