"""A service provider that asks `/disco`, and a browser on its way there."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aiguilleur.settings.model import Settings
from aiguilleur.settings.provider import ServiceProvider

SP = "https://sp.ac-exemple.fr/shibboleth"
LOGIN = "https://sp.ac-exemple.fr/Shibboleth.sso/Login"
#: What a Shibboleth service provider wants the browser to come back with.
BACK = f"{LOGIN}?SAMLDS=1&target=ss%3Amem%3A{'0123456789abcdef' * 4}"
MOBILE = "http://mobile.ent.localhost:8080/ds?app=1"
IDP_EDU = "https://idp.education.example/edu?a=1&b=é".replace("é", "%C3%A9")
IDP_ATEN = "https://idp.academie.example/aten"
PROVIDER = ServiceProvider(SP, "ent", (LOGIN, MOBILE))


def with_provider(settings: Settings, **idps: str) -> Settings:
    """Settings in which it stands for the ENT; `idps` are its sources' identity providers, else those of two."""
    named = {name.replace("_", "-"): idp for name, idp in idps.items()} or {
        "educonnect": IDP_EDU,
        "aten-besancon": IDP_ATEN,
    }
    sources = {name: replace(source, idp=named.get(name)) for name, source in settings.sources.items()}
    return replace(settings, sources=sources, service_providers={SP: PROVIDER})


def disco(client: FlaskClient, headers: dict[str, str] | None = None, /, **changed: str | None) -> TestResponse:
    """Ask, with these parameters changed, added, or left out."""
    query = {"entityID": SP, "return": BACK, **changed}
    return client.get(
        "/disco", query_string={key: value for key, value in query.items() if value is not None}, headers=headers
    )


def remember(client: FlaskClient, source: str) -> None:
    form = {"vers": "teleservices", "etab": "clg-rochat-rousses", "source": source, "souvenir": "1"}
    assert client.post("/choix", data=form).status_code == 303
    client.delete_cookie("__Host-aiguilleur-recent")


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the form on a mire."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in found}


def buttons(page: str) -> list[str]:
    return re.findall(r'<button name="source" value="([a-z-]+)">', page)
