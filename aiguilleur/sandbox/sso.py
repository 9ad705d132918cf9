"""EduConnect as services of its federation ask it: by SAML, and as it may misbehave."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Flask, Response, request

from aiguilleur.sandbox.faults import Fault
from aiguilleur.sandbox.network import EDUCONNECT, Network, with_query
from aiguilleur.sandbox.pages import page, refusal, see, typed_account
from aiguilleur.sandbox.saml import IdentityProvider, Question, Signature, utc_now
from aiguilleur.sandbox.sessions import COOKIE, Login, Sessions
from aiguilleur.sandbox.switches import Mode

SSO = "/idp/profile/SAML2/Redirect/SSO"
#: Where its metadata would be found; services have it as a file.
METADATA = "/idp/shibboleth"
_CHECK, _LOGIN = "/idp/profile/SAML2/check", "/idp/profile/SAML2/login"
#: More conversations than anyone holds by hand; the oldest go first.
_KEPT = 1000


def educonnect_provider(
    port: int, services: Mapping[str, str], now: Callable[[], datetime] = utc_now, *, scheme: str = "http"
) -> IdentityProvider:
    """What EduConnect signs with in a world on this port; `services` as `IdentityProvider` takes them."""
    network = Network(port, scheme=scheme)
    return IdentityProvider(network.url(EDUCONNECT, METADATA), network.url(EDUCONNECT, SSO), services, now)


class Conversations:
    """The questions being answered, each through a page that looks at the browser first."""

    def __init__(self, provider: IdentityProvider, sessions: Sessions, mode: Callable[[], Mode | Fault]) -> None:
        """`mode` is how EduConnect is switched just now."""
        self._provider = provider
        self._sessions = sessions
        self._mode = mode
        self._open: dict[str, Question] = {}

    def add_to(self, app: Flask) -> None:
        """Give the site its further addresses."""
        app.add_url_rule(METADATA, "metadata", self._metadata)
        app.add_url_rule(_CHECK, "check", self._checked, methods=["POST"])
        app.add_url_rule(_LOGIN, "login", self._log_in, methods=["GET", "POST"])

    def asked(self) -> Response:
        """A question has come: a page looks at the browser, and posts itself on."""
        try:
            question = self._provider.question(request.args.get("SAMLRequest", ""), request.args.get("RelayState", ""))
        except ValueError:
            return refusal("Service inconnu d’EduConnect", "EduConnect ne répond qu’aux services de sa fédération.")
        while len(self._open) >= _KEPT:
            self._open.pop(next(iter(self._open)), None)
        name = secrets.token_urlsafe(16)
        self._open[name] = question
        # As a Shibboleth identity provider does, to learn what the browser can keep.
        fields = {"conversation": name, "shib_idp_ls_supported": "", "_eventId_proceed": ""}
        return _posting("Un instant", "Vérification du navigateur…", _CHECK, fields)

    def _checked(self) -> Response:
        name = request.form.get("conversation", "")
        question = self._open.get(name)
        if question is None:
            return _over()
        login = self._sessions.login(request.cookies.get(COOKIE))
        if self._mode() is Mode.LOGIN_FORM or (login is None and not question.passive):
            return see(with_query(_LOGIN, conversation=name))
        return self._answer(question, self._said(question, login))

    def _log_in(self) -> Response:
        name = request.values.get("conversation", "")
        question = self._open.get(name)
        if question is None:
            return _over()
        account = typed_account()
        if account:
            return self._opened(question, Login(account, "educonnect"))
        return _form(name, failed=request.method == "POST")

    def _opened(self, question: Question, login: Login) -> Response:
        response = self._answer(question, self._provider.success(question))
        response.set_cookie(COOKIE, self._sessions.open(login), path="/", httponly=True, samesite="Lax")
        return response

    def _said(self, question: Question, login: Login | None) -> str:
        match self._mode():
            case Mode.GARBAGE:
                return "PG4gaW1wb3J0ZSBxdW9pPg"
            case Mode.WRONG_SIGNATURE:
                return self._provider.success(question, signature=Signature("quelqu'un d'autre"))
            case Mode.SOMEONE_ELSE:
                return self._provider.success(question, to=f"_{secrets.token_hex(16)}")
            case _:
                return self._provider.success(question) if login else self._provider.no_passive(question)

    def _answer(self, question: Question, said: str) -> Response:
        fields = {"SAMLResponse": said, "RelayState": question.relay_state}
        return _posting("Un instant", "Retour au service…", question.acs, fields)

    def _metadata(self) -> Response:
        return Response(self._provider.metadata(), content_type="application/samlmetadata+xml")


def _posting(title: str, text: str, action: str, fields: Mapping[str, str]) -> Response:
    return page("poste", title, service="posting", source="educonnect", text=text, action=action, fields=fields)


def _over() -> Response:
    return refusal("Demande expirée", "Revenez à la page du service et recommencez.")


def _form(conversation: str, *, failed: bool) -> Response:
    return page(
        "login",
        "Je me connecte avec EduConnect",
        service="login",
        source="educonnect",
        form="educonnect",
        field="conversation",
        back=conversation,
        failed=failed,
    )
