"""The schools that this browser remembers: shown by name, never deciding alone."""

from __future__ import annotations

from flask import Request

from aiguilleur.core.model import School
from aiguilleur.remembered import Remembered
from aiguilleur.web.service import service
from aiguilleur.web.visit import REMEMBERED_COOKIE, Visit, is_shared


def remembered_by(request: Request) -> Remembered:
    """What the visitor of this browser asked us to keep."""
    return service().seal.remembered(request.cookies.get(REMEMBERED_COOKIE))


def known(remembered: Remembered) -> tuple[School, ...]:
    """The remembered schools that the directory still has, the last one first."""
    return tuple(filter(None, map(service().settings.directory.schools.get, remembered.schools)))


def other_schools(visit: Visit) -> tuple[School, ...]:
    """The schools that this visitor may have meant instead."""
    # On a shared computer they would be the previous person's.
    return () if visit.shared else tuple(each for each in known(visit.remembered) if each != visit.wanted.school)


def schools_here(request: Request, entry: str | None) -> tuple[School, ...]:
    """The schools to propose first, where none is named."""
    return () if is_shared(service().settings.site, request, entry) else known(remembered_by(request))
