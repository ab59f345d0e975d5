"""Message templates: checked by the rules of the gateway they will be filed with, and stored as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from laoke.dispatch.models import MessageTemplate, TemplateKind
from laoke.dispatch.text.check import check_message
from laoke.dispatch.text.gateways import rules_of
from laoke.dispatch.text.issues import Issue, refused
from laoke.dispatch.text.preview import Preview, preview
from laoke.dispatch.text.template import parse
from laoke.shops import audit
from laoke.shops.models import Shop, User


class TemplateRefused(Exception):
    """A text that may not be stored; `issues` say why (`text.messages.say` gives the sentences)."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__(", ".join(issue.code for issue in issues))
        self.issues = issues


def check_text(signature: str, body: str, kind: str, provider: str = "aliyun") -> list[Issue]:
    """Everything found in a text, errors and warnings."""
    return check_message(
        signature, body, "marketing" if kind == TemplateKind.MARKETING else "notice", rules_of(provider)
    )


def make_template(
    shop: Shop,
    *,
    name: str,
    kind: str,
    signature: str,
    body: str,
    now: datetime,
    by: User | None,
    provider: str = "aliyun",
    provider_code: str = "",
    template: MessageTemplate | None = None,
) -> tuple[MessageTemplate, list[Issue]]:
    """Store a new text, or change `template`; the warnings that were found.

    Raises
    ------
    TemplateRefused
        when an error was found; nothing is stored then.
    """
    issues = check_text(signature, body, kind, provider)
    if refused(issues):
        raise TemplateRefused(issues)
    row = template or MessageTemplate(shop=shop, created_by=by, created_at=now)
    row.name, row.kind, row.signature, row.body = name, kind, signature, body
    row.provider_code, row.updated_at = provider_code, now
    with transaction.atomic():
        row.save()
        audit.record("template.save", shop=shop, actor=by, at=now, subject=name)
    return row, issues


def preview_text(
    signature: str,
    body: str,
    *,
    price_millis: int,
    people: int,
    provider: str = "aliyun",
    values: Mapping[str, str] | None = None,
) -> Preview:
    """Shortest, usual and longest reading with length, segments and cost for so many people; `values` are the
    same for everyone."""
    rules = rules_of(provider)
    return preview(signature, parse(body), rules, price_millis=price_millis, people=people, values=values)
