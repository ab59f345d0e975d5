"""SMS by Aliyun (Dysmsapi 2017-05-25): adapter, code table, and a loopback gateway of the same protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from laoke.dispatch.channels.base import Channel, ChannelKind


def _build(settings: Mapping[str, Any]) -> Channel:
    """The adapter; imported on demand because most processes never send."""
    from laoke.dispatch.channels.aliyun.adapter import AliyunSms

    return AliyunSms(**settings)


KIND = ChannelKind(
    name="aliyun",
    medium="sms",
    build=_build,
    settings=(
        "endpoint",
        "access_key",
        "secret",
        "connect_timeout_s",
        "read_timeout_s",
        "absence_proof_after_s",
    ),
    secrets=("secret",),
)
