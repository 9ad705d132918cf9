"""What is allowed but will surprise: told as warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from aiguilleur.core.model import School
from aiguilleur.errors import Problem
from aiguilleur.settings.model import Settings, Source, Target
from aiguilleur.settings.reader import Document

_SOON = timedelta(days=14)


def warnings_of(settings: Settings, documents: Mapping[str, Document], day: date | None) -> tuple[Problem, ...]:
    """Every warning, in order of place."""
    found = [
        *_unused(settings, documents["sources.yaml"]),
        *_left_out(settings, documents["rules.yaml"]),
        *_dead_ends(settings, documents["targets.yaml"]),
        *(_ending(settings, documents["sources.yaml"], day) if day else ()),
    ]
    return tuple(sorted(found))


def _unused(settings: Settings, document: Document) -> Iterator[Problem]:
    for index, source in enumerate(settings.sources.values()):
        if not any(source.id in target.urls for target in settings.targets.values()):
            message = f"no target has an address for '{source.id}'"
            yield document.problem(("sources", index, "id"), message, warning=True)


def _left_out(settings: Settings, document: Document) -> Iterator[Problem]:
    offered = next(iter(settings.policies.values())).default.offered
    left = [source for source in settings.sources if source not in offered]
    if left:
        message = f"the default mire leaves out {', '.join(left)}"
        yield document.problem(("default", "discover"), message, warning=True)


def _dead_ends(settings: Settings, document: Document) -> Iterator[Problem]:
    """A source whose end leaves a target without any address in one of its académies."""
    academies = sorted({school.academy for school in settings.directory.schools.values() if school.academy})
    for index, target in enumerate(settings.targets.values()):
        for source in settings.sources.values():
            for academy in academies:
                if source.closes and source.id in target.urls and _alone(settings, target, source, academy):
                    message = (
                        f"'{source.id}' ends on {source.closes} and '{target.id}' has no other address "
                        f"for academy '{academy}'"
                    )
                    yield document.problem(("targets", index, "urls"), message, warning=True)


def _alone(settings: Settings, target: Target, source: Source, academy: str) -> bool:
    school = School(etab="x", academy=academy)
    last = source.closes
    if last is None or not source.is_open(school, last):
        return False
    after = last + timedelta(days=1)
    return not any(other.id in target.urls and other.is_open(school, after) for other in settings.sources.values())


def _ending(settings: Settings, document: Document, day: date) -> Iterator[Problem]:
    for index, source in enumerate(settings.sources.values()):
        if source.closes and timedelta(0) <= source.closes - day <= _SOON:
            message = f"'{source.id}' ends in {(source.closes - day).days} days"
            yield document.problem(("sources", index, "until"), message, warning=True)
