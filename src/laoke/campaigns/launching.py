"""The launch checks of a campaign with the signatures that lie over them, and signing.

A block is lifted by the owner only, with a reason, for exactly the state that was shown: whoever signs names its
digest, and what changed in between is refused. Every signature and every withdrawal is audited.

CampaignRefused   launch_role, launch_reason, launch_changed (what was shown is no longer so), launch_unsigned,
                  launch_words_long
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from laoke.campaigns.launch import (
    Complexity,
    Finding,
    Plan,
    Signed,
    Weighed,
    check_plan,
    complexity_of,
    weigh,
)
from laoke.campaigns.launch_plan import plan_of
from laoke.campaigns.models import Campaign, LaunchSignature, PageWords
from laoke.campaigns.refusals import CampaignRefused
from laoke.shops import audit
from laoke.shops.models import Role, Staff, User

SIGNING_ROLES: tuple[str, ...] = (Role.OWNER,)
LONGEST_REASON = 300
LONGEST_WORDS = 20_000
LONGEST_SUBJECT = 250


class Launch:
    """What was found of a campaign at one moment, with the plan that it rests on."""

    def __init__(self, plan: Plan, weighed: Weighed) -> None:
        self.plan, self.weighed = plan, weighed

    @property
    def complexity(self) -> Complexity:
        return complexity_of([one.offer for one in self.plan.offers])


def check_launch(campaign: Campaign, now: datetime) -> Launch:
    """All findings of a campaign as it is now. Reads only."""
    plan = plan_of(campaign, now)
    return Launch(plan, weigh(check_plan(plan), signatures(campaign)))


def signatures(campaign: Campaign) -> list[Signed]:
    """The signatures that nobody took back."""
    rows = campaign.launch_signatures.filter(withdrawn_at=None).select_related("by").order_by("pk")
    return [
        Signed(
            row.code, row.subject, row.state, str(row.by or ""), row.role, row.reason,
            f"{row.at:%Y-%m-%d %H:%M}", row.pk,
        )
        for row in rows
    ]  # fmt: skip


def may_sign(role: str) -> bool:
    """Whether somebody in this role may lift a block."""
    return role in SIGNING_ROLES


def sign(campaign: Campaign, state: str, reason: str, *, by: User, now: datetime) -> LaunchSignature:
    """Lift the block whose digest is `state`.

    Raises
    ------
    CampaignRefused
    """
    staff = Staff.objects.filter(shop=campaign.shop, user=by).first()
    role = str(staff.role) if staff else ""
    if not may_sign(role):
        raise CampaignRefused("launch_role", roles=[str(Role(one).label) for one in SIGNING_ROLES])
    if not reason.strip():
        raise CampaignRefused("launch_reason")
    finding = _open_block(campaign, state, now)
    try:
        with transaction.atomic():
            row = LaunchSignature.objects.create(
                campaign=campaign, code=finding.code, subject=finding.subject[:LONGEST_SUBJECT], state=state,
                reason=reason.strip()[:LONGEST_REASON], role=role, by=by, at=now,
            )  # fmt: skip
            audit.record(
                "launch.sign", shop=campaign.shop, actor=by, at=now, subject=f"{campaign.pk}/{row.pk}",
                rule=finding.rule.number, code=finding.code, role=role, state=state,
            )  # fmt: skip
    except IntegrityError:
        # Somebody signed for the same between the question above and this write.
        raise CampaignRefused("launch_changed") from None
    return row


def _open_block(campaign: Campaign, state: str, now: datetime) -> Finding:
    for finding in check_launch(campaign, now).weighed.blocks:
        if finding.state == state:
            return finding
    raise CampaignRefused("launch_changed")


def withdraw(campaign: Campaign, number: int, *, by: User, now: datetime) -> None:
    """Take a signature back; the block stands again.

    Raises
    ------
    CampaignRefused
    """
    staff = Staff.objects.filter(shop=campaign.shop, user=by).first()
    if staff is None or not may_sign(str(staff.role)):
        raise CampaignRefused("launch_role", roles=[str(Role(one).label) for one in SIGNING_ROLES])
    with transaction.atomic():
        rows = LaunchSignature.objects.filter(campaign=campaign, pk=number, withdrawn_at=None)
        if not rows.update(withdrawn_at=now, withdrawn_by=by):
            raise CampaignRefused("launch_unsigned")
        audit.record(
            "launch.withdraw", shop=campaign.shop, actor=by, at=now, subject=f"{campaign.pk}/{number}"
        )


def page_words(campaign: Campaign) -> str:
    """What the shop's pages say of the campaign; empty when nobody wrote it down."""
    row = PageWords.objects.filter(campaign=campaign).first()
    return row.words if row is not None else ""


def set_page_words(campaign: Campaign, words: str, *, by: User, now: datetime) -> None:
    """Keep what the pages say, so that it is checked with everything else.

    Raises
    ------
    CampaignRefused
    """
    if len(words) > LONGEST_WORDS:
        raise CampaignRefused("launch_words_long", found=len(words), most=LONGEST_WORDS)
    with transaction.atomic():
        PageWords.objects.update_or_create(
            campaign=campaign, defaults={"words": words.strip(), "changed_by": by, "changed_at": now}
        )
        audit.record("launch.words", shop=campaign.shop, actor=by, at=now, subject=str(campaign.pk))
