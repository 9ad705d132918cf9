"""A CAS in one file, for the tests: `python casd.py '{"port": …, …}'` (see cas.py). Ends on SIGTERM."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlencode

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path
from werkzeug.serving import run_simple

_APPS = "django.contrib."
_COMPONENTS = ("bootstrap3_css", "bootstrap3_js", "html5shiv", "respond", "bootstrap4_css", "bootstrap4_js", "jquery")


def configure(host: str, database: str) -> None:
    """Everything on this machine: no component from elsewhere, no look at PyPI for a newer version."""
    apps = ("auth", "contenttypes", "sessions", "messages", "staticfiles")
    middleware = (
        *("sessions.middleware.SessionMiddleware", "auth.middleware.AuthenticationMiddleware"),
        "messages.middleware.MessageMiddleware",
    )
    processors = ("auth.context_processors.auth", "messages.context_processors.messages")
    settings.configure(
        SECRET_KEY="a key of tests",
        ALLOWED_HOSTS=[host],
        ROOT_URLCONF="casd_urls",
        USE_TZ=True,
        STATIC_URL="/static/",
        INSTALLED_APPS=[*(_APPS + app for app in apps), "cas_server"],
        MIDDLEWARE=[*(_APPS + each for each in middleware), "django.middleware.csrf.CsrfViewMiddleware"],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        *(_APPS + processor for processor in processors),
                    ]
                },
            }
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database, "OPTIONS": {"timeout": 20}}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        CAS_AUTH_CLASS="cas_server.auth.TestAuthUser",
        CAS_TEST_USER="alice",
        CAS_TEST_PASSWORD="alice",
        CAS_NEW_VERSION_HTML_WARNING=False,
        CAS_NEW_VERSION_EMAIL_WARNING=False,
        CAS_SHOW_POWERED=False,
        CAS_COMPONENT_URLS=dict.fromkeys(_COMPONENTS, ""),
    )
    urls: Any = ModuleType("casd_urls")
    sys.modules["casd_urls"] = urls
    django.setup()
    urls.urlpatterns = [path("cas/", include("cas_server.urls", namespace="cas_server"))]


def register(services: list[str]) -> None:
    """The addresses that it sends browsers back to."""
    from cas_server.models import ServicePattern  # noqa: PLC0415 (exists once Django is configured)

    call_command("migrate", verbosity=0)
    for position, pattern in enumerate(services, 1):
        ServicePattern.objects.create(pos=position, name=f"service {position}", pattern=pattern)


def main() -> None:
    told = json.loads(sys.argv[1])
    configure(told["host"], told["database"])
    register(told["services"])
    answer = get_wsgi_application()

    def showing(environ: dict[str, Any], start: Any) -> Any:
        """A CAS that does not know of gateways."""
        asked = parse_qsl(environ["QUERY_STRING"])
        environ["QUERY_STRING"] = urlencode([(name, value) for name, value in asked if name != "gateway"])
        return answer(environ, start)

    run_simple("127.0.0.1", told["port"], showing if told["shows"] else answer, threaded=True)


if __name__ == "__main__":
    main()
