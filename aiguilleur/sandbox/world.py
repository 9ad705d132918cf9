"""All the simulated sites behind one port, told apart by host name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from aiguilleur.sandbox.aten import guichet
from aiguilleur.sandbox.cas import cas
from aiguilleur.sandbox.commons import GUICHETS, Commons, SchoolSite
from aiguilleur.sandbox.educonnect import educonnect, franceconnect
from aiguilleur.sandbox.index import index
from aiguilleur.sandbox.national import teleservices
from aiguilleur.sandbox.network import CAS, EDUCONNECT, FRANCECONNECT, INDEX, NATIONAL, Network, portal_host
from aiguilleur.sandbox.portal import portal
from aiguilleur.sandbox.saml import IdentityProvider
from aiguilleur.sandbox.sessions import Sessions
from aiguilleur.sandbox.sso import Conversations, educonnect_provider
from aiguilleur.sandbox.switches import Switches

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: A shorter name that `switches` and `expire` accept as well.
_ALIASES = {"aten": "aten-besancon"}
_NOWHERE = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Site inconnu</title></head>
<body data-service="nowhere"><main><h1>Site inconnu</h1>
<p>Bac à sable&nbsp;: aucun site simulé ne porte ce nom.</p></main></body></html>
"""


class World:
    """A simulated académie and its neighbours; `mount` puts one more application in it under a host name.

    `links` are the addresses pasted in pages, with `{etab}` and `{port}`: `teleservices` in the connected zone of
    the portals, `teleservices_public` on their public page, `ent` in Scolarité Services. KeyError when one is missing.
    """

    def __init__(
        self,
        port: int,
        schools: Iterable[SchoolSite],
        links: Mapping[str, str],
        provider: IdentityProvider | None = None,
        *,
        scheme: str = "http",
    ) -> None:
        """Build every site; nothing is served before `wsgi` is called.

        `provider` is what EduConnect signs with, when its metadata was given out before; else one that knows nobody.
        Every address begins with `scheme`: `https` for a world that is served so.
        """
        self.port = port
        self._provider = provider or educonnect_provider(port, {}, scheme=scheme)
        self._sessions = {office.source: Sessions() for office in GUICHETS} | {"educonnect": Sessions()}
        network = Network(port, scheme=scheme)
        self.switches = Switches(self._sessions, _ALIASES, saml=("educonnect",), elsewhere=network.url(INDEX))
        pasted = {name: links[name] for name in ("teleservices", "teleservices_public", "ent")}
        self._commons = Commons(network, tuple(schools), pasted)
        self._sites: dict[str, WSGIApplication] = {}
        self._mounted: set[str] = set()
        self._build()

    def mount(self, host: str, site: WSGIApplication) -> None:
        """Serve an application, unchanged, under a host name that is free; ValueError when it is taken."""
        if host in self._sites:
            raise ValueError(f"{host} is served already")
        self._mounted.add(host)
        self._serve(host, site)

    def hosts(self) -> tuple[str, ...]:
        """Every host name that is served."""
        return tuple(self._sites)

    def url(self, host: str, path: str = "/") -> str:
        """An address in this world."""
        return self._commons.network.url(host, path)

    def expire(self, source: str) -> None:
        """End every session that a source holds, leaving the cookies dead; KeyError for an unknown source."""
        self._sessions[_ALIASES.get(source, source)].expire()

    def wsgi(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """The whole world as one WSGI application."""
        host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
        return self._sites.get(host, _nowhere)(environ, start)

    def _serve(self, host: str, site: WSGIApplication) -> None:
        self._sites[host] = site
        self._commons.network.hosts.add(host)

    def _build(self) -> None:
        commons, over = self._commons, self.switches.over
        for office in GUICHETS:
            self._serve(office.host, over(office.source, guichet(commons, office, self._sessions[office.source])))
        self._serve(EDUCONNECT, over("educonnect", self._educonnect()))
        self._serve(FRANCECONNECT, franceconnect(commons))
        self._serve(NATIONAL, teleservices(commons, Sessions()))
        self._serve(CAS, cas(commons))
        for school in commons.schools:
            self._serve(portal_host(school.etab), portal(commons, school, Sessions()))
        self._serve(INDEX, index(commons, self.switches, self._mounted, self.expire))

    def _educonnect(self) -> WSGIApplication:
        sessions = self._sessions["educonnect"]
        conversations = Conversations(self._provider, sessions, lambda: self.switches.get("educonnect"))
        return educonnect(self._commons, sessions, conversations)


def _nowhere(_environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    body = _NOWHERE.encode()
    start("404 Not Found", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
