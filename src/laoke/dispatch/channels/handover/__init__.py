"""Hand-over: a list of people for the platform's own tool, instead of a call. Its people are reached by that tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from laoke.dispatch.channels.base import Channel, ChannelKind, ChannelSettingsError


def _build(settings: Mapping[str, Any]) -> Channel:
    """There is no call to make: lists are built by `laoke.dispatch.handover`. Raises `ChannelSettingsError`."""
    raise ChannelSettingsError("a hand-over list is downloaded by a person, it is not sent")


KIND = ChannelKind(name="handover", medium="handover", build=_build)
