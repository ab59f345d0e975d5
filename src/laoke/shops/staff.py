"""Who works in a shop: accounts, roles, one-time passwords. A shop never loses its last owner.

StaffRefused    code `last_owner`, `self`, `user_exists`, `username`, `elsewhere`
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from django.db import transaction

from laoke.shops import audit
from laoke.shops.models import Role, Shop, Staff, User
from laoke.shops.setup import add_user

_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{1,49}")


class StaffRefused(Exception):
    """A change of staff that may not be made; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def hire(shop: Shop, username: str, *, name: str, role: str, by: User, now: datetime) -> tuple[Staff, str]:
    """A new account with a role in this shop, and its one-time password.

    An account of another shop of the same owner gets the role here and keeps its password (the text is empty then).
    """
    if not _USERNAME.fullmatch(username):
        raise StaffRefused("username")
    known = User.objects.filter(username__iexact=username).first()
    if known is None:
        user, password = add_user(username, shops=[shop], role=role, now=now, full_name=name)
        return Staff.objects.get(user=user, shop=shop), password
    if not Staff.objects.filter(user=known, shop__owner=shop.owner_id).exists():
        raise StaffRefused("user_exists")
    staff, new = Staff.objects.get_or_create(user=known, shop=shop, defaults={"role": role})
    if not new:
        raise StaffRefused("user_exists")
    audit.record("staff.add", shop=shop, actor=by, at=now, subject=known.username, role=role)
    return staff, ""


def give_role(staff: Staff, role: str, *, by: User, now: datetime) -> None:
    """Another role; the last owner keeps his."""
    with transaction.atomic():
        if staff.role == Role.OWNER and role != Role.OWNER:
            _keep_an_owner(staff)
        before, staff.role = staff.role, role
        staff.save(update_fields=["role"])
        audit.record(
            "staff.role", shop=staff.shop, actor=by, at=now, subject=staff.user.username, before=before, after=role
        )  # fmt: skip


def dismiss(staff: Staff, *, by: User, now: datetime) -> None:
    """End someone's work in a shop. Nobody dismisses themselves; what they did stays in the audit trail."""
    if staff.user_id == by.pk:
        raise StaffRefused("self")
    with transaction.atomic():
        if staff.role == Role.OWNER:
            _keep_an_owner(staff)
        shop, username = staff.shop, staff.user.username
        staff.delete()
        audit.record("staff.dismiss", shop=shop, actor=by, at=now, subject=username)


def reset_password(staff: Staff, *, by: User, now: datetime) -> str:
    """A new one-time password; sessions of the account end, and one that a restore has closed is open. Refused for one
    who also works for another owner."""
    user = staff.user
    if user.pk == by.pk:
        raise StaffRefused("self")
    if Staff.objects.filter(user=user).exclude(shop__owner=staff.shop.owner_id).exists():
        raise StaffRefused("elsewhere")
    with transaction.atomic():
        once = give_password(user)
        audit.record("user.reset", shop=staff.shop, actor=by, at=now, subject=user.username)
    return once


def give_password(user: User) -> str:
    """A new one-time password for an account, which is open from now on."""
    once = secrets.token_urlsafe(9)
    user.set_password(once)
    user.must_change_password = user.is_active = True
    user.save(update_fields=["password", "must_change_password", "is_active"])
    return once


def _keep_an_owner(leaving: Staff) -> None:
    others = (
        Staff.objects.select_for_update()
        .filter(shop=leaving.shop_id, role=Role.OWNER, user__is_active=True)
        .exclude(pk=leaving.pk)
    )
    if not others.exists():
        raise StaffRefused("last_owner")
