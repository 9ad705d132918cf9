"""What a page makes a browser do by itself: post a form that nobody fills in, or go on after a moment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from aiguilleur.probes.exchange import Request

#: A refresh that takes longer than this, in seconds, leaves its reader time to read: it is a page.
_SOON_S = 5
_SENDS = re.compile(r"\b(?:submit|click|requestSubmit)\s*\(")
#: A script that waits for its visitor to do something first.
_WAITS = re.compile(
    r"addEventListener\s*\(\s*['\"](?:click|submit|change|input|key|mouse|pointer|touch)|\.on(?:click|submit)"
)
_SCRIPTS = ("", "text/javascript", "application/javascript", "module")
_REFRESH = re.compile(r"\s*([0-9]{1,4})[0-9.]*\s*[;,]\s*(?:url\s*=)?\s*['\"]?([^'\"]+)", re.I)
#: Inputs that nobody types into. A page on which one can type or choose is for a person.
_BUTTONS = ("submit", "button", "image", "reset")
#: What stands in these is not for browsers that run scripts, or not there yet.
_ASIDE = ("noscript", "template")


@dataclass(slots=True)
class _Form:
    action: str
    posted: bool
    fields: list[tuple[str, str]] = field(default_factory=list)
    has_button: bool = False
    #: Whether a button says something to its visitor, and whether it says something to the server: that is a choice.
    has_label: bool = False
    has_choice: bool = False


def onward(body: bytes, url: str) -> Request | None:
    """The request that a browser makes of a page at `url` without its visitor; None when it waits for them.

    A form counts when nobody can type into the page and it has a script to send it: bindings 3.5.4 of SAML and the
    `form_post` of OpenID Connect bring answers so, and identity providers look at the browser so first.
    """
    page = _Page()
    try:
        # Never closed: what is cut short at the end is dropped, as browsers do, and not read over and over.
        page.feed(body.decode("utf-8", "replace"))
        base = urljoin(url, page.base)
        request = None if page.is_typed else page.sent(base) or page.refreshed(base)
    except (ValueError, AssertionError):
        # An address that is none, or markup that Python's parser gives up on.
        return None
    return request if request and urlsplit(request.url).hostname else None


class _Page(HTMLParser):
    """As much of a page as tells whether it goes on by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.is_typed = False
        self._forms: list[_Form] = []
        self._form: _Form | None = None
        self._refresh: str | None = None
        self._sends_at_load = False
        self._has_files = False
        self._aside = 0
        self._speaks_to_those_without = False
        self._script: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag in _ASIDE:
            self._aside += 1
            self._speaks_to_those_without |= tag == "noscript"
        elif not self._aside:
            self._sends_at_load |= bool(_SENDS.search(said.get("onload", "")))
            self._read(tag, said)

    def handle_endtag(self, tag: str) -> None:
        if tag in _ASIDE:
            self._aside = max(0, self._aside - 1)
        elif tag == "script" and self._script is not None:
            script, self._script = "".join(self._script), None
            self._sends_at_load |= bool(_SENDS.search(script)) and not _WAITS.search(script)
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)

    def sent(self, base: str) -> Request | None:
        """The one form that sends itself."""
        if len(ready := [form for form in self._forms if self._is_sent(form)]) != 1:
            return None
        [form] = ready
        action = urljoin(base, form.action).partition("#")[0]
        if form.posted:
            return Request(action, tuple(form.fields))
        return Request(f"{action.partition('?')[0]}?{urlencode(form.fields)}")

    def refreshed(self, base: str) -> Request | None:
        """Where a refresh leads soon."""
        told = _REFRESH.match(self._refresh or "")
        return Request(urljoin(base, told[2].strip())) if told and int(told[1]) <= _SOON_S else None

    def _is_sent(self, form: _Form) -> bool:
        """Whether a script sends this form at load: one in the page, or one in a file, which is not read.

        A button may wait for whoever reads it, so that the page itself must say that it sends the form; one without a
        label is there for a script to press, where the page tells those without scripts to (SimpleSAMLphp's).
        """
        if form.has_choice:
            return False
        pressed = not form.has_button or (not form.has_label and self._speaks_to_those_without)
        return self._sends_at_load or (self._has_files and pressed)

    def _read(self, tag: str, said: dict[str, str]) -> None:
        match tag:
            case "base":
                self.base = self.base or said.get("href", "")
            case "meta" if said.get("http-equiv", "").lower() == "refresh":
                self._refresh = said.get("content")
            case "script":
                runs = said.get("type", "").lower() in _SCRIPTS
                self._has_files |= runs and "src" in said
                self._script = [] if runs else None
            case "form":
                self._form = _Form(said.get("action", ""), said.get("method", "").lower() == "post")
                self._forms.append(self._form)
            case "input" | "button" | "select" | "textarea":
                self._put(tag, said)
            case _:
                return

    def _put(self, tag: str, said: dict[str, str]) -> None:
        kind = said.get("type", "submit" if tag == "button" else "text").lower()
        hidden, button = tag == "input" and kind == "hidden", tag == "button" or (tag == "input" and kind in _BUTTONS)
        form = self._form
        if form is None or "form" in said or not (hidden or button):
            # Whose it is cannot be told, or a person is meant to use it.
            self.is_typed |= not hidden
        elif hidden and "name" in said and "disabled" not in said:
            form.fields.append((said["name"], said.get("value", "")))
        elif button:
            form.has_button = True
            form.has_label |= tag == "button" or bool(said.get("value"))
            form.has_choice |= bool(said.get("name"))
