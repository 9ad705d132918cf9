"""All the simulated sites behind one port, told apart by host name."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.serving import make_server

from aiguilleur.sandbox import aten, eclat, national
from aiguilleur.sandbox.parts import ACCOUNTS, SchoolSite, Sessions, page, see, simulated_site
from aiguilleur.sandbox.switches import Mode, Switches

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GUICHETS = {"aten-besancon": "teleservices.academie.localhost", "aten-dijon": "teleservices.dijon.localhost"}
INDEX = "sandbox.localhost"


class World:
    """A simulated académie; `mount` puts one more application in it under a host name."""

    def __init__(self, port: int, schools: Iterable[SchoolSite], links: Mapping[str, str]) -> None:
        """`links` are the addresses pasted in portals: `teleservices`, `teleservices_public`, `ent`, with `{etab}`."""
        self.port = port
        self.switches = Switches(("aten-besancon", "aten-dijon", "educonnect"))
        self._sites: dict[str, WSGIApplication] = {}
        self._build(tuple(schools), links)

    def mount(self, host: str, site: WSGIApplication) -> None:
        """Serve an application under a host name."""
        self._sites[host] = site

    def hosts(self) -> tuple[str, ...]:
        """Every host name that is served."""
        return tuple(self._sites)

    def wsgi(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """The whole world as one WSGI application."""
        host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
        site = self._sites.get(host)
        if site is None:
            start("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"Bac a sable : site inconnu.\n"]
        return site(environ, start)

    def _build(self, schools: tuple[SchoolSite, ...], links: Mapping[str, str]) -> None:
        tickets = Sessions()
        said: dict[str, Sessions] = {"educonnect": tickets}
        first = {school.academy: school.etab for school in reversed(schools)}
        anyone = schools[0].etab if schools else ""
        for source, host in GUICHETS.items():
            ent = links["ent"].replace("{etab}", first.get(source.partition("-")[2], anyone))
            said[source] = Sessions()
            site = aten.guichet(source, host, self.port, ent, said[source])
            self.mount(host, self.switches.over(source, site))
        ent = links["ent"].replace("{etab}", anyone)
        idp = national.educonnect(self.port, Sessions(), tickets)
        self.mount(national.EDUCONNECT, self.switches.over("educonnect", idp))
        self.mount(national.FRANCECONNECT, national.franceconnect(self.port, tickets))
        self.mount(national.TELESERVICES, national.teleservices(self.port, ent, Sessions(), tickets))
        etabs, portal_tickets = frozenset(school.etab for school in schools), Sessions()
        self.mount(eclat.CAS, eclat.cas(self.port, etabs, GUICHETS, said, portal_tickets))
        for school in schools:
            host = f"{school.etab}.eclat.localhost"
            self.mount(host, eclat.portal(school, self.port, links, Sessions(), portal_tickets))
        self.mount(INDEX, self._index())

    def _index(self) -> Flask:
        app = simulated_site()

        @app.get("/")
        def _home() -> Response:
            links = tuple((host, f"http://{host}:{self.port}/") for host in self.hosts() if host != INDEX)
            return page(
                "Le bac à sable",
                service="sandbox",
                links=links,
                accounts=ACCOUNTS,
                switches=tuple(self.switches),
                modes=tuple(Mode),
            )

        @app.post("/switch")
        def _switch() -> Response:
            try:
                self.switches.set(request.form["source"], Mode(request.form["mode"]))
            except (KeyError, ValueError):
                return page("Interrupteur inconnu", status=400)
            return see("/")

        return app


class Server:
    """The world on a real socket of the loopback interface, in threads that end with it."""

    def __init__(self, world: World, port: int) -> None:
        """Bind; nothing is answered before `start`."""
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", port, world.wsgi, threaded=True)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        # Leaving must not wait for a mute source's thirty seconds.
        self._server.block_on_close = False  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and give the port back."""
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()


def serve(world: World, port: int) -> Server:
    """A server for this world."""
    return Server(world, port)


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
