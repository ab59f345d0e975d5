"""Looking at a file before it is loaded: which layout it has, what is missing, its first rows masked.

A header that a shop has explained once is remembered; the next file with the same header is read the same way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from laoke.customers.contacts import EMAIL_WITHIN, mask_email, mask_name, mask_phone, mask_within
from laoke.intake.models import SavedMapping
from laoke.intake.reading.filetypes import file_kind
from laoke.intake.reading.messages import profile_title
from laoke.intake.reading.opening import Source, open_source
from laoke.intake.reading.profiles import (
    Profile,
    Recognition,
    layout_of,
    layout_of_recognition,
    normal_name,
    recognition_of,
)
from laoke.intake.reading.reading import refuse_part_alone
from laoke.intake.reading.refusals import MIB, IntakeRefused
from laoke.intake.reading.roles import ROLES, Grain, plays, roles_of
from laoke.shops import uploads
from laoke.shops.models import Shop, Upload, User

# A text file tells what it is at its beginning; an Excel book has to be there as a whole.
HEAD_BYTES = 8 * MIB
SAMPLE_ROWS = 5
SAMPLE_LENGTH = 24


@dataclass(frozen=True)
class Column:
    """One column of a file: its header, the role it plays ('' = none), and masked values of the first rows."""

    header: str
    role: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """What a file is before loading.

    `found_by` says how its columns were understood: `profile` (a layout that comes with Laoke), `memory` (explained by
    this shop before), `saved` (like one that it explained or took from a file) or `` (not understood). `refusal` is set
    when it cannot be read as it is.
    """

    file_name: str
    size: int
    kind: str = ""
    encoding: str = ""
    grain: Grain = "order"
    found_by: str = ""
    profile: str = ""
    title: str = ""
    score: float = 0.0
    mapping: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    header: tuple[str, ...] = ()
    refusal: tuple[str, dict[str, Any]] | None = None

    @property
    def ready(self) -> bool:
        """Whether it can be loaded as it is."""
        return self.refusal is None and bool(self.found_by)

    @property
    def can_map(self) -> bool:
        """Whether somebody could say what its columns are."""
        return bool(self.header)


def look_at(upload: Upload) -> Preview:
    """What an uploaded file is. A file that cannot be read gives a preview with its refusal."""
    shop = upload.shop
    with uploads.opened(upload, at_most=HEAD_BYTES) as beginning:
        try:
            if file_kind(beginning) in ("csv", "gzip"):
                return look_at_file(shop, beginning, upload.name, upload.size)
        except IntakeRefused as refusal:
            # A zip that was cut off at its beginning has no table of contents: only the whole file can tell.
            if upload.size <= HEAD_BYTES:
                return Preview(upload.name, upload.size, refusal=(refusal.code, refusal.params))
    with uploads.opened(upload) as whole:
        return look_at_file(shop, whole, upload.name, upload.size)


def look_at_file(shop: Shop, path: Path, file_name: str, size: int) -> Preview:
    """What a file is; the mapping this shop saved for its header goes before the layouts that come with Laoke."""
    try:
        with open_source(path) as source:
            return _preview(shop, source, file_name, size)
    except IntakeRefused as refusal:
        return Preview(file_name, size, refusal=(refusal.code, refusal.params))


def _preview(shop: Shop, source: Source, file_name: str, size: int) -> Preview:
    known = remembered(shop, source.header)
    best = source.recognitions[0] if source.recognitions else None
    found: dict[str, Any] = {}
    refusal: tuple[str, dict[str, Any]] | None = None
    try:
        if known is not None:
            layout_of(source.header, known.mapping, id="mapping", grain=known.grain)  # type: ignore[arg-type]
            found = {
                "found_by": "memory", "mapping": known.mapping, "grain": known.grain, "title": known.name, "score": 1.0,
            }  # fmt: skip
        elif (like := _like_saved(shop, source.header, best)) is not None:
            layout_of(source.header, like.mapping, id="mapping", grain=like.profile.grain)
            found = {**_of_profile(like), "found_by": "saved", "profile": ""}
        elif best is not None and best.complete:
            layout_of_recognition(source.header, best)
            found = _of_profile(best)
    except IntakeRefused as refused:
        refusal = (refused.code, refused.params)
    near = best if best is not None and best.is_near else None
    if not found and refusal is None:
        refusal = _not_recognised(source, near)
    mapping = found.get("mapping") or (best.mapping if best else {})
    return Preview(
        file_name=file_name, size=size, kind=source.kind, encoding=source.encoding, header=source.header,
        columns=_columns(source, mapping), missing=near.missing if near and not found else (), refusal=refusal,
        **{"mapping": mapping, "grain": near.profile.grain if near else "order", **found},
    )  # fmt: skip


def _like_saved(shop: Shop, header: Sequence[str], best: Recognition | None) -> Recognition | None:
    """The layout this shop saved that is nearest to a header, when it is nearer than those that come with Laoke."""
    saved = SavedMapping.objects.filter(shop=shop).order_by("pk")
    found = [one for row in saved if (one := recognition_of(layout_profile(row), header)).is_like]
    nearest = max(found, key=lambda one: one.score, default=None)
    if nearest is None or (best is not None and best.complete and best.score > nearest.score):
        return None
    return nearest


def _of_profile(best: Recognition) -> dict[str, Any]:
    return {
        "found_by": "profile", "profile": best.profile.id, "title": profile_title(best.profile), "score": best.score,
        "mapping": best.mapping, "grain": best.profile.grain,
    }  # fmt: skip


def _not_recognised(source: Source, best: Recognition | None) -> tuple[str, dict[str, Any]]:
    try:
        refuse_part_alone(source.header)
    except IntakeRefused as refusal:
        return refusal.code, refusal.params
    missing = list(best.missing) if best else ["order_id", "created_at", "total"]
    return "header_not_recognised", {"missing": missing, "found": [name for name in source.header if name]}


def _columns(source: Source, mapping: Mapping[str, str]) -> tuple[Column, ...]:
    roles = {normal_name(header): role for role, header in reversed(list(mapping.items()))}
    found = []
    for place, header in enumerate(source.header):
        role = roles.get(normal_name(header), "")
        values = [
            row[place] for row in source.samples[:SAMPLE_ROWS] if place < len(row) and row[place].strip()
        ]
        found.append(Column(header, role, tuple(masked_sample(role, value) for value in values)))
    return tuple(found)


def masked_sample(role: str, value: str) -> str:
    """A value as a page may show it: identities masked, numbers and addresses within texts too, long texts cut."""
    if role and ROLES[role].kind == "identity":
        if EMAIL_WITHIN.fullmatch(value):
            return mask_email(value)
        digits = value.strip("'")
        return mask_phone(digits) if digits.isdigit() and len(digits) >= 11 else mask_name(value[:20])
    shown = mask_within(value)
    return shown if len(shown) <= SAMPLE_LENGTH else f"{shown[:SAMPLE_LENGTH]}…"


def layout_profile(saved: SavedMapping) -> Profile:
    """A saved layout as a profile, so that headers like its own are recognised with a score."""
    names = saved.names or {role: [name] for role, name in saved.mapping.items()}
    return Profile(
        id=f"saved-{saved.pk}", platform="other", title_zh=saved.name, title_en=saved.name, years="",
        source=saved.source, grain=saved.grain, header=tuple(normal_name(name) for name in saved.header),  # type: ignore[arg-type]
        names={role: tuple(normal_name(name) for name in given) for role, given in names.items()}, sure="medium",
    )  # fmt: skip


def header_digest(header: Sequence[str]) -> str:
    """The digest under which a header is remembered; blanks, brackets and widths of letters make no difference."""
    return hashlib.sha256("\x1f".join(normal_name(name) for name in header).encode()).hexdigest()


def remembered(shop: Shop, header: Sequence[str]) -> SavedMapping | None:
    """What this shop has said of such a header."""
    return SavedMapping.objects.filter(shop=shop, header_digest=header_digest(header)).first()


def remember(
    shop: Shop,
    header: Sequence[str],
    mapping: Mapping[str, str],
    *,
    grain: Grain,
    name: str,
    by: User | None,
    now: datetime,
) -> SavedMapping:
    """Keep what the columns of a header are, for this file and for the next one like it.

    Raises
    ------
    IntakeRefused
        when the mapping cannot be read with: required roles left out, a column that is not there or stands twice.
    """
    layout_of(header, mapping, id="mapping", grain=grain)
    saved, _new = SavedMapping.objects.update_or_create(
        shop=shop,
        header_digest=header_digest(header),
        defaults={
            "name": name[:100], "header": list(header), "grain": grain, "mapping": dict(mapping), "created_by": by,
            "created_at": now, "names": {}, "source": "", "is_taken": False,
        },
    )  # fmt: skip
    return saved


def proposed_mapping(preview: Preview, grain: Grain) -> dict[str, str]:
    """What a mapping page begins with: what was understood, and columns that bear a role's own name."""
    proposed = {role: header for role, header in preview.mapping.items() if plays(role, grain)}
    names = {normal_name(header): header for header in preview.header if header}
    for role in roles_of(grain):
        for own in (role.zh, role.name, role.en):
            if role.name not in proposed and normal_name(own) in names:
                proposed[role.name] = names[normal_name(own)]
    return proposed


def job_options(preview: Preview, *, until: datetime | None = None) -> dict[str, Any]:
    """The options of the import job: times as text, because a job is stored as JSON."""
    by_memory = preview.found_by in ("memory", "saved")
    return {
        "file_name": preview.file_name,
        "profile": "" if by_memory else preview.profile,
        "mapping": dict(preview.mapping) if by_memory else None,
        "grain": preview.grain,
        "until": until.isoformat() if until else None,
        "seen_at": None,
    }
