"""The sandbox's own page: what is simulated, the accounts, and the switches."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Flask, Response, request

from aiguilleur.sandbox.commons import GUICHETS, SHOWN_SOURCES, Commons
from aiguilleur.sandbox.faults import Fault
from aiguilleur.sandbox.network import CAS, EDUCONNECT, FRANCECONNECT, INDEX, NATIONAL, portal_host
from aiguilleur.sandbox.pages import page, refusal, see, site
from aiguilleur.sandbox.sessions import ACCOUNTS, ANGELA
from aiguilleur.sandbox.switches import SLOW_MS, SLOWEST_MS, Mode, Switches, behaviour

#: How the page names what a switch does.
MODES = {
    Mode.WELL: "normale",
    Mode.SLOW: "lente",
    Mode.DOWN: "en panne",
    Mode.MUTE: "muette",
    Mode.ODD: "incohérente",
    Fault.SLOW_HEADERS: "en-têtes au compte-gouttes",
    Fault.SLOW_BODY: "page au compte-gouttes",
    Fault.ENDLESS_CONTINUE: "dit sans fin de continuer (100)",
    Fault.RESET_IN_HEADERS: "coupe la connexion dans les en-têtes",
    Fault.RESET_IN_BODY: "coupe la connexion dans la page",
    Fault.ERROR_500: "erreur 500",
    Fault.ERROR_502: "erreur 502",
    Fault.THROTTLED: "trop de demandes (429)",
    Fault.THROTTLED_120: "trop de demandes (429), revenir dans deux minutes",
    Fault.RESTING_120: "503, revenir dans deux minutes",
    Fault.RESTING_DATE: "503, revenir à telle heure",
    Fault.RESTING_GARBAGE: "503, revenir « un peu plus tard »",
    Fault.RESTING_FOREVER: "503, revenir dans trente ans",
    Fault.NOISE: "200 et du bruit",
    Fault.WRONG_TYPE: "200 et une image",
    Fault.LOGIN_PAGE: "200 et une page de connexion",
    Fault.HUGE: "page sans fin",
    Fault.GZIP_BOMB: "200 Mo compressés en 200 ko",
    Fault.REDIRECT_LOOP: "redirige vers elle-même",
    Fault.REDIRECT_ELSEWHERE: "redirige vers un autre site",
    Mode.LOGIN_FORM: "SAML : montre sa page de connexion à qui ne devait rien voir",
    Mode.GARBAGE: "SAML : répond n’importe quoi",
    Mode.WRONG_SIGNATURE: "SAML : signe avec une autre clé",
    Mode.SOMEONE_ELSE: "SAML : répond à une autre question",
}


def index(commons: Commons, switches: Switches, mounted: Iterable[str], expire: Callable[[str], None]) -> Flask:
    """The site; `mounted` are the hosts that others have put in the world, as they are when the page is shown."""
    app = site("sandbox", "aiguilleur · Bac à sable")
    network = commons.network

    @app.get("/")
    def _home() -> Response:
        return page(
            "index",
            "Le bac à sable",
            service="sandbox",
            groups=(
                ("Les portails des établissements", portals()),
                ("Les sources d’identité et leurs services", services()),
                ("Ce qui n’est pas simulé", tuple((network.url(host), host) for host in sorted(mounted))),
            ),
            people=(*ACCOUNTS, ANGELA),
            shown_sources=SHOWN_SOURCES,
            switches=tuple((source, setting, switches.modes(source)) for source, setting in switches),
            modes=MODES,
            slow_ms=SLOW_MS,
            slowest_ms=SLOWEST_MS,
        )

    def portals() -> tuple[tuple[str, str], ...]:
        return tuple((network.url(portal_host(school.etab)), school.shown) for school in commons.schools)

    def services() -> tuple[tuple[str, str], ...]:
        guichets = tuple((network.url(each.host), f"{each.shown} : guichet ATEN, Téléservices") for each in GUICHETS)
        return (
            *guichets,
            (network.url(EDUCONNECT), "EduConnect"),
            (network.url(NATIONAL), "Téléservices nationaux"),
            (network.url(FRANCECONNECT), "FranceConnect, derrière EduConnect"),
            (network.url(CAS), "La mire commune d’Éclat-BFC"),
        )

    @app.post("/switch")
    def _switch() -> Response:
        try:
            delay = int(request.form.get("slow_ms") or SLOW_MS)
            switches.set(request.form.get("source", ""), behaviour(request.form.get("mode", "")), slow_ms=delay)
        except (KeyError, ValueError):
            return refusal("Interrupteur inconnu", "Cette source, cet état ou ce délai n’existe pas.")
        return see(network.url(INDEX))

    @app.post("/expire")
    def _expire() -> Response:
        try:
            expire(request.form.get("source", ""))
        except KeyError:
            return refusal("Source inconnue", "Cette source n’existe pas.")
        return see(network.url(INDEX))

    return app
