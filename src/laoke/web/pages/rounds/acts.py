"""What one does with a round: edit, test, launch, pause, resume, cancel, take back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from laoke.audiences.slow_counts import SHOWN, on_page
from laoke.campaigns import editing, rounds
from laoke.campaigns.changes import Changes, apply_changes
from laoke.campaigns.models import Round, RoundState
from laoke.campaigns.refusals import CampaignRefused
from laoke.campaigns.templates import provider_code
from laoke.customers.models import Channel
from laoke.dispatch.models import Gateway
from laoke.dispatch.occasions import OccasionRefused
from laoke.dispatch.templates import TemplateRefused
from laoke.dispatch.text.messages import say as say_issue
from laoke.dispatch.text.numbers import is_demo_mobile, normal_mobile
from laoke.shops.joins import clauses
from laoke.shops.models import User
from laoke.shops.unavailable_words import told
from laoke.warehouse.limits import TooLong
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.nav import SELLING
from laoke.web.numbers import row_number
from laoke.web.pages.campaigns.edit import way_of, ways_of
from laoke.web.pages.campaigns.words import sentence_of
from laoke.web.pages.rounds.finding import find_round
from laoke.web.pages.rounds.forms import RoundForm, TestForm
from laoke.web.pages.rounds.preview import TextPreview, text_preview
from laoke.web.pages.rounds.views import last_test

ON_THE_WAY = ("planned", "claimed", "sending")
FIELDS = {"segment_text": "segment_text", "no_segment": "segment_text", "holdout_range": "holdout"}


@dataclass(frozen=True)
class RoundEdit:
    """A drafted round being changed; `proposed` is the nearest window the gateway allows."""

    round: Round
    form: RoundForm
    preview: TextPreview
    proposed: tuple[str, str, str] | None
    can_sign: bool


@allowed(*MARKETING)
def round_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = find_round(shop_of(request), pk)
    if row.state != RoundState.DRAFT:
        messages.error(request, gettext("这一轮已备好或发出，先退回去才能改"))
        return redirect("round", row.pk)
    initial = RoundForm.initial_of(row, provider_code(row) if row.template else "")
    form = RoundForm(_given(request), row=row, ways=ways_of(row.campaign.shop), initial=initial)
    proposed, can_sign = None, bool(row.hours_override_reason)
    if request.method == "POST" and form.is_valid():
        try:
            notes = _save(row, form, request)
        except editing.WindowRefused as refused:
            form.add_error("opens_at", refused.message)
            can_sign = refused.override_possible
            proposed = _proposal(refused)
        except CampaignRefused as refused:
            form.add_error(FIELDS.get(refused.code), sentence_of(refused))
        else:
            for note in notes:
                messages.info(request, note)
            messages.success(request, gettext("这一轮已存"))
            return redirect("round", row.pk)
        row = find_round(shop_of(request), pk)
    page = RoundEdit(row, form, _preview_of(request, row, form), proposed, can_sign)
    return render(request, "rounds/edit.html", {"page": page}, status=422 if form.errors else 200)


def _given(request: HttpRequest) -> QueryDict | None:
    """What was posted; with the proposed window in place of the refused one when that was chosen."""
    if request.method != "POST":
        return None
    given = request.POST.copy()
    if given.get("use_proposal"):
        given["opens_at"], given["closes_at"] = given.get("proposed_start", ""), given.get("proposed_end", "")
    return given


def _proposal(refused: editing.WindowRefused) -> tuple[str, str, str] | None:
    if refused.proposed is None:
        return None
    first, last = refused.proposed
    return f"{first:%Y-%m-%dT%H:%M}", f"{last:%Y-%m-%dT%H:%M}", f"{first:%m-%d %H:%M} – {last:%m-%d %H:%M}"


def _save(row: Round, form: RoundForm, request: HttpRequest) -> list[str]:
    """All changes or none. A change of the way comes with its window, so both are judged together."""
    data, now, by = form.cleaned_data, clock_of(request).now(), request.user
    channel, gateway = way_of(row.campaign.shop, data["way"])
    with transaction.atomic():
        if (channel, gateway) != (row.channel, row.gateway):
            _change_way(row, channel, gateway, request, form)
        return apply_changes(
            row,
            Changes(
                segment=data["segment"] or data["segment_text"],
                text=data["text"],
                signature=data["signature"],
                variables=form.variables,
                opens=data["opens_at"],
                closes=data["closes_at"],
                override_reason=data["override_reason"],
                offer=data["offer"] or "0",
                holdout=data["holdout"] if data["holdout"] is not None else None,
                template_code=data["template_code"]
                if channel != Channel.HANDOVER and data["template_code"]
                else None,
            ),
            by=by,  # type: ignore[arg-type]
            now=now,
        )


def _change_way(
    row: Round, channel: str, gateway: Gateway | None, request: HttpRequest, form: RoundForm
) -> None:
    """A list has no hours: the window is put there first, then the new gateway judges it."""
    now, by = clock_of(request).now(), request.user
    if row.channel != Channel.HANDOVER:
        editing.set_round_channel(row, Channel.HANDOVER, None, by=by, now=now)  # type: ignore[arg-type]
    editing.set_round_window(
        row,
        form.cleaned_data["opens_at"],
        form.cleaned_data["closes_at"],
        by=by,  # type: ignore[arg-type]
        now=now,
    )
    editing.set_round_channel(row, channel, gateway, by=by, now=now)  # type: ignore[arg-type]


def _values_in(source: Mapping[str, str]) -> dict[str, str]:
    """Values of variables as they stand in the form."""
    return {name.removeprefix("var_"): value for name, value in source.items() if name.startswith("var_")}


def _preview_of(request: HttpRequest, row: Round, form: RoundForm) -> TextPreview:
    """The text as it stands in the form."""
    source = request.POST if request.method == "POST" else {}
    way = source.get("way") or (f"gateway-{row.gateway_id}" if row.gateway_id else "handover")
    gateway = row.gateway
    if way.startswith("gateway-"):
        number = row_number(way.removeprefix("gateway-")) or 0
        gateway = Gateway.objects.filter(shop=row.campaign.shop, pk=number).first() or gateway
    return text_preview(
        source.get("signature", row.signature),
        source.get("text", row.body),
        kind="marketing",
        provider=gateway.provider if gateway else "default",
        price_millis=gateway.price_millis if gateway else 0,
        people=0,
        case=source.get("case", "usual"),
        values=_values_in(source) or row.variables,
    )


@require_POST
@allowed(*MARKETING)
def round_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The preview beside the editor, as one types."""
    row = find_round(shop_of(request), pk)
    form = RoundForm(request.POST, row=row, ways=ways_of(row.campaign.shop))
    return render(request, "rounds/preview.html", {"preview": _preview_of(request, row, form)})


@require_POST
@allowed(*MARKETING)
def round_test(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = find_round(shop_of(request), pk), TestForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("写上自己的号码"))
        return redirect(f"{reverse('round', args=[row.pk])}#test")
    number = form.cleaned_data["number"]
    if (
        row.gateway is not None
        and row.gateway.is_loopback
        and not is_demo_mobile(normal_mobile(number) or "")
    ):
        messages.error(request, gettext("演练通道只收永不分配的号码，例如 10000000001"))
        return redirect(f"{reverse('round', args=[row.pk])}#test")
    try:
        rounds.send_round_test(row, number, by=request.user, clock=clock_of(request))  # type: ignore[arg-type]
    except TemplateRefused as refused:
        messages.error(request, clauses(say_issue(issue) for issue in refused.issues))
    except OccasionRefused as refused:
        messages.error(request, sentence_of(refused))
    except CampaignRefused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.success(request, gettext("试发交出去了，几秒后看结果"))
    return redirect(f"{reverse('round', args=[row.pk])}#test")


@allowed(*SELLING)
def round_test_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The test's state, asked for every 2 s while it is on its way."""
    row = find_round(shop_of(request), pk)
    tested, url = last_test(row)
    answer = render(request, "rounds/tested.html", {"tested": tested, "url": url, "at": row.tested_at})
    if row.test_occasion is not None and row.test_occasion.messages.exclude(state__in=ON_THE_WAY).exists():
        # The checks on the page rest on the test: they are asked for again.
        answer["HX-Trigger"] = "tested"
    return answer


@require_POST
@allowed(*MARKETING)
def round_launch(request: HttpRequest, pk: int) -> HttpResponse:
    row = find_round(shop_of(request), pk)
    try:
        with on_page(SHOWN):
            funnel = rounds.launch_round(row, by=request.user, clock=clock_of(request))  # type: ignore[arg-type]
    except TemplateRefused as refused:
        messages.error(request, clauses(say_issue(issue) for issue in refused.issues))
    except (CampaignRefused, OccasionRefused) as refused:
        messages.error(request, sentence_of(refused))
    except TooLong as slow:
        messages.error(request, told(slow))
    else:
        messages.success(
            request,
            ngettext("开始了：发给 %(n)s 人", "开始了：发给 %(n)s 人", funnel.treated)
            % {"n": figures.exact(funnel.treated)},
        )
    return redirect("round", row.pk)


@require_POST
@allowed(*MARKETING)
def round_pause(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    who = user.get_full_name() or user.get_username()
    reason = gettext("%(who)s 按了暂停") % {"who": who}
    return _act(request, pk, lambda row, now: rounds.pause_round(row, by=user, now=now, reason=reason))


@require_POST
@allowed(*MARKETING)
def round_resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, lambda row, now: rounds.resume_round(row, by=request.user, now=now))  # type: ignore[arg-type]


@require_POST
@allowed(*MARKETING)
def round_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    def cancel(row, now):  # type: ignore[no-untyped-def]
        left = rounds.cancel_round(row, by=request.user, now=now)  # type: ignore[arg-type]
        messages.success(
            request,
            ngettext("已取消，%(n)s 人不再发", "已取消，%(n)s 人不再发", left) % {"n": figures.exact(left)},
        )

    return _act(request, pk, cancel)


@require_POST
@allowed(*MARKETING)
def round_unprepare(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, lambda row, now: rounds.unprepare_round(row, by=request.user, now=now))  # type: ignore[arg-type]


def _act(request: HttpRequest, pk: int, act) -> HttpResponse:  # type: ignore[no-untyped-def]
    """Do it, say why not when it is refused, and show the round again."""
    row = find_round(shop_of(request), pk)
    try:
        act(row, clock_of(request).now())
    except (CampaignRefused, OccasionRefused) as refused:
        messages.error(request, sentence_of(refused))
    return redirect("round", row.pk)
