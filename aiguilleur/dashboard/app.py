"""The dashboard's pages: read only, without cookies, and only for a browser that came to this very address."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from flask import Flask, Response, request

from aiguilleur.dashboard.readings import Desk, Readings
from aiguilleur.errors import JournalError
from aiguilleur.journal import normal_code
from aiguilleur.report import page, policy, render

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: The periods that can be asked for: what they are called, and how many days they go back.
PERIODS: dict[str, tuple[str, int | None]] = {
    "7": ("7 derniers jours", 7),
    "30": ("30 derniers jours", 30),
    "365": ("12 derniers mois", 365),
    "tout": ("tout le journal", None),
}
_USUAL = "30"
_FORGOTTEN = "L’annuaire ne connaît pas, ou plus, d’établissement « {} » : voici ce qu’en dit le journal."
#: A page that is followed is read anew this often.
_FOLLOWED_S = 60


@dataclass(frozen=True, slots=True)
class _Form:
    """What was asked for, as the forms on each page show it again."""

    code: str = ""
    etab: str = ""
    period: str = _USUAL
    #: The page comes again by itself after so many seconds; 0: it does not.
    every_s: int = 0
    #: What is to be known of the answer.
    note: str = ""

    @property
    def periods(self) -> dict[str, str]:
        """Each period with its name."""
        return {key: name for key, (name, _) in PERIODS.items()}


def create_dashboard(desk: Desk, hosts: Collection[str], every_s: float = 15) -> Flask:
    """The WSGI application; `hosts` are the values of Host that it answers, `every_s` how old its numbers may be."""
    app = Flask(__name__, static_folder=None)
    readings = Readings(desk, every_s)
    allowed = frozenset(hosts)

    # DNS rebinding: another site's name can be made to lead to a loopback address, but its Host remains its own.
    @app.before_request
    def _known_host() -> Response | None:
        return None if request.host in allowed else _plain("Unknown host.\n", 421)

    @app.after_request
    def _headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
        return response

    @app.errorhandler(JournalError)
    def _unread(error: JournalError) -> Response:
        return _told(f"Le journal ne peut pas être lu : {error}", _asked(), 503)

    @app.get("/", provide_automatic_options=False)
    def _report() -> Response:
        form = _asked()
        etab = desk.etab(form.etab) if form.etab else ""
        if etab is None:
            return _told(f"L’annuaire ne connaît pas d’établissement « {form.etab} ».", form, 404)
        return Response(page(readings.of(PERIODS[form.period][1], etab), _noted(form, desk, etab)))

    @app.get("/visite", provide_automatic_options=False)
    def _visit() -> Response:
        form = _asked()
        code = normal_code(form.code)
        if code is None:
            return _told(f"« {form.code} » n’est pas un code : six lettres, comme KOVATI.", form, 400)
        visits = desk.visits(code)
        if not visits:
            return _told(f"Aucune visite n’a le code {code}.", form, 404)
        return Response(render("visit.html", title=f"Visite {code}", desk=form, said="", visits=visits))

    return app


def _asked() -> _Form:
    period = request.args.get("depuis", _USUAL)
    return _Form(
        code=request.args.get("code", "").strip()[:40],
        etab=request.args.get("etab", "").strip()[:80],
        period=period if period in PERIODS else _USUAL,
        every_s=_FOLLOWED_S if request.args.get("suivre") else 0,
    )


def _noted(form: _Form, desk: Desk, etab: str) -> _Form:
    """The form with what is to be known of a school."""
    return replace(form, note=_FORGOTTEN.format(etab)) if etab and etab not in desk.names.schools else form


def _told(said: str, form: _Form, status: int) -> Response:
    return Response(render("visit.html", title="Tableau de bord", desk=form, said=said, visits=()), status)


def _plain(text: str, status: int) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")
