from __future__ import annotations

import time

import pytest

from aiguilleur.probes.canary.page import onward
from aiguilleur.probes.exchange import Request

HERE = "https://idp.example/a/b?c=d"
SENT = "<script>document.forms[0].submit()</script>"
ANSWER = Request("https://here.example/retour/x", (("SAMLResponse", "a+/="), ("RelayState", "é&")))
FIELDS = (
    '<input type=hidden name=SAMLResponse value="a+/="><input type="HIDDEN" name="RelayState" value="&eacute;&amp;">'
)


def form(inside: str, action: str = "https://here.example/retour/x", method: str = "post") -> str:
    return f'<form action="{action}" method="{method}">{inside}</form>'


SENDS_ITSELF = {
    "onload": f'<body onload="document.forms[0].submit()">{form(FIELDS)}',
    "a script": form(FIELDS) + SENT,
    "a button pressed by a script": form(FIELDS + "<button id=go>Continuer</button>")
    + "<script>document.getElementById('go').click()</script>",
    "a script in a file, a button for those without": "<script src=post.js></script>"
    + form(FIELDS + "<noscript><input type=submit value=Continuer></noscript>"),
    "a button that a script in a file presses": "<script src=post.js></script><noscript>Press the button.</noscript>"
    + form(FIELDS + "<input type=submit id=go>"),
    "inputs for those without scripts": form(FIELDS) + f"<noscript>{form('<input name=code>')}</noscript>" + SENT,
    "a module": form(FIELDS) + "<script type=module>document.forms[0].submit()</script>",
    "a template that is not there yet": "<template><form><input name=user></form></template>" + form(FIELDS) + SENT,
    "markup that is never closed": f"<script>setTimeout('document.forms[0].submit()', 0)</script><form method=post action=https://here.example/retour/x>{FIELDS}",
    "a button without a name": form(FIELDS + "<input type=submit value=Continuer>") + SENT,
    "a field that is off": form(FIELDS + "<input type=hidden name=x value=y disabled>") + SENT,
}


@pytest.mark.parametrize("page", SENDS_ITSELF.values(), ids=SENDS_ITSELF.keys())
def test_a_form_that_sends_itself_is_sent(page: str) -> None:
    assert onward(page.encode(), HERE) == ANSWER


@pytest.mark.parametrize(
    ("action", "absolute"),
    [
        ("", HERE),
        ("?e=2", "https://idp.example/a/b?e=2"),
        ("/x", "https://idp.example/x"),
        ("//other.example/x#y", "https://other.example/x"),
    ],
)
def test_an_action_is_resolved_first(action: str, absolute: str) -> None:
    assert onward((form("", action) + SENT).encode(), HERE) == Request(absolute, ())


def test_a_base_counts() -> None:
    page = f'<base href="https://other.example/z/"><base href="https://no.example/">{form("", "x")}{SENT}'

    assert onward(page.encode(), HERE) == Request("https://other.example/z/x", ())


def test_a_form_by_get_takes_its_fields_into_the_address() -> None:
    page = form("<input type=hidden name=a value='b c'>", "/x?lost=1", "GET") + SENT

    assert onward(page.encode(), HERE) == Request("https://idp.example/x?a=b+c")


REFRESHED = {
    "at once": '<meta http-equiv="refresh" content="0;url=/next">',
    "soon": "<META HTTP-EQUIV=Refresh CONTENT='3; URL=\"/next\"'>",
    "with a comma": '<meta http-equiv=refresh content="0, /next">',
}


@pytest.mark.parametrize("page", REFRESHED.values(), ids=REFRESHED.keys())
def test_a_refresh_is_followed(page: str) -> None:
    assert onward(page.encode(), HERE) == Request("https://idp.example/next")


WAITS = {
    "a login form": form(FIELDS + "<input name=user><input type=password name=password><button>OK</button>"),
    "a login form with scripts": form(FIELDS + "<input type=password name=p>") + SENT,
    "a login form beside one that sends itself": form("<input name=user>") + form(FIELDS) + SENT,
    "a choice": form("<select name=profile><option>élève</select>") + SENT,
    "a text": form("<textarea name=SAMLResponse></textarea>") + SENT,
    "a question of consent": "<script src=ui.js></script>" + form(FIELDS + "<button name=yes>J'accepte</button>"),
    "a question of consent, also to those without scripts": "<script src=ui.js></script><noscript>Bonjour</noscript>"
    + form(FIELDS + "<input type=submit name=yes value=Oui>"),
    "a button that nobody is told of": "<script src=ui.js></script>" + form(FIELDS + "<button>Continuer</button>"),
    "hidden fields and no script": form(FIELDS + "<button>Continuer</button>"),
    "a password outside any form": "<script src=a.js></script><input type=password>" + form(FIELDS),
    "a password of the form, put elsewhere": form(FIELDS) + "<input form=f type=password>" + SENT,
    "a refresh beside a password": '<meta http-equiv=refresh content="0;url=/next"><input type=password>',
    "a choice of profile": form("<button name=profil value=parent>Parent</button>") + SENT,
    "a button that is listened to": form(FIELDS + "<button id=b>Oui</button>")
    + "<script>b.addEventListener('click', () => b.form.submit())</script>",
    "a way to cancel": "<script src=a.js></script><noscript>Bonjour</noscript>" + form("<button>Annuler</button>"),
    "a way to cancel, as an input": "<script src=a.js></script><noscript>Bonjour</noscript>"
    + form("<input type=submit value=Annuler>"),
    "a form in a template": f"<template>{form(FIELDS)}</template>{SENT}",
    "data that speaks of a click": form(FIELDS) + "<script type=application/json>{'a': 'click ('}</script>",
    "a button outside any form": "<button>Ouvrir</button>" + form(FIELDS) + SENT,
    "two forms that could be sent": form(FIELDS) + form("", "/langue") + SENT,
    "a form for those without scripts": f"<noscript>{form(FIELDS)}</noscript>{SENT}",
    "a script for those without scripts": f"{form(FIELDS)}<noscript><p>submit()</p></noscript>",
    "a refresh that leaves time to read": '<meta http-equiv=refresh content="30;url=/next">',
    "a refresh of the page itself": '<meta http-equiv=refresh content="0">',
    "a refresh for those without scripts": '<noscript><meta http-equiv=refresh content="0;url=/next"></noscript>',
    "a login form that is refreshed": '<meta http-equiv=refresh content="0;url=/next">' + form("<input name=user>"),
    "an address that is none": form("", "https://[") + SENT,
    "an address of another kind": form("", "javascript:void(0)") + SENT,
    "nothing": "",
    "text": "Bonjour",
    "markup gone wrong": "<![if <form <<>< action=",
    "markup that the parser gives up on": "<![" * 50,
    "bytes": "\x00\ufffd",
}


@pytest.mark.parametrize("page", WAITS.values(), ids=WAITS.keys())
def test_a_page_for_a_person_is_where_it_ends(page: str) -> None:
    assert onward(page.encode(), HERE) is None


def test_bytes_that_are_no_text_are_no_way_on() -> None:
    assert onward(b"\xff\xfe\x00<form\xff", HERE) is None


@pytest.mark.parametrize(
    "piece", ["<a ", "<a b='", "<!--", "<", "</a ", "<?", "<!d", "<a =", "&#", "<script>", "<a b='>", "x"]
)
def test_no_page_takes_long_to_read(piece: str) -> None:
    body = (piece * 65536)[:65536].encode()
    began = time.thread_time()

    assert onward(body, HERE) is None
    assert time.thread_time() - began < 1
