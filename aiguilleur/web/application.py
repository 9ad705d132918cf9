"""The framework's application, without what none of its answers needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

from flask import Flask, Request, Response
from flask.ctx import RequestContext
from flask.sessions import NullSession, SessionInterface
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class NoSession(SessionInterface):
    """Nothing is kept for a visitor but what our own cookies carry."""

    _none = NullSession()

    def open_session(self, _app: Flask, _request: Request) -> NullSession:
        """The one that holds nothing."""
        return self._none


#: So many paths of so many letters are known again.
_MOST_PATHS, _LONGEST_PATH = 1024, 200
F = TypeVar("F", bound=Callable[..., Any])


class Context(RequestContext):
    """As Flask's own, but that a path which was matched before is known again: most visits come by the same few."""

    def match_request(self) -> None:
        """Give the request its rule and what the path says; what fits no rule is left to the framework."""
        asked, app = self.request, cast("Application", self.app)
        try:
            match = app.known if len(asked.path) <= _LONGEST_PATH else app.match
            asked.url_rule, said = match(asked.path, asked.method)
            asked.view_args = said.copy()
        except HTTPException:
            super().match_request()


class Application(Flask):
    """As Flask's own, but for sessions, for addresses that depend on the host asked, and for steps that are empty."""

    session_interface = NoSession()

    def __init__(self, name: str) -> None:
        """No path is known yet."""
        super().__init__(name)
        self.known = lru_cache(_MOST_PATHS)(self.match)

    def match(self, path: str, method: str) -> tuple[Rule, dict[str, Any]]:
        """The rule for a path, and what the path says; raises an HTTPException when there is none."""
        rule, said = MapAdapter(self.url_map, "", "", "", "http", path, method).match(return_rule=True)
        return rule, dict(said)

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Read raw bytes in a query as if a browser had encoded them: the framework breaks on what is no UTF-8."""
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():
            environ["QUERY_STRING"] = quote(query, safe="%&=+;/?:@!$'()*,~", encoding="latin-1")
        return Context(self, environ)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match by method and path alone; outside a request there is nothing to match."""
        if request is None:
            return None
        return MapAdapter(self.url_map, "", request.root_path, "", request.scheme, request.path, request.method, None)

    def ensure_sync(self, func: F) -> F:
        """The function itself: none of ours is a coroutine, which the framework would ask each time."""
        return func

    def preprocess_request(self) -> ResponseReturnValue | None:
        """What is to be done before a view, looked for only where there is any."""
        return super().preprocess_request() if self.before_request_funcs else None

    def process_response(self, response: Response) -> Response:
        """What is to be done after a view, for the whole application: a part or a request has nothing of its own."""
        for each in reversed(self.after_request_funcs[None]):
            response = each(response)
        return response
