"""The ways to reach people, one folder each, behind the interface of `base`.

A folder becomes a channel by naming its `KIND`; nothing else has to be registered.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from laoke.dispatch.channels.base import Channel, ChannelKind, ChannelSettingsError


def _kinds() -> dict[str, ChannelKind]:
    """The `KIND` of every folder beside this file, by name. Importing one must stay cheap."""
    kinds = {}
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg:
            kind: ChannelKind = importlib.import_module(f"{__name__}.{module.name}").KIND
            kinds[kind.name] = kind
    return kinds


CHANNELS: dict[str, ChannelKind] = _kinds()


def channel(name: str, settings: Mapping[str, Any]) -> Channel:
    """The channel `name` with the given settings. Raises `ChannelSettingsError`."""
    if name not in CHANNELS:
        raise ChannelSettingsError(f"no channel {name!r}; there are: {', '.join(sorted(CHANNELS))}")
    return CHANNELS[name].build(settings)
