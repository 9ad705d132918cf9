"""What is allowed but will surprise: told as warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from importlib import import_module

from aiguilleur.core.matchers import Between, Etab
from aiguilleur.core.model import School
from aiguilleur.core.worlds import Ground, leaves_of, prove
from aiguilleur.errors import Problem
from aiguilleur.settings.expiring import ending_soon
from aiguilleur.settings.model import Settings, Source, Target
from aiguilleur.settings.reader import Document

_SOON = timedelta(days=14)


def warnings_of(settings: Settings, documents: Mapping[str, Document], day: date | None) -> tuple[Problem, ...]:
    """Every warning, in order of place."""
    found = [
        *_unused(settings, documents["sources.yaml"]),
        *_left_out(settings, documents["rules.yaml"]),
        *_dead_ends(settings, documents["targets.yaml"]),
        *_left_to_404(documents["aiguilleur.yaml"]),
        *(_ending(settings, documents["sources.yaml"], day) if day else ()),
        *(_expiring(settings, documents["sources.yaml"], day) if day else ()),
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


def _left_to_404(document: Document) -> Iterator[Problem]:
    wanted = document.content.get("disco") if isinstance(document.content, dict) else None
    try:
        if wanted:
            import_module("aiguilleur.probes.saml")
    except ImportError as error:
        message = f"needs a library that is not installed: {error}; until then /disco answers 404"
        yield document.problem(("disco",), message, warning=True)


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
    others = (each for each in settings.sources.values() if not each.set_apart and each.id in target.urls)
    return not any(other.is_open(school, after) for other in others)


def _ending(settings: Settings, document: Document, day: date) -> Iterator[Problem]:
    for index, source in enumerate(settings.sources.values()):
        if source.closes and timedelta(0) <= source.closes - day <= _SOON:
            message = f"'{source.id}' ends in {(source.closes - day).days} days"
            yield document.problem(("sources", index, "until"), message, warning=True)


def _expiring(settings: Settings, document: Document, day: date) -> Iterator[Problem]:
    now = datetime.combine(day, time(), settings.site.zone)
    for each in ending_soon(settings, now):
        number, index = each.place
        yield document.problem(("sources", number, "probes", index), each.said(now), warning=True)


def dead_rules(settings: Settings, name: str) -> Iterator[Problem]:
    """Rules of the file `name` that answer for no target on any day of the calendars: seconds of work, for `check`."""
    grounds = {target: _grounds(settings, target) for target in settings.targets}
    proofs = {target: prove(policy, target, grounds[target]) for target, policy in settings.policies.items()}
    if not all(proof.complete for proof in proofs.values()):
        yield Problem(name, 1, 1, "rules", "too many worlds to prove that every rule can answer", warning=True)
        return
    alive = {
        rule.id
        for target, policy in settings.policies.items()
        for rule in policy.rules
        if rule.id not in {dead.rule.id for dead in proofs[target].dead}
    }
    dead = {each.rule.id: each for proof in proofs.values() for each in proof.dead if each.rule.id not in alive}
    for each in dead.values():
        line = int(each.rule.place.rpartition(":")[2])
        why = f"'{each.settled_by[0]}' settles every case before it" if each.settled_by else "it never holds"
        yield Problem(name, line, 5, "rules", f"rule '{each.rule.id}' is dead: {why}", warning=True)


def _grounds(settings: Settings, target: str) -> list[Ground]:
    """One visit for each combination of day and school that the rules or the calendars can tell apart."""
    leaves = [leaf for rule in settings.policies[target].rules for each in rule.when for leaf in leaves_of(each)]
    spans = [leaf.between for leaf in leaves if isinstance(leaf, Between)]
    named = {leaf.etab for leaf in leaves if isinstance(leaf, Etab)}
    schools = {_likeness(school, named): school for school in settings.directory.schools.values()}
    grounds: dict[object, Ground] = {}
    for day in _days(settings, tuple(schools.values())) | {day for span in spans for day in span}:
        inside = tuple(first <= day <= last for first, last in spans)
        for likeness, school in (None, None), *schools.items():
            opened = settings.open_sources(target, school, day)
            grounds[opened, inside, likeness and likeness[:3]] = Ground(school, day, opened)
    return list(grounds.values())


def _likeness(school: School, named: set[str]) -> tuple[object, ...]:
    """What rules and calendars can tell of a school: its name only where a rule gives it."""
    name = school.etab if school.etab in named else ""
    return name, school.academy, school.kind, *sorted(school.opens.items()), *sorted(school.closes.items())


def _days(settings: Settings, schools: tuple[School, ...]) -> set[date]:
    """The first day of every stretch on which the same sources are open."""
    opens = [source.opens for source in settings.sources.values()]
    closes = [source.closes for source in settings.sources.values()]
    opens += [day for school in schools for day in school.opens.values()]
    closes += [day for school in schools for day in school.closes.values()]
    starts = {day for day in opens if day} | {day + timedelta(days=1) for day in closes if day}
    return starts | {date(2000, 1, 1)}
