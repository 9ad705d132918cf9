"""The states, each by the shortest way there; a new page adds its own here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aiguilleur.core.decision import Policy
from aiguilleur.settings.model import Maintenance, Settings
from aiguilleur.settings.provider import ServiceProvider
from aiguilleur.web import create_app
from tests.web.conftest import KEY, MARCH

SCHOOL = "clg-rochat-rousses"
LINK = f"/vers/teleservices/{SCHOOL}"
MIRE = f"/mire/{SCHOOL}?vers=teleservices"
JUNE, JULY, SEPTEMBER = (
    datetime(2021, 6, 1, 9, tzinfo=UTC),
    datetime(2021, 7, 1, 9, tzinfo=UTC),
    datetime(2021, 9, 10, 9, tzinfo=UTC),
)


@dataclass(frozen=True, slots=True)
class State:
    """One page as one visitor meets it."""

    name: str
    path: str
    at: datetime = MARCH
    headers: Mapping[str, str] = field(default_factory=dict)
    #: The fields of a form, where the page answers one.
    form: Mapping[str, str] | None = None
    #: What is otherwise in the configuration, and what this browser did before.
    changed: Callable[[Settings], Settings] = lambda settings: settings
    before: Callable[[FlaskClient], object] = lambda _: None
    status: int = 200
    #: A text of the page, so that no other page is taken for it.
    says: str = ""
    #: Whether it shows a code: a page of which the journal has no line does not.
    coded: bool = True

    def browser(self, settings: Settings) -> FlaskClient:
        """A browser that has come so far."""
        client = create_app(self.changed(settings), (KEY,), now=lambda: self.at).test_client()
        self.before(client)
        return client

    def show(self, client: FlaskClient, language: str = "fr") -> TestResponse:
        """The page in that browser, set to a language."""
        headers = {"Accept-Language": language, **self.headers}
        return client.open(self.path, method="GET" if self.form is None else "POST", data=self.form, headers=headers)


def _many_visits(client: FlaskClient) -> None:
    for _ in range(3):
        client.get(f"{LINK}?source=educonnect")


def _weak_visit(client: FlaskClient) -> None:
    client.get(LINK, headers={"Referer": "https://teleservices.education.gouv.fr/"})


def _remembering(client: FlaskClient) -> None:
    client.post("/choix", data={"vers": "teleservices", "etab": SCHOOL, "source": "educonnect", "souvenir": "1"})


def _maintained(settings: Settings) -> Settings:
    pause = Maintenance(MARCH, datetime(2021, 3, 15, 18, tzinfo=UTC))
    sources = dict(settings.sources)
    sources["aten-besancon"] = replace(sources["aten-besancon"], maintenance=(pause,))
    return replace(settings, sources=sources)


def _closed(settings: Settings) -> Settings:
    ended = datetime(2021, 1, 1, tzinfo=UTC).date()
    return replace(settings, sources={name: replace(source, closes=ended) for name, source in settings.sources.items()})


def _without_redirects(settings: Settings) -> Settings:
    return replace(settings, policies={name: replace(each, rules=()) for name, each in settings.policies.items()})


def _ended(settings: Settings) -> Settings:
    site = replace(settings.site, retired_hosts={"teleservices.ac-besancon.fr": "aten-besancon"})
    return replace(settings, site=site)


def _announced(client: FlaskClient) -> None:
    """A family with an ATEN cookie, whom a rule sends to ATEN in its last month."""
    client.set_cookie("CTSESSION", "1", domain="localhost")
    client.post("/choix", data={"vers": "teleservices", "etab": SCHOOL, "source": "aten-besancon", "souvenir": "1"})
    # Not « at once »: who comes back then gets the mire.
    client.delete_cookie("__Host-aiguilleur-recent", domain="localhost")
    client.get(LINK)


def _asked(settings: Settings) -> Settings:
    provider = ServiceProvider("https://sp.example/shibboleth", "ent", ("https://sp.example/Shibboleth.sso/Login",))
    sources = {name: replace(each, idp=f"https://{name}.example/idp") for name, each in settings.sources.items()}
    return replace(settings, sources=sources, service_providers={provider.entity_id: provider})


class _Breaking(dict[str, Policy]):
    """The rules of a configuration that breaks when it is asked."""

    def __getitem__(self, target: str) -> Policy:
        raise RuntimeError(target)


def _broken(settings: Settings) -> Settings:
    return replace(settings, policies=_Breaking(settings.policies))


STATES = (
    State("mire", MIRE, says="Avec quel compte"),
    State("mire-sans-ecole", LINK.rpartition("/")[0], says="Avec quel compte"),
    State("mire-fin-proche", MIRE, at=JULY, says="Fonctionne jusqu’au 5 juillet 2021"),
    State("mire-malade", MIRE, changed=_maintained, says='class="ill"'),
    State("mire-encore", LINK, before=_weak_visit, says="Vous revenez tout de suite"),
    State(
        "mire-boucle",
        f"{LINK}?de=scolarite",
        headers={"Referer": "https://teleservices.education.gouv.fr/"},
        before=_many_visits,
        says="plusieurs fois de suite",
    ),
    State(
        "mire-partage",
        f"{LINK}?de=poste-partage",
        headers={"Referer": "https://teleservices.education.gouv.fr/"},
        says="Cet ordinateur est partagé",
    ),
    State("mire-memorisee", MIRE, before=_remembering, says="Votre choix de la dernière fois"),
    State("mire-ent", f"/mire/{SCHOOL}?vers=ent", says="Personnel"),
    State("mire-plusieurs-ecoles", "/mire?vers=ent", before=_remembering, says="Vos établissements"),
    State("recherche", "/mire?vers=ent&cherche=rochat", says="Collège Rochat", coded=True),
    State("recherche-vaine", "/mire?vers=ent&cherche=zzzzzz", says="Nous n’avons pas trouvé cet établissement"),
    State("quitter", f"/quitter?vers=teleservices&etab={SCHOOL}", before=_remembering, says="Changer", coded=False),
    State("diagnostic", f"/diagnostic/{SCHOOL}?vers=teleservices", before=_many_visits, says="Les dernières visites"),
    State("diagnostic-sans-geste", "/diagnostic", headers={"Sec-Fetch-Site": "cross-site"}, says="dépannage"),
    State(
        "hote-arrete",
        "/",
        at=SEPTEMBER,
        headers={"Host": "teleservices.ac-besancon.fr"},
        changed=_ended,
        status=410,
        says="Ce compte n’existe plus",
    ),
    State("kit", f"/kit/{SCHOOL}", says="kit", coded=False),
    State("annonce", f"/annonce/{SCHOOL}?vers=teleservices", at=JUNE, before=_announced, says="Ce compte s’arrête le"),
    State("quitter-vierge", "/quitter", says="Changer", coded=False),
    State("kit-trouve", "/kit?etab=pasteur arbois", says="Choisissez votre établissement", coded=False),
    State("kit-introuvable", "/kit?etab=zzzzz", says="Nous n’avons pas trouvé", coded=False),
    State("kit-inconnu", "/kit/clg-inconnu", status=404, says="Nous ne connaissons pas", coded=False),
    State("disco-fausse", "/disco?entityID=x", changed=_asked, status=400, says="pas bien fait sa demande"),
    State("mire-disco", "/disco?entityID=https://sp.example/shibboleth", changed=_asked, says="Avec quel compte"),
    State("secours", LINK, changed=_broken, says="trouver votre compte tout seuls"),
    State("kit-ecole", "/kit", says="Quel est votre établissement", coded=False),
    State("affiche", f"/kit/{SCHOOL}/affiche", says="Collège Rochat", coded=False),
    State("mode-d-emploi", "/readme.html", says="établissement", coded=False),
    State("ecole", "/vers/ent", says="Quel est votre établissement"),
    State("ecole-inconnue", "/vers/ent/clg-inconnu", status=404, says="Nous ne connaissons pas cet établissement"),
    State("service-inconnu", "/vers/nope", status=404, says="Nous ne connaissons pas ce service"),
    State("page-inconnue", "/nope", status=404, says="Cette page n’existe pas"),
    State("methode", LINK, form={}, status=405, says="Nous n’avons pas compris"),
    State(
        "choix-etranger",
        "/choix",
        form={"vers": "ent"},
        headers={"Sec-Fetch-Site": "cross-site"},
        status=403,
        says="Ce choix ne vient pas de notre page",
    ),
    State("trop-de-donnees", "/choix", form={"vers": "x" * 20_000}, status=413, says="trop de données"),
    State("compte-arrete", f"{LINK}?source=aten-besancon", at=SEPTEMBER, says="Ce compte n’existe plus"),
    State("compte-pas-ouvert", f"{LINK}?source=aten-dijon", says="Ce compte n’est pas ouvert ici"),
    State("rien-d-ouvert", LINK, changed=_closed, says="Aucun accès n’est ouvert"),
    State("oublier-vide", "/oublier", says="Ce navigateur ne retient aucun choix", coded=False),
    State("oublier", "/oublier", before=_remembering, says="Tout oublier", coded=False),
    State("oubli-fait", "/oublier?fait=1", says="C’est oublié", coded=False),
    State("cadre", MIRE, headers={"Sec-Fetch-Dest": "iframe"}, says="à l’intérieur d’une autre"),
)
