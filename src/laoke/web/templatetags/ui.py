"""Template tags and filters of every page: components, cards, form fields, icons, and figures as people read them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, HiddenInput, RadioSelect, Select
from django.forms.widgets import ChoiceWidget
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from laoke.web import figures
from laoke.web.components import Component, Icon, Status, Tag, query_with

register = template.Library()


@register.filter
def wan(value: figures.Number | None, places: int = 1) -> str:
    """`{{ people|wan }}`: 1.2万; `|wan:2` in KPIs."""
    return figures.wan(value, places)


@register.filter
def exact(value: figures.Number | None) -> str:
    """`{{ people|exact }}`: 12,046."""
    return figures.exact(value)


@register.filter
def yuan(value: int | None) -> str:
    """`{{ paid_cents|yuan }}`: ¥ 89.00, exact, for sentences."""
    return figures.yuan(value)


@register.filter
def yuan_short(value: int | None, places: int = 1) -> str:
    """`{{ paid_cents|yuan_short }}`: ¥ 436.8万."""
    return figures.yuan_short(value, places)


@register.filter
def cents(value: int | None) -> str:
    """`{{ paid_cents|cents }}`: 1,234.50, for table cells whose head says （元）."""
    return figures.cents(value)


@register.filter
def percent(share: figures.Number | None, places: int = 1) -> str:
    """`{{ 0.384|percent }}`: 38.4%."""
    return figures.percent(share, places)


@register.filter
def points(difference: figures.Number | None, places: int = 1) -> str:
    """`{{ 0.023|points }}`: 2.3 点."""
    return figures.points(difference, places)


@register.filter
def duration(seconds: figures.Number | None) -> str:
    """`{{ seconds|duration }}`: 4.8 秒."""
    return figures.duration(seconds)


@register.filter
def when(value: date | None, now: datetime) -> str:
    """`{{ sent_at|when:shell.now }}`: 今天 09:36."""
    return figures.when(value, now)


@register.filter
def day(value: date | None, now: datetime) -> str:
    """`{{ sent_at|day:shell.now }}`: 11月9日."""
    return figures.day(value, now)


@register.filter
def ago(value: date | None, now: datetime) -> str:
    """`{{ last_paid|ago:shell.now }}`: 131 天前."""
    return figures.ago(value, now)


@register.filter
def table_day(value: date | None, now: datetime) -> str:
    """`{{ due|table_day:shell.now }}`: 11-09."""
    return figures.table_day(value, now)


@register.filter
def masked(value: str | None) -> str:
    """`<span class="masked">{{ phone|masked }}</span>`: 138 **** **21."""
    return figures.masked(value)


@register.filter
def shown(value: object) -> object:
    """What a cell or body holds: whole numbers get separators, components render themselves."""
    if isinstance(value, int) and not isinstance(value, bool):
        return figures.exact(value)
    return value


@register.simple_tag(takes_context=True)
def ui(context: template.Context, thing: object) -> object:
    """`{% ui thing %}`: print a component with the page's context; anything else as it is; None as nothing."""
    if thing is None:
        return ""
    if isinstance(thing, Component):
        keep = {key: context[key] for key in ("csrf_token", "shell", "request") if key in context}
        return thing.render(keep)
    return shown(thing)


@register.simple_tag
def icon(name: str, label: str = "", tone: str = "") -> SafeString:
    """`{% icon "sms" %}`; with a label it is read aloud."""
    return Icon(name, label, tone).render()


@register.simple_tag
def tag(text: str, tone: Any = "", icon: str = "") -> SafeString:
    """`{% tag "进行中" "brand" %}`."""
    return Tag(text, tone, icon).render()


@register.simple_tag
def status(text: str, state: Any = "") -> SafeString:
    """`{% status "已送达" "ok" %}`: ok, run, warn, bad, or empty for waiting."""
    return Status(text, state).render()


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """`{% query tab="orders" after=None %}`: the page's own query with some keys replaced or dropped."""
    changed = {key: None if value is None else str(value) for key, value in changes.items()}
    return query_with(context["request"].GET.urlencode(), **changed)


def _control(field: BoundField, described: str) -> SafeString:
    widget = field.field.widget
    attrs: dict[str, Any] = {"aria-describedby": described} if described else {}
    if field.errors:
        attrs["aria-invalid"] = "true"
    own = str(widget.attrs.get("class", ""))
    if isinstance(widget, CheckboxInput):
        attrs["class"] = own
    elif isinstance(widget, Select):
        attrs["class"] = f"select {own}".strip()
    elif not isinstance(widget, HiddenInput | ChoiceWidget):
        attrs["class"] = f"input {own}".strip()
    control = field.as_widget(attrs={key: value for key, value in attrs.items() if value})
    if field.field.show_hidden_initial:
        # What the page was opened with: of a field that nobody touched the form keeps what others set meanwhile.
        # Django would name a help text by an id of its own, which the page does not have.
        control += field.as_hidden({"aria-describedby": described} if described else None, only_initial=True)
    return control


@register.simple_tag
def field(
    bound: BoundField, before: str = "", after: str = "", fact: str = "", cls: str = "", switch: bool = False
) -> SafeString:
    """`{% field form.floor before="满" after="元" fact="去年有 1,806 单够得着" %}`: label, control, help, error.

    `fact` stands where the help text would; a checkbox stands before its label, as a switch with `switch=True`.
    """
    help_text = fact or bound.help_text
    described = " ".join(
        [
            *([f"{bound.auto_id}_help"] if help_text else []),
            *([f"{bound.auto_id}_error"] if bound.errors else []),
        ]
    )
    widget = bound.field.widget
    if switch:
        widget.attrs.update({"class": "switch", "role": "switch"})
    context = {
        "field": bound,
        "control": _control(bound, described),
        "help": help_text,
        "before": before,
        "after": after,
        "cls": cls,
        "is_check": isinstance(widget, CheckboxInput),
        "is_group": isinstance(widget, RadioSelect | CheckboxSelectMultiple),
    }
    return render_to_string("components/field.html", context)


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: Any) -> dict[str, object]:
    """`{% form_errors form %}`: what is wrong with the form as a whole."""
    return {"errors": form.non_field_errors()}


class _CardNode(template.Node):
    """`{% card "每日支付金额" sub="…" cls="c8" %}…{% endcard %}` with optional cardend and cardfoot inside."""

    def __init__(
        self, title: FilterExpression | None, options: dict[str, FilterExpression], body: NodeList
    ) -> None:
        self.title, self.options, self.nodelist = title, options, body

    def render(self, context: template.Context) -> SafeString:
        parts: dict[str, SafeString] = {}
        values = {key: option.resolve(context) for key, option in self.options.items()}
        title = self.title.resolve(context) if self.title else ""
        with context.push(_card=parts):
            body = self.nodelist.render(context)
        card = {"title": title, "body": body, "end": parts.get("end"), "foot": parts.get("foot"), **values}
        return render_to_string("components/card.html", {"card": card})


@register.tag
def card(parser: Parser, token: Token) -> _CardNode:
    """Options: sub, id, cls (grid classes), ruled (line under the head), flush (body without padding, for tables)."""
    bits = token.split_contents()[1:]
    title = parser.compile_filter(bits.pop(0)) if bits and "=" not in bits[0].split('"')[0] else None
    options = template.base.token_kwargs(bits, parser)
    unknown = set(options) - {"sub", "id", "cls", "ruled", "flush"}
    if bits or unknown:
        raise template.TemplateSyntaxError(f"card does not know {[*bits, *sorted(unknown)]}")
    body = parser.parse(("endcard",))
    parser.delete_first_token()
    return _CardNode(title, options, body)


@register.simple_block_tag(takes_context=True)
def cardend(context: template.Context, content: SafeString) -> str:
    """Tools at the right of a card's head."""
    context["_card"]["end"] = content
    return ""


@register.simple_block_tag(takes_context=True)
def cardfoot(context: template.Context, content: SafeString) -> str:
    """The conclusion or next step under a card."""
    context["_card"]["foot"] = content
    return ""


@register.simple_tag
def aria_current(on: object, kind: str = "page") -> SafeString | str:
    """`<a {% aria_current tab.current %}>`."""
    return format_html(' aria-current="{}"', kind) if on else ""
