"""Composition at start: what lower packages are given from above."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "laoke.config"
    label = "config"

    def ready(self) -> None:
        """Register the gates of facts and what erasing does to messages: no process may plan or send without them. And
        what follows a merge."""
        from laoke.audiences import snapshots
        from laoke.campaigns import gates
        from laoke.customers import carrying, erasure
        from laoke.dispatch import erasing
        from laoke.groups import members
        from laoke.groups.models import GroupMember
        from laoke.intake.loading import quarantine
        from laoke.promotions import buyer_lists
        from laoke.promotions.coupons import calls, moves
        from laoke.promotions.rewards import lottery_draws, points, referrals
        from laoke.service import cases

        gates.register()
        erasure.register_messages(
            erasure.Messages(erasing.suppress, erasing.has_open_attempts, erasing.wipe, erasing.renumber)
        )
        erasure.register_forgetter("quarantine", quarantine.forget_person)
        erasure.register_forgetter("snapshots", snapshots.forget_people)
        erasure.register_forgetter("events", erasing.forget_events)
        # In the order in which they lock: what is drawn and given holds the rule or lottery, points, then the issue.
        erasure.register_forgetter("referrals", referrals.forget_person)
        erasure.register_forgetter("lotteries", lottery_draws.forget_person)
        erasure.register_forgetter("points", points.forget_person)
        erasure.register_forgetter("coupons", moves.forget_person)
        erasure.register_forgetter("calls", calls.forget_person)
        erasure.register_forgetter("buyer_lists", buyer_lists.forget_people)
        erasure.register_forgetter("groups", members.forget_person)
        erasure.register_forgetter("cases", cases.forget_person)
        carrying.register_kind("group", GroupMember, ("group_id", "left_on"))
