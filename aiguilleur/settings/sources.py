"""Sources: their calendar, what cookies let presume, their probes; groups are names for several of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiguilleur.probes import PROBE_KINDS
from aiguilleur.settings import schema
from aiguilleur.settings.addresses import is_address
from aiguilleur.settings.context import SCHOOLS, SOURCES, Context
from aiguilleur.settings.kinds import plugin
from aiguilleur.settings.model import Maintenance, Source
from aiguilleur.settings.reader import Place
from aiguilleur.signals import Presumption

_NOT_HTTPS = "is not an https address (http is for .localhost only)"


def name_sources(context: Context, raw: schema.RawSources) -> None:
    """What each source or group stands for."""
    groups: dict[str, list[str]] = {}
    for index, source in enumerate(raw.sources):
        if source.id in context.members:
            context.wrong(SOURCES, ("sources", index, "id"), f"'{source.id}' is there twice")
        context.members[source.id] = (source.id,)
    ids = {source.id for source in raw.sources}
    for index, source in enumerate(raw.sources):
        if source.group in ids:
            context.wrong(SOURCES, ("sources", index, "group"), f"'{source.group}' is both a source and a group")
        elif source.group:
            groups.setdefault(source.group, []).append(source.id)
    context.members |= {group: tuple(members) for group, members in groups.items()}
    _name_the_misshapen(context)


def _name_the_misshapen(context: Context) -> None:
    """A source whose shape is wrong keeps its name: a reference to it is no second problem."""
    content = context.documents[SOURCES].content
    for source in content["sources"] if isinstance(content, dict) else ():
        for name in (source.get("id"), source.get("group")) if isinstance(source, dict) else ():
            if isinstance(name, str):
                context.members.setdefault(name, ())


def add_sources(context: Context, raw: schema.RawSources) -> None:
    """Every source, in the order written."""
    for index, source in enumerate(raw.sources):
        context.sources[source.id] = _source(context, ("sources", index), source)
    _check_columns(context)


def _source(context: Context, here: Place, raw: schema.RawSource) -> Source:
    _check_days(context, here, raw)
    _check_academies(context, here, raw)
    for name, address in (("logout", raw.logout), ("create", raw.create), ("forgotten", raw.forgotten)):
        if address and not is_address(address):
            context.wrong(SOURCES, (*here, name), f"'{address[:80]}' {_NOT_HTTPS}")
    for index, presumption in enumerate(raw.presume):
        named = (presumption.cookie, presumption.no_cookie)
        if (named[0] is None) == (named[1] is None):
            context.wrong(SOURCES, (*here, "presume", index), "write one of cookie or no_cookie")
        context.cookies.update(name for name in (*named, presumption.unless_blank) if name)
    probes = (_probe(context, raw.id, (*here, "probes", at), each) for at, each in enumerate(raw.probes))
    return Source(
        id=raw.id,
        name=raw.name,
        help=raw.help,
        group=raw.group,
        academies=frozenset(raw.academies) if raw.academies is not None else None,
        opens=raw.from_,
        closes=raw.until,
        warn_from=raw.warn_from,
        hidden_from=raw.hidden_from,
        maintenance=tuple(
            _window(context, (*here, "maintenance", at), each) for at, each in enumerate(raw.maintenance)
        ),
        logout=raw.logout,
        create=raw.create,
        forgotten=raw.forgotten,
        audience=raw.audience,
        presume=tuple(Presumption(raw.id, p.state, p.cookie, p.no_cookie, p.unless_blank) for p in raw.presume),
        probes=tuple(probe for probe in probes if probe is not None),
        folded=raw.folded,
        idp=raw.idp,
    )


def _check_days(context: Context, here: Place, raw: schema.RawSource) -> None:
    if raw.from_ and raw.until and raw.until < raw.from_:
        context.wrong(SOURCES, (*here, "until"), f"ends on {raw.until}, before it begins on {raw.from_}")
    for name, day in (("warn_from", raw.warn_from), ("hidden_from", raw.hidden_from)):
        if day and raw.until and raw.until < day:
            context.wrong(SOURCES, (*here, name), f"{day} is after the source's end on {raw.until}")


def _check_academies(context: Context, here: Place, raw: schema.RawSource) -> None:
    if raw.academies == ():
        context.wrong(SOURCES, (*here, "academies"), f"nobody can reach '{raw.id}': it is open in no académie")
    known = {school.academy for school in context.directory.schools.values()}
    for index, academy in enumerate(raw.academies or ()):
        context.refer_to_schools(SOURCES, (*here, "academies", index), "académie", academy, known)


def _window(context: Context, here: Place, raw: schema.RawWindow) -> Maintenance:
    start, end = (
        (local if local.tzinfo else local.replace(tzinfo=context.zone)).astimezone(UTC)
        for local in (raw.from_, raw.until)
    )
    if end <= start:
        context.wrong(SOURCES, (*here, "until"), "the window ends before it begins")
    return Maintenance(_plain(start), _plain(end))


def _plain(instant: datetime) -> datetime:
    """Without the YAML library's subclass, which remembers how it was written."""
    return datetime(*instant.timetuple()[:6], instant.microsecond, tzinfo=UTC)


def _probe(context: Context, source: str, place: Place, raw: Mapping[str, Any]) -> Any:
    probe = plugin(context, "probe", PROBE_KINDS, SOURCES, place, raw, source=source)
    if probe is None:
        return None
    if probe.ref.id in context.probes:
        context.wrong(SOURCES, (*place, "id"), f"probe '{probe.ref.id}' is there twice")
    for name in getattr(probe, "addresses", ()):
        if not is_address(address := getattr(probe, name)):
            context.wrong(SOURCES, (*place, name), f"'{address[:80]}' {_NOT_HTTPS}")
    context.probes.add(probe.ref.id)
    context.cookies.update(getattr(probe, "cookies", ()))
    return probe


def _check_columns(context: Context) -> None:
    """The dated columns of the directory (`educonnect_from`, `aten_until`) name a source or a group."""
    document = context.documents[SCHOOLS]
    for (column,) in document.places:
        name, _, edge = str(column).rpartition("_")
        if name and edge in ("from", "until"):
            context.refer(SCHOOLS, (column,), "source", name, context.members)
