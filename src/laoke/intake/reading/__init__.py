"""Files to checked Arrow batches and quarantined rows. No Django; heavy libraries are imported when reading begins.

source = open_source(path)                       what it is, its header, which layouts fit
layout = choose_layout(source)                   or choose_layout(source, {"order_id": "订单号", …})
reading = read_batches(source, layout, until=…)
for batch in reading: …                          StagedBatch
reading.summary                                  rows and cents that add up to the file's
"""

from laoke.intake.reading.batches import QuarantinedRow, ReadingSummary, StagedBatch, Tally
from laoke.intake.reading.opening import Source, open_source
from laoke.intake.reading.profiles import Layout, Profile, Recognition, layout_of, profiles, recognise
from laoke.intake.reading.reading import Reading, choose_layout, read_batches
from laoke.intake.reading.refusals import DEFAULT_LIMITS, IntakeRefused, Limits, ReadingStopped
from laoke.intake.reading.roles import REQUIRED, ROLES, Role, missing_roles, roles_of

__all__ = [
    "DEFAULT_LIMITS",
    "REQUIRED",
    "ROLES",
    "IntakeRefused",
    "Layout",
    "Limits",
    "Profile",
    "QuarantinedRow",
    "Reading",
    "ReadingStopped",
    "ReadingSummary",
    "Recognition",
    "Role",
    "Source",
    "StagedBatch",
    "Tally",
    "choose_layout",
    "layout_of",
    "missing_roles",
    "open_source",
    "profiles",
    "read_batches",
    "recognise",
    "roles_of",
]
