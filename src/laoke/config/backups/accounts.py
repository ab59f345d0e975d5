"""Who may come in after a restore: whoever might before it, with the password and the roles of then, and nobody else.

A backup knows the accounts of its own day. Staff dismissed, roles taken and passwords changed since must not come back
with it, so the ledger that is replaced says how the accounts stand. Where there is none that can be read, nobody can
know: every account is closed, and whoever sits at the machine opens the first one (`laoke user unlock NAME --reset`).
A closed account keeps its roles; a new one-time password opens it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from laoke.shops.models import Role, Shop, Staff, User


def carry_over(carried: dict[str, Any]) -> dict[str, list[str]]:
    """Accounts, passwords and roles as the ledger that is replaced has them; the names that are closed."""
    with transaction.atomic():
        known = {name: (secret, *rest) for name, secret, *rest in carried["accounts"]}
        strangers = User.objects.exclude(username__in=list(known))
        closed = sorted(strangers.values_list("username", flat=True))
        strangers.update(is_active=False)
        for name, (secret, active, must_change, full_name, joined) in known.items():
            user = User.objects.filter(username=name).first()
            if user is None:
                user = User(username=name, first_name=full_name, date_joined=datetime.fromisoformat(joined))
            user.password, user.must_change_password = secret, bool(must_change)
            user.is_active = bool(active)
            user.save()
        _carry_roles(carried, set(known))
    return {"closed": closed, "owners": _owners_to_open()}


def _carry_roles(carried: dict[str, Any], known: set[str]) -> None:
    """Roles in the shops that the replaced ledger knows; an account that it does not know keeps its own."""
    shops = {row[0] for row in carried["shops"]} & set(Shop.objects.values_list("pk", flat=True))
    wanted = {(name, shop): role for name, shop, role in carried["staff"] if shop in shops}
    there = Staff.objects.filter(shop_id__in=shops, user__username__in=known).select_related("user")
    for staff in there:
        role = wanted.pop((staff.user.username, staff.shop_id), None)
        if role is None:
            staff.delete()
        elif role != staff.role:
            staff.role = role
            staff.save(update_fields=["role"])
    users = dict(User.objects.filter(username__in=known).values_list("username", "pk"))
    Staff.objects.bulk_create(
        Staff(user_id=users[name], shop_id=shop, role=role) for (name, shop), role in wanted.items()
    )


def close_all() -> dict[str, list[str]]:
    """Close every account; their names, and those of the owners, one of whom is opened first."""
    User.objects.update(is_active=False)
    return {
        "closed": sorted(User.objects.values_list("username", flat=True)),
        "owners": _owners_to_open(),
    }


def _owners_to_open() -> list[str]:
    """The owners of shops that no open account owns."""
    shops = Shop.objects.exclude(
        pk__in=Staff.objects.filter(role=Role.OWNER, user__is_active=True).values("shop")
    )
    owners = User.objects.filter(staff__role=Role.OWNER, staff__shop__in=shops).distinct().order_by("pk")
    return list(owners.values_list("username", flat=True))
