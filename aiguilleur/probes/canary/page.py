"""What a page makes a browser do by itself: post a form that nobody fills in, or go on after a moment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from aiguilleur.probes.exchange import Request

#: A refresh that takes longer than this, in seconds, leaves its reader time to read: it is a page.
_SOON_S = 5
_SENDS_ITSELF = re.compile(r"\b(?:submit|click|requestSubmit)\s*\(")
_REFRESH = re.compile(r"\s*([0-9]{1,4})[0-9.]*\s*[;,]\s*(?:url\s*=)?\s*['\"]?([^'\"]+)", re.I)
#: Inputs that nobody types into. A page on which one can type or choose is for a person.
_BUTTONS = ("submit", "button", "image", "reset")


@dataclass(slots=True)
class _Form:
    action: str
    posted: bool
    fields: list[tuple[str, str]] = field(default_factory=list)
    has_button: bool = False
    has_choice: bool = False
    is_typed: bool = False


def onward(body: bytes, url: str) -> Request | None:
    """The request that a browser makes of a page at `url` without its visitor; None when it waits for them.

    A form counts when nobody can type into it and the page has a script to send it: bindings 3.5.4 of SAML and the
    `form_post` of OpenID Connect bring answers so, and identity providers look at the browser so first.
    """
    page = _Page()
    try:
        page.feed(body.decode("utf-8", "replace"))
        page.close()
        base = urljoin(url, page.base)
        request = page.sent(base) or page.refreshed(base)
    except ValueError:
        # An address that is none, or markup that Python's parser gives up on.
        return None
    return request if request and urlsplit(request.url).hostname else None


class _Page(HTMLParser):
    """As much of a page as tells whether it goes on by itself; what stands in `noscript` is not for browsers."""

    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self._forms: list[_Form] = []
        self._form: _Form | None = None
        self._refresh: str | None = None
        self._runs_inline = False
        self._runs_file = False
        self._noscript = 0
        self._speaks_to_those_without = False
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self._runs_inline |= bool(_SENDS_ITSELF.search(said.get("onload", "")))
        match tag:
            case "noscript":
                self._noscript += 1
                self._speaks_to_those_without = True
            case "script":
                self._script = True
                self._runs_file |= "src" in said
            case _ if not self._noscript:
                self._read(tag, said)
            case _:
                return

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "noscript":
                self._noscript = max(0, self._noscript - 1)
            case "script":
                self._script = False
            case "form":
                self._form = None
            case _:
                return

    def handle_data(self, data: str) -> None:
        if self._script and _SENDS_ITSELF.search(data):
            self._runs_inline = True

    def sent(self, base: str) -> Request | None:
        """The one form that sends itself."""
        typed = any(form.is_typed for form in self._forms)
        ready = [form for form in self._forms if self._runs_inline or (self._runs_file and self._is_pressed(form))]
        if typed or len(ready) != 1:
            return None
        [form] = ready
        action = urljoin(base, form.action).partition("#")[0]
        if form.posted:
            return Request(action, tuple(form.fields))
        return Request(f"{action.partition('?')[0]}?{urlencode(form.fields)}")

    def _is_pressed(self, form: _Form) -> bool:
        """Whether a script that we do not read sends this form: a button that a visitor can see may wait for them.

        A button with a name is a choice; one without is there for those whose browser runs no script, when the page
        tells them what to do (SimpleSAMLphp's does).
        """
        return not form.has_button or (not form.has_choice and self._speaks_to_those_without)

    def refreshed(self, base: str) -> Request | None:
        """Where a refresh leads soon."""
        told = _REFRESH.match(self._refresh or "")
        if not told or int(told[1]) > _SOON_S or any(form.is_typed for form in self._forms):
            return None
        return Request(urljoin(base, told[2].strip()))

    def _read(self, tag: str, said: dict[str, str]) -> None:
        match tag:
            case "base":
                self.base = self.base or said.get("href", "")
            case "meta" if said.get("http-equiv", "").lower() == "refresh":
                self._refresh = said.get("content")
            case "form":
                self._form = _Form(said.get("action", ""), said.get("method", "").lower() == "post")
                self._forms.append(self._form)
            case "input" | "button" | "select" | "textarea" if self._form:
                _put(self._form, tag, said)
            case _:
                return


def _put(form: _Form, tag: str, said: dict[str, str]) -> None:
    kind = said.get("type", "submit" if tag == "button" else "text").lower()
    if tag == "input" and kind == "hidden":
        if "name" in said and "disabled" not in said:
            form.fields.append((said["name"], said.get("value", "")))
    elif tag == "button" or (tag == "input" and kind in _BUTTONS):
        form.has_button = True
        form.has_choice |= bool(said.get("name"))
    else:
        form.is_typed = True
