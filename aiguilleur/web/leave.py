"""Leaving: another person in front of the screen (`/quitter`), and what the browser is to forget (`/oublier`)."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, request

from aiguilleur.journal import Again, Event, JournalEntry, new_code
from aiguilleur.journey import COOKIE as JOURNEY_COOKIE
from aiguilleur.remembered import AGAIN_S
from aiguilleur.settings.model import Source
from aiguilleur.signals import cookies_of
from aiguilleur.web import languages, mine, pages
from aiguilleur.web.diagnostic import TRIED_COOKIE
from aiguilleur.web.ending import ANNOUNCED_COOKIE
from aiguilleur.web.redirects import to_own
from aiguilleur.web.security import is_prefetch, is_same_origin
from aiguilleur.web.service import service
from aiguilleur.web.visit import RECENT_COOKIE, REMEMBERED_COOKIE
from aiguilleur.web.wanted import Wanted, wanted_of

blueprint = Blueprint("leave", __name__)


@blueprint.get("/quitter")
def leave() -> Response:
    """Explain that someone else's session may be open here, and where each source closes it."""
    settings = service().settings
    if request.method == "GET" and not is_prefetch(request.environ):
        _regret(_wanted())
    wanted = _wanted() or wanted_of(request, settings.site.mire_target or next(iter(settings.targets)))
    return pages.leave(wanted, tuple(_closable(wanted)), kept=any(_kept()))


def _regret(wanted: Wanted | None) -> None:
    """Write to the journal that someone who was sent on a moment ago says to be another person."""
    running = service()
    now = running.now()
    last = running.seal.recent(request.cookies.get(RECENT_COOKIE)).newest(int(now.timestamp()), AGAIN_S)
    if last is None or (wanted and (wanted.target, wanted.etab or "") != (last.target, last.etab)):
        return
    school = running.settings.directory.schools.get(last.etab)
    running.journal.write(
        JournalEntry(
            time=now,
            code=new_code(),
            event=Event.AGAIN,
            target=last.target,
            etab=last.etab,
            academy=school.academy if school else "",
            status=200,
            again=Again(last.rule, int(now.timestamp()) - last.at),
            policy=running.settings.digest,
            node=running.settings.site.node,
        )
    )


@blueprint.route("/oublier", methods=["GET", "POST"])
def forget() -> Response:
    """See and forget what this browser remembers."""
    if request.method == "POST":
        return _forget() if is_same_origin(request) else pages.error(403, "choice")
    remembered = mine.remembered_by(request)
    return pages.forget(
        source=service().settings.sources.get(remembered.source or ""),
        schools=list(mine.known(remembered)),
        visits=service().seal.recent(request.cookies.get(RECENT_COOKIE)).visits,
        spoken=languages.kept(request),
        others=any(name.startswith((JOURNEY_COOKIE, ANNOUNCED_COOKIE, TRIED_COOKIE)) for name in _kept()),
        done="fait" in request.args,
        wanted=_wanted(),
    )


def _wanted() -> Wanted | None:
    """What the address says that its visitor was about to do."""
    target = request.values.get("vers", "")
    return wanted_of(request, target) if target in service().settings.targets else None


def _forget() -> Response:
    wanted = _wanted()
    response = to_own("/oublier", {"fait": "1", **({"vers": wanted.target, **wanted.kept} if wanted else {})})
    only_choice = request.form.get("quoi") == "choix"
    for name in (REMEMBERED_COOKIE,) if only_choice else _kept():
        response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")
    return response


def _kept() -> Iterator[str]:
    """The names of our cookies that this browser carries."""
    ours = (REMEMBERED_COOKIE, RECENT_COOKIE, ANNOUNCED_COOKIE, TRIED_COOKIE, languages.COOKIE)
    names = cookies_of(request.headers.get("Cookie", ""))
    return (name for name in names if name in ours or name.startswith(JOURNEY_COOKIE))


def _closable(wanted: Wanted) -> Iterator[Source]:
    """The sources that say where they close a session, without those of other académies."""
    return (each for each in service().settings.sources.values() if each.logout and each.serves(wanted.school))
