"""The host names of guichets that have ended: whatever is asked for there, the answer is what replaces them."""

from __future__ import annotations

from flask import Flask, Response, request

from aiguilleur.journal import new_code
from aiguilleur.settings.model import Source
from aiguilleur.web import pages
from aiguilleur.web.noted import note_page
from aiguilleur.web.redirects import to_mire
from aiguilleur.web.service import service
from aiguilleur.web.visit import local_day


def install(app: Flask) -> None:
    """Answer on the hosts of `retired_hosts`, before any address is looked at."""

    @app.before_request
    def _retired() -> Response | None:
        settings = service().settings
        name = settings.site.retired_hosts.get(request.host.partition(":")[0].lower())
        if name is None or request.endpoint == "static" or request.path == "/healthz":
            return None
        return answer(settings.sources[name])


def answer(source: Source) -> Response:
    """410 and a page with the ways on: people read it, search engines forget the address."""
    running = service()
    day = local_day(running, running.now())
    if not source.is_retired(None, day):
        # The name came to us too soon: this account still works, and the mire leads there.
        return to_mire(None, None)
    if request.method == "HEAD":
        return Response(status=410, content_type="text/html; charset=utf-8")
    code = new_code()
    note_page(running, code, 410, source=source.id)
    others = [each for each in running.settings.sources.values() if each.create and each.is_open(None, day)]
    return pages.retired_host(code, source, others)
