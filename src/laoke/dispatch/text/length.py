"""How long an SMS is and how many segments it is billed as (RULES 1.1).

The length is the signature with its brackets plus the body as the phone receives it, in Unicode code
points. Up to 70 is one segment; above that each carries 67. Emoji are refused, because carriers count and
show them differently.
"""

import re
import unicodedata

from laoke.dispatch.text.issues import Issue, error, warning

ONE_SEGMENT = 70
LONG_SEGMENT = 67
MAX_LENGTH = 500

# The symbols of the basic plane that phones show as coloured emoji by themselves (Unicode's
# Emoji_Presentation), the joiners that make emoji out of other characters, and the pictograph blocks
# above it. ★ ☆ ♥ √ ① stay allowed.
_EMOJI = re.compile(
    "[\u200d\u20e3\ufe0f\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693"
    "\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b"
    "\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f]"
)


def received_length(sign: str, body: str) -> int:
    """The length in code points of the message as the phone shows it: 【sign】body."""
    return len(sign) + 2 + len(body)


def segments_of(length: int) -> int:
    """The segments billed for a length: 0 → 0, up to 70 → 1, above ceil(length / 67)."""
    if length < 0:
        raise ValueError(f"a length is not negative, found {length}")
    if length <= ONE_SEGMENT:
        return 1 if length else 0
    return -(-length // LONG_SEGMENT)


def check_characters(text: str) -> list[Issue]:
    """Emoji and control characters are refused; rare characters outside the basic plane are warned about."""
    found = []
    emoji = list(dict.fromkeys(_EMOJI.findall(text)))
    if emoji:
        found.append(error("emoji", characters="".join(e for e in emoji if e.isprintable()) or "U+200D"))
    if any(unicodedata.category(character) == "Cc" for character in text):
        found.append(error("control_character"))
    rare = [c for c in dict.fromkeys(text) if ord(c) > 0xFFFF and not _EMOJI.match(c)]
    if rare:
        found.append(warning("rare_character", characters="".join(rare)))
    return found


def has_emoji(text: str) -> bool:
    """Whether the text holds a character that is refused as emoji."""
    return _EMOJI.search(text) is not None


def check_length(length: int) -> list[Issue]:
    """A message of more than 500 characters is refused."""
    return [error("too_long", length=length, limit=MAX_LENGTH)] if length > MAX_LENGTH else []
