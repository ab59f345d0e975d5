"""Message templates: the list, and writing one with its checks and its preview beside it."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_POST

from laoke.campaigns.planning import default_signature
from laoke.dispatch.models import MessageTemplate, TemplateKind
from laoke.dispatch.templates import TemplateRefused, make_template
from laoke.dispatch.text.messages import VARIABLE_LABELS
from laoke.dispatch.text.messages import say as say_issue
from laoke.dispatch.text.variables import VARIABLES
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.nav import SELLING
from laoke.web.pages.rounds.forms import TemplateForm
from laoke.web.pages.rounds.preview import TextPreview, text_preview

# The price shown while nothing is chosen to send by: what a segment costs at the loopback, in 1/1000 yuan.
USUAL_PRICE_MILLIS = 45


@dataclass(frozen=True)
class TemplateList:
    """Stored texts by the last change."""

    table: ui.Table
    filters: ui.Filters
    new: ui.Action | None


@dataclass(frozen=True)
class TemplateEdit:
    """A text being written."""

    form: TemplateForm
    preview: TextPreview
    title: str
    variables: list[tuple[str, str]]


@allowed(*SELLING)
def template_list(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    rows = MessageTemplate.objects.filter(shop=shop, archived=False)
    if wanted := lists.searched(request):
        rows = rows.filter(Q(name__icontains=wanted) | Q(body__icontains=wanted))
    count, may_edit = rows.count(), may_market(request)
    listing = lists.Listing(
        gettext("消息模板"),
        rows,
        ("-pk",),
        columns=[
            ui.Column("name", pgettext("one of a list", "模板")),
            ui.Column("body", gettext("正文"), "wrap", card="wide"),
            ui.Column("sign", gettext("签名"), "nowrap", priority=2, card="hide"),
            ui.Column("code", gettext("模板编号"), "nowrap", priority=3, card="hide"),
            ui.Column("at", gettext("改于"), "nowrap", priority=2, card="end"),
        ],
        lines=lambda found: [
            ui.Row(
                [
                    ui.Cell(row.name, extra=ui.Tag(row.get_kind_display())),
                    row.body,
                    f"【{row.signature}】" if row.signature else "",
                    row.provider_code,
                    figures.when(row.updated_at, now),
                ],
                id=str(row.pk),
                url=reverse("template", args=[row.pk]) if may_edit else "",
            )
            for row in found
        ],
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    new = None
    if may_edit:
        new = ui.Action(gettext("新建模板"), reverse("template_new"), "primary", "plus", grow=True)
    table = listing.table(
        listing.found(request),
        request,
        empty=ui.Empty(gettext("还没有模板"), gettext("写一条，当场看字数、条数和能不能过审"), new),
        order=gettext("新的在前"),
        count=gettext("共 %(n)s 个") % {"n": figures.exact(count)},
    )
    filters = lists.filters(request, gettext("模板名、正文"), count=count)
    return render(request, "rounds/templates.html", {"page": TemplateList(table, filters, new)})


@allowed(*MARKETING)
def template_new(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@allowed(*MARKETING)
def template_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(MessageTemplate, shop=shop_of(request), pk=pk))


def _edit(request: HttpRequest, row: MessageTemplate | None) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    initial: dict[str, object] = {"kind": TemplateKind.MARKETING, "signature": default_signature(shop)}
    if row is not None:
        initial = {
            name: getattr(row, name) for name in ("name", "kind", "signature", "body", "provider_code")
        }
    form = TemplateForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _name_is_free(form, request, row):
        try:
            saved, found = make_template(shop, **form.cleaned_data, now=now, by=request.user, template=row)  # type: ignore[arg-type]
        except TemplateRefused as refused:
            for issue in refused.issues:
                form.add_error("body", say_issue(issue))
        except IntegrityError:
            # Two people stored the same name at one moment: the unique name decides.
            form.add_error("name", gettext("已有叫这个名字的模板"))
        else:
            for issue in found:
                messages.warning(request, say_issue(issue))
            messages.success(request, gettext("已存「%(name)s」") % {"name": saved.name})
            return redirect("templates")
    page = TemplateEdit(
        form,
        _preview_of(request, form),
        row.name if row else gettext("新建模板"),
        [(f"${{{name}}}", gettext(VARIABLE_LABELS.get(name, name))) for name in VARIABLES],
    )
    return render(request, "rounds/template.html", {"page": page}, status=422 if form.errors else 200)


def _name_is_free(form: TemplateForm, request: HttpRequest, row: MessageTemplate | None) -> bool:
    others = MessageTemplate.objects.filter(shop=shop_of(request), name=form.cleaned_data["name"])
    if others.exclude(pk=row.pk if row else 0).exists():
        form.add_error("name", gettext("已有叫这个名字的模板"))
        return False
    return True


def _preview_of(request: HttpRequest, form: TemplateForm) -> TextPreview:
    source = request.POST if request.method == "POST" else form.initial
    return text_preview(
        str(source.get("signature") or ""),
        str(source.get("body") or ""),
        kind=str(source.get("kind") or TemplateKind.MARKETING),
        provider="aliyun",
        price_millis=USUAL_PRICE_MILLIS,
        people=0,
        case=str(source.get("case") or "usual"),
    )


@require_POST
@allowed(*MARKETING)
def template_preview(request: HttpRequest) -> HttpResponse:
    """The preview as one types."""
    return render(
        request, "rounds/preview.html", {"preview": _preview_of(request, TemplateForm(request.POST))}
    )
