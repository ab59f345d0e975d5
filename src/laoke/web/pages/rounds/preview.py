"""The text of a round as people get it: marked variables, the phone, characters, segments and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from laoke.dispatch.templates import check_text, preview_text
from laoke.dispatch.text.gateways import rules_of
from laoke.dispatch.text.issues import Issue, Severity
from laoke.dispatch.text.length import LONG_SEGMENT, ONE_SEGMENT
from laoke.dispatch.text.messages import VARIABLE_LABELS, say
from laoke.dispatch.text.opt_out import without_opt_out
from laoke.dispatch.text.preview import Case, Preview, millis_to_cents
from laoke.dispatch.text.template import parse
from laoke.web import components as ui
from laoke.web import figures

CASES = ("usual", "shortest", "longest")
_TODO = {Severity.ERROR: ("bad", "bad"), Severity.WARNING: ("warn", "warn"), Severity.NOTE: ("info", "")}


@dataclass(frozen=True)
class TextPreview:
    """One reading on a phone beside what all readings cost."""

    marked: ui.MessageText
    phone: ui.Phone
    facts: ui.Facts
    issues: ui.TodoList
    case: str
    names: tuple[tuple[str, str, bool], ...]
    broken: bool


def text_preview(
    signature: str,
    body: str,
    *,
    kind: str,
    provider: str,
    price_millis: int,
    people: int,
    case: str = "usual",
    sender: str = "",
    values: Mapping[str, str] | None = None,
) -> TextPreview:
    """Preview a text for `people` recipients; an unknown case shows the usual one."""
    case = case if case in CASES else "usual"
    shown = preview_text(
        signature, body, price_millis=price_millis, people=people, provider=provider, values=values
    )
    found = check_text(signature, body, kind, provider)
    one: Case = getattr(shown, case)
    labels = {"usual": gettext("常见"), "shortest": gettext("最短"), "longest": gettext("最长")}
    return TextPreview(
        ui.MessageText(_pieces(body, provider)),
        ui.Phone(one.text, sender or "1069 ****", gettext("短信"), "", _count(one)),
        ui.Facts(_facts(signature, shown, people)),
        ui.TodoList([_issue(issue) for issue in found], gettext("文字没有问题")),
        case,
        tuple((name, labels[name], name == case) for name in CASES),
        any(issue.severity is Severity.ERROR for issue in found),
    )


def _issue(issue: Issue) -> ui.Todo:
    icon, tone = _TODO[issue.severity]
    return ui.Todo(say(issue), icon=icon, tone=tone)  # type: ignore[arg-type]


def _pieces(body: str, provider: str) -> Sequence[ui.Piece]:
    """Plain text, variables by their label, and the words of opting out, which are shown and not edited."""
    core = without_opt_out(body, rules_of(provider))
    template = parse(core)
    pieces = [ui.Piece(template.texts[0])]
    for name, text in zip(template.names, template.texts[1:], strict=True):
        pieces.append(ui.Piece(gettext(VARIABLE_LABELS.get(name, name)), "var", f"${{{name}}}"))
        pieces.append(ui.Piece(text))
    if body.startswith(core) and len(body) > len(core):
        pieces.append(ui.Piece(body[len(core) :], "fixed"))
    return [piece for piece in pieces if piece.text]


def room_left(length: int, segments: int) -> int:
    """Characters until one more segment is billed."""
    return ONE_SEGMENT - length if segments <= 1 else segments * LONG_SEGMENT - length


def _count(one: Case) -> str:
    return gettext("%(length)s 字 · %(segments)s 条 · 余 %(room)s 字到第 %(next)s 条") % {
        "length": one.length,
        "segments": one.segments,
        "room": room_left(one.length, one.segments),
        "next": one.segments + 1,
    }


def _facts(signature: str, shown: Preview, people: int) -> list[tuple[str, ui.Component | str]]:
    lengths = gettext("最短 %(least)s，常见 %(usual)s，最长 %(most)s，含签名与退订") % {
        "least": shown.shortest.length,
        "usual": shown.usual.length,
        "most": shown.longest.length,
    }
    least, most = shown.shortest.segments, shown.longest.segments
    billed = (
        gettext("每人 %(n)s 条") % {"n": most}
        if least == most
        else gettext("每人 %(least)s 到 %(most)s 条") % {"least": least, "most": most}
    )
    low, high = (millis_to_cents(millis) for millis in shown.cost_range_millis)
    cost = figures.yuan(high) if low == high else f"{figures.yuan(low)} – {figures.yuan(high)}"
    facts: list[tuple[str, ui.Component | str]] = [
        (gettext("签名"), f"【{signature}】" if signature else gettext("还没有填")),
        (gettext("字数"), lengths),
        (gettext("计费"), billed),
    ]
    if people:
        facts.append(
            (
                gettext("费用"),
                ngettext("%(cost)s，发 %(people)s 人", "%(cost)s，发 %(people)s 人", people)
                % {"cost": cost, "people": figures.exact(people)},
            )
        )
    else:
        one = millis_to_cents(shown.longest.cost_millis)
        facts.append((gettext("单价"), gettext("一人最多 %(cost)s") % {"cost": figures.yuan(one)}))
    return facts
