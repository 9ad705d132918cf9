"""Éclat's common CAS: its long mire, and the way through the chosen source back to a portal."""

from __future__ import annotations

from flask import Flask, Response, request

from aiguilleur.sandbox import aten, sso
from aiguilleur.sandbox.commons import GUICHETS, SHOWN_SOURCES, Commons
from aiguilleur.sandbox.network import CAS, EDUCONNECT, host_of, portal_host, with_query
from aiguilleur.sandbox.pages import page, refusal, see, site

#: What `selection=` means: the source that is asked.
SELECTIONS = {"EDU": "educonnect"} | {office.selection: office.source for office in GUICHETS}
#: The standard mire, common to the whole region: group, then value and wording; only some are simulated.
MIRE = (
    (
        "Élève ou parent",
        (
            ("BESANC-ATS_parent_eleve_1D", "des écoles de l’académie de Besançon"),
            ("BESANC-ATS_parent_eleve_2D", "des collèges et des lycées de l’académie de Besançon"),
            ("DIJON-ATS_parent_eleve_1D", "des écoles de l’académie de Dijon"),
            ("DIJON-ATS_parent_eleve_2D", "des collèges et des lycées de l’académie de Dijon"),
            ("EDU", "des collèges et des lycées avec un compte ÉDUCONNECT"),
            ("AGRI_parent_eleve", "des établissements agricoles publics"),
        ),
    ),
    (
        "Autres profils",
        (
            ("EN_personnel", "Personnel de l’Éducation nationale"),
            ("AGRI_personnel", "Personnel de l’enseignement agricole"),
            ("ENT", "Autre et invité"),
        ),
    ),
)
_UNPLAYED = frozenset(value for _, choices in MIRE for value, _ in choices) - frozenset(SELECTIONS)


def cas(commons: Commons) -> Flask:
    """The site; it keeps no session of its own, so that each selection is really asked."""
    app = site("eclat", "Éclat-BFC · Connexion")
    network = commons.network
    portals = tuple(portal_host(school.etab) for school in commons.schools)

    @app.get("/")
    def _home() -> Response:
        return see(network.url(CAS, "/login"))

    @app.get("/login")
    def _login() -> Response:
        service, selection = request.args.get("service", ""), request.args.get("selection", "")
        if service and not network.leads_to(service, *portals):
            text = "Le service demandé n’est pas enregistré auprès du CAS."
            return refusal("Application not allowed to use CAS", text, 403)
        if selection in _UNPLAYED:
            text = "Ce profil n’est pas simulé dans le bac à sable. Revenez en arrière pour en choisir un autre."
            return refusal("Profil non simulé", text, 404, service="unplayed")
        if selection not in SELECTIONS:
            title = "Vous souhaitez vous connecter à votre ENT en tant que"
            return page(
                "mire", title, service="login", source="cas", groups=MIRE, target=service, short=shortcuts(service)
            )
        return delegated(selection, service)

    def shortcuts(service: str) -> tuple[tuple[str, str], ...]:
        return tuple(
            (SHOWN_SOURCES[source], network.url(CAS, "/login", selection=selection, service=service))
            for selection, source in SELECTIONS.items()
        )

    def delegated(selection: str, service: str) -> Response:
        source = SELECTIONS[selection]
        login = commons.tickets.redeem(request.args.get("assertion"), CAS)
        if login is None or login.source != source:
            return see(asked(source, network.url(CAS, "/login", selection=selection, service=service)))
        if not service:
            # The real one ends there too: it knows who, but not where to.
            return page("message", "Log In Successful", service="dead-end", login=login, text="Connexion réussie.")
        return see(with_query(service, ticket=commons.tickets.issue(login, host_of(service))))

    def asked(source: str, back: str) -> str:
        office = next((each for each in GUICHETS if each.source == source), None)
        if office is None:
            return network.url(EDUCONNECT, sso.SSO, **{"return": back})
        return network.url(office.host, aten.SSO, SPEntityID="urn:fi:ent:bac-a-sable:1.0", TARGET=back)

    return app
