"""The languages of the pages: French first, and whatever else has a catalogue; which one a visitor reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from urllib.parse import quote, urlencode

from babel.dates import format_date, format_time
from babel.messages import Catalog as BabelCatalogue
from babel.messages import Message
from babel.messages.pofile import PoFileError, read_po
from flask import Flask, Request, Response, g, has_request_context, request
from markupsafe import Markup

from aiguilleur.errors import Problem, ThemeError
from aiguilleur.web.stamps import is_meant

COOKIE = "__Host-aiguilleur-langue"
PARAM = "langue"
_KEPT_S = 400 * 24 * 3600
LOCALE = Path(__file__).parent / "locale"
#: Pages that only show: asked for again, they do nothing else.
_AGAIN = (
    "mire.mire",
    "leave.leave",
    "leave.forget",
    "disco.disco",
    "kit.choose",
    "kit.kit",
    "kit.poster",
    "kit.readme",
)
#: The parameters of these pages; of what else an address says, nothing is repeated.
KNOWN = frozenset(
    {
        *("vers", "de", "page", "etab", "cherche", "trajet", "fait"),
        *("entityID", "return", "returnIDParam", "policy", "isPassive"),
    }
)
#: What a text names to be filled in.
_NAMES = re.compile(r"%\((\w+)\)s")
_BEFORE, _AFTER = re.compile(r" (?=[»:;?!])"), re.compile(r"(?<=«) ")


@dataclass(frozen=True, slots=True)
class Language:
    """One language, under its code (BCP 47) and its own name."""

    code: str
    name: str
    rtl: bool = False

    @property
    def direction(self) -> str:
        """Which way it is written, as HTML says it."""
        return "rtl" if self.rtl else "ltr"


FRENCH = Language("fr", "Français")
LANGUAGES: Mapping[str, Language] = {
    each.code: each
    for each in (
        FRENCH,
        Language("en", "English"),
        Language("ar", "العربية", rtl=True),
        Language("pt", "Português"),
        Language("tr", "Türkçe"),
    )
}


class Catalogue(NullTranslations):
    """What each French text is in one language; French itself is printed as French is."""

    def __init__(self, language: Language, folders: tuple[Path, ...]) -> None:
        """The shipped texts, and those of `<code>/*.po` in these folders, which may replace them."""
        super().__init__()
        self._language = language
        self._texts = dict(_shipped(language.code))
        for folder in folders:
            self._texts |= read(folder / language.code)

    def gettext(self, message: str) -> str:
        """The text in this language, else in French."""
        said = self._texts.get(message)
        return typeset(said or message) if said is None or self._language is FRENCH else said

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Nothing here counts: a page says « 3 écoles » by naming them."""
        return self.gettext(msgid1 if n == 1 else msgid2)

    def has(self, message: str) -> bool:
        """Whether it is said in this language."""
        return self._language is FRENCH or message in self._texts


def read(folder: Path) -> dict[str, str]:
    """The texts of every catalogue in a folder; one that a reviewer has yet to see is read all the same.

    Raises ThemeError where one is none.
    """
    texts: dict[str, str] = {}
    for path in sorted(path for path in folder.glob("*.po") if is_meant(path.name) and path.is_file()):
        for each in _catalogue(path):
            if each.id and each.string:
                texts[str(each.id)] = _filled(path, each)
    return texts


def _filled(path: Path, message: Message) -> str:
    """A translation that can be filled in as its text is: pages do it with what the text names."""
    text, said = str(message.id), str(message.string)
    try:
        said % dict.fromkeys(_NAMES.findall(text), "")
    except (KeyError, TypeError, ValueError) as error:
        told = f"'{said[:80]}' cannot be filled in as '{text[:80]}' is: {error}; a sign of per cent is written %%"
        raise ThemeError(Problem(str(path), message.lineno or 0, 1, "", told)) from error
    return said


def _catalogue(path: Path) -> BabelCatalogue:
    try:
        with path.open("rb") as file:
            return read_po(file, abort_invalid=True)
    except PoFileError as error:
        raise ThemeError(Problem(str(path), error.lineno + 1, 1, "", str(error))) from error
    except (OSError, ValueError, LookupError) as error:
        raise ThemeError(Problem(str(path), 0, 0, "", str(error))) from error


@cache
def _shipped(code: str) -> dict[str, str]:
    """Those that come with the program, which do not change while it runs."""
    return read(LOCALE / code)


def typeset(text: str) -> str:
    """A text as French prints it: curly apostrophes, and no line that begins with a `:` or a `»`."""
    return _BEFORE.sub("\N{NO-BREAK SPACE}", _AFTER.sub("\N{NO-BREAK SPACE}", text)).replace("'", "’")


def install(app: Flask, folders: tuple[Path, ...] = ()) -> None:
    """Let the pages of an application speak the languages of the shipped catalogues, and of those in these folders."""
    catalogues = {code: Catalogue(language, folders) for code, language in LANGUAGES.items()}

    def current() -> Catalogue:
        return catalogues[language().code]

    def said(text: str) -> str | Markup:
        """A text of the configuration, which is marked as French where it has no translation."""
        if current().has(text):
            return current().gettext(text)
        return Markup('<span lang="fr" dir="ltr">{}</span>').format(typeset(text))

    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: current().gettext(text), lambda one, many, n: current().ngettext(one, many, n), newstyle=True
    )
    app.jinja_env.filters.update(typeset=typeset, said=said, day=day, hour=hour, dialled=dialled)
    app.context_processor(lambda: {"language": language(), "languages": tuple(LANGUAGES.values()), "here": here})
    app.after_request(_keep)


def language() -> Language:
    """The language of this request: asked for in its address, kept by the browser, or the browser's own."""
    if not has_request_context():
        return FRENCH
    if "language" not in g:
        g.language = wanted_in(request)
    found: Language = g.language
    return found


def speak(wanted: Language) -> None:
    """Let this request be answered in that language, whatever its browser says."""
    g.language = wanted


def _keep(response: Response) -> Response:
    """Let the browser keep a language that its visitor has asked for."""
    # Nearly nobody has, and to read the address for its parameters takes longer than to look whether it names this one.
    if PARAM not in request.environ.get("QUERY_STRING", ""):
        return response
    wanted = chosen(request)
    if wanted and request.method == "GET":
        response.set_cookie(COOKIE, wanted.code, max_age=_KEPT_S, path="/", secure=True, httponly=True, samesite="Lax")
    return response


def here(code: str) -> str:
    """The address of this page in another language; where it cannot be had again, that of the services."""
    if not has_request_context() or request.method != "GET" or request.endpoint not in _AGAIN:
        return f"/mire?{PARAM}={code}"
    kept = [(name, value) for name, value in request.args.items(multi=True) if name in KNOWN]
    return f"{quote(request.path)}?{urlencode([*kept, (PARAM, code)])}"


def here_or(path: str, query: Mapping[str, str | None]) -> Callable[[str], str]:
    """This page in another language where it can be had again, else that address of ours which shows the same."""
    again = has_request_context() and request.method == "GET" and request.endpoint in _AGAIN
    return here if again else here_at(path, query)


def here_at(path: str, query: Mapping[str, str | None]) -> Callable[[str], str]:
    """What `here` is on a page that builds its own address: of known names only, whatever came in the request's."""
    kept = {name: value for name, value in query.items() if value}
    return lambda code: f"{path}?{urlencode(kept | {PARAM: code})}"


def chosen(request: Request) -> Language | None:
    """The language that this very request asks for."""
    return LANGUAGES.get(request.args.get(PARAM, ""))


def kept(request: Request) -> Language | None:
    """The language that this browser keeps for its visitor."""
    return LANGUAGES.get(request.cookies.get(COOKIE, ""))


def wanted_in(request: Request) -> Language:
    """The language that a request is to be answered in."""
    wanted = chosen(request) or kept(request)
    return wanted or LANGUAGES[request.accept_languages.best_match(LANGUAGES, default=FRENCH.code) or FRENCH.code]


def dialled(phone: str) -> str:
    """What a telephone dials of a number as people write it."""
    return re.sub(r"[^+0-9]", "", phone)


def hour(time: datetime) -> str:
    """`06:00`, for a local time, in the language of the request."""
    return format_time(time, "short", locale=language().code)


def day(date: date) -> str:
    """`1er juin 2021`, for a date, in the language of the request."""
    return _day(date, language().code)


@cache
def _day(day: date, code: str) -> str:
    text = format_date(day, "long", locale=code)
    return re.sub(r"^1 ", "1er ", text) if code == FRENCH.code else text
