"""The framework's application, without what none of its answers needs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Flask, Request, Response
from flask.ctx import RequestContext
from flask.sessions import NullSession, SessionInterface
from flask.typing import ResponseReturnValue
from werkzeug.routing import MapAdapter

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class NoSession(SessionInterface):
    """Nothing is kept for a visitor but what our own cookies carry."""

    _none = NullSession()

    def open_session(self, _app: Flask, _request: Request) -> NullSession:
        """The one that holds nothing."""
        return self._none


class Application(Flask):
    """As Flask's own, but for sessions, for addresses that depend on the host asked, and for steps that are empty."""

    session_interface = NoSession()

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Read raw bytes in a query as if a browser had encoded them: the framework breaks on what is no UTF-8."""
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():
            environ["QUERY_STRING"] = quote(query, safe="%&=+;/?:@!$'()*,~", encoding="latin-1")
        return super().request_context(environ)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match by method and path alone; outside a request there is nothing to match."""
        if request is None:
            return None
        return MapAdapter(self.url_map, "", request.root_path, "", request.scheme, request.path, request.method, None)

    def preprocess_request(self) -> ResponseReturnValue | None:
        """What is to be done before a view, looked for only where there is any."""
        return super().preprocess_request() if self.before_request_funcs else None

    def process_response(self, response: Response) -> Response:
        """What is to be done after a view, for the whole application: a part or a request has nothing of its own."""
        for each in reversed(self.after_request_funcs[None]):
            # None of them is a coroutine, which the framework would ask each time.
            response = each(response)
        return response
