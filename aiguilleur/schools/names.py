"""What a school is called in addresses, in the registers of the State and by those who look for it."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

#: Hosts of a portal that are no school's.
RESERVED = frozenset({"www", "cas", "sso", "auth", "mobilite", "api", "mail", "smtp", "ftp", "static", "admin"})
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_UAI = re.compile(r"[0-9]{7}[A-Z]")
_UAI_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
#: What people type is cut here before anything looks at it.
_LONGEST = 300
#: What has no accent to lose, and what separates words outside ASCII.
_AS_ASCII = {
    "œ": "oe",
    "Œ": "oe",
    "æ": "ae",
    "Æ": "ae",
    "ß": "ss",
    "ı": "i",
    **dict.fromkeys("’–·«»°\u00a0\u202f", " "),
}
#: Everything but letters, digits and ends of line separates words; capitals become small.
_WORDS = str.maketrans(
    {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128) if chr(code) != "\n"}
)


def spelled(text: str) -> str:
    """The label or UAI inside what was pasted: capitals, spaces, trailing dots, whole hosts and addresses forgiven."""
    name = text[:_LONGEST].strip().strip("\u00a0.,;/ ").lower()
    # Further on, `//` belongs to a path or to an address inside the query.
    if _SCHEME.match(name):
        try:
            name = urlsplit(name).hostname or ""
        except ValueError:
            return ""
    return name.split("/")[0].split(".")[0].strip("- ")


def is_label(text: str) -> bool:
    """Whether this is a DNS label that a school may bear."""
    return _LABEL.fullmatch(text) is not None and text not in RESERVED


def uai_letter(digits: str) -> str:
    """The check letter of a UAI's seven digits: their remainder by 23, on an alphabet without I, O and Q."""
    return _UAI_LETTERS[int(digits) % 23]


def is_uai(text: str) -> bool:
    """Whether this is a school's number, with the check letter that its digits call for."""
    return _UAI.fullmatch(text) is not None and uai_letter(text[:7]) == text[7]


def simplified(text: str) -> str:
    """The words of a text in plain small letters, with a space between; its lines stay lines.

    Fast over megabytes: a whole directory is simplified as one text.
    """
    for written, meant in _AS_ASCII.items():
        text = text.replace(written, meant)
    return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode("ascii").translate(_WORDS)
