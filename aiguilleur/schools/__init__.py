"""The directory of schools: who is `clg-rochat-rousses`, and which school someone means by a few words."""

from aiguilleur.schools.directory import Directory, Found, directory_of
from aiguilleur.schools.names import RESERVED, is_label, is_uai, simplified, spelled, uai_letter
from aiguilleur.schools.reading import read_schools

__all__ = [
    "RESERVED",
    "Directory",
    "Found",
    "directory_of",
    "is_label",
    "is_uai",
    "read_schools",
    "simplified",
    "spelled",
    "uai_letter",
]
