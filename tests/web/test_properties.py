"""Whatever the rules, the answers of the sources and the request: no 5xx, and no `Location` outside the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aiguilleur.core import matchers as m
from aiguilleur.core.decision import Policy, Rule
from aiguilleur.core.model import (
    Arrival,
    Channel,
    Discover,
    Finding,
    ProbeRef,
    Reason,
    Redirect,
    SessionState,
    Sources,
)
from aiguilleur.journal import Journal
from aiguilleur.probes import Forwarded, Runner
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.service import install, running_in
from tests.builders import asked_anew
from tests.conftest import ROOT
from tests.web.conftest import KEY, MARCH

#: The id of a trip is drawn by us.
_TRIP = re.compile(r"[?&]trajet=[0-9a-f]{32}$")
SETTINGS, _ = load(ROOT / "config")
SOURCES = tuple(SETTINGS.sources)
HOST = urlsplit(SETTINGS.site.public_url).netloc
#: Every address that these settings can give, written out.
CLOSED = frozenset(
    target.address(source, school, page)
    for target in SETTINGS.targets.values()
    for source, address in target.urls.items()
    for school in (None, *SETTINGS.directory.schools.values())
    for page in (None, *target.pages)
    if school or not address.needs_etab
)


@dataclass(frozen=True)
class Told:
    """A source that says what the world of this example has it say."""

    ref: ProbeRef
    state: SessionState
    reason: Reason

    def sends(self, cookies: Mapping[str, str], forwarded: Forwarded) -> tuple[str, ...]:
        return asked_anew()

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        return Finding(self.ref.source, self.state, Channel.BACK, self.ref.id, self.reason)


answers = st.one_of(
    st.tuples(st.sampled_from([SessionState.ACTIVE, SessionState.INACTIVE]), st.just(Reason.ANSWER)),
    st.tuples(st.just(SessionState.UNKNOWN), st.sampled_from([Reason.DEADLINE, Reason.PARSE, Reason.TLS])),
)
worlds = st.fixed_dictionaries({source: st.none() | answers for source in SOURCES})
names = st.sampled_from(SOURCES).map(lambda name: Sources(name, (name,)))
conditions = st.one_of(
    st.builds(m.SourceIs, names, st.sampled_from(SessionState)),
    st.builds(m.Not, st.builds(m.SourceIs, names, st.sampled_from(SessionState))),
    st.builds(m.Only, names),
    st.builds(m.Choice, names),
    st.builds(m.Remembered, names),
    st.builds(m.Entry, st.sampled_from(sorted(SETTINGS.site.entries))),
    st.builds(m.ArrivalIs, st.sampled_from(Arrival)),
)
outcomes = st.one_of(
    st.builds(Redirect, st.sampled_from(SOURCES)),
    st.builds(Discover, st.lists(st.sampled_from(SOURCES), min_size=1, unique=True).map(tuple)),
)
tables = st.lists(st.tuples(st.lists(conditions, max_size=2).map(tuple), outcomes), max_size=5)

HOSTILE = (
    "//evil.example",
    "https://evil.example/",
    "\\evil.example",
    "../..",
    "%0d%0aLocation:x",
    "{etab}",
    "é\u202e",
    "a" * 900,
)
etabs = st.sampled_from(
    ["clg-rochat-rousses", "CLG-ROCHAT-ROUSSES.eclat-bfc.fr", "lyc-lamartine-macon", "clg-inconnu", *HOSTILE]
)
words = st.sampled_from(["teleservices", "ent", *SOURCES, "eclat", "affiche", "1", *HOSTILE])
headers = st.fixed_dictionaries(
    {},
    optional={
        "Sec-Fetch-Site": st.sampled_from(["none", "same-site", "cross-site", "same-origin", "?"]),
        "Sec-Fetch-User": st.just("?1"),
        "Sec-Fetch-Dest": st.sampled_from(["document", "iframe", "image", "empty"]),
        "Referer": st.sampled_from(
            ["https://clg-rochat-rousses.eclat-bfc.fr/sg.do", "https://[", "android-app:x", "https://evil.example"]
        ),
        "Cookie": st.sampled_from(
            ["CTSESSION=x", "CTSESSION=; ACTSESSION=%20", "CTSESSION=a; CTSESSION=b", "=;;=", "a" * 12_000]
        ),
        "Host": st.sampled_from([HOST, "evil.example", *SETTINGS.site.mire_hosts]),
        "X-Forwarded-Host": st.just("evil.example"),
    },
)
links = st.builds(
    "/vers/{}/{}".format, st.sampled_from(["teleservices", "ent"]), st.sampled_from(sorted(SETTINGS.directory.schools))
)
paths = st.one_of(
    st.builds("/vers/{}".format, words),
    st.builds("/mire/{}".format, etabs),
    st.builds("/vers/ent/{}".format, etabs),
    st.builds("/diagnostic/{}".format, etabs),
    st.builds("/annonce/{}".format, etabs),
    st.sampled_from(
        [
            *("/mire", "/diagnostic", "/annonce", "/oublier", "/quitter", "/choix", "/"),
            *("//evil.example/vers/ent", "/vers//ent", "/readme.html"),
        ]
    ),
    st.builds("/{}".format, etabs),
)
#: Mostly what people do, and sometimes what nobody should.
requests = st.one_of(
    st.tuples(st.just("GET"), links),
    st.tuples(st.just("GET"), links),
    st.tuples(st.just("GET"), paths),
    st.tuples(st.just("POST"), st.sampled_from(["/choix", "/oublier"])),
    st.tuples(st.sampled_from(["GET", "POST", "HEAD", "PUT"]), st.one_of(paths, links)),
)
queries = st.fixed_dictionaries(
    {},
    optional={
        "etab": etabs,
        "cherche": st.one_of(etabs, st.text(max_size=30)),
        "vers": st.sampled_from(["teleservices", "ent", HOSTILE[0]]),
        "source": st.sampled_from([*SOURCES, HOSTILE[1]]),
        "de": st.sampled_from(["eclat", "affiche", HOSTILE[2]]),
        "page": words,
    },
)


@pytest.fixture(scope="module")
def app() -> Flask:
    site = replace(SETTINGS.site, journal=(), state_dir=None)
    return create_app(replace(SETTINGS, site=site), (KEY,), now=lambda: MARCH)


def arranged(table: list[tuple[tuple[m.Matcher, ...], Redirect | Discover]], probes: Mapping[str, Told]) -> Settings:
    """The shipped settings under other rules, and with other probes."""
    rules = tuple(Rule(f"r{index}", when, then) for index, (when, then) in enumerate(table))
    refs = {source: (probe.ref,) for source, probe in probes.items()}
    policy = Policy(rules, Discover(SOURCES), refs)
    site = replace(SETTINGS.site, journal=(), state_dir=None)
    return replace(SETTINGS, site=site, policies=dict.fromkeys(SETTINGS.targets, policy))


@hypothesis_settings(
    max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(tables, worlds, requests, queries, headers)
def test_no_request_leads_outside_the_configuration_nor_to_an_error_of_ours(
    app: Flask,
    table: list[tuple[tuple[m.Matcher, ...], Redirect | Discover]],
    world: dict[str, tuple[SessionState, Reason] | None],
    request: tuple[str, str],
    query: dict[str, str],
    sent: dict[str, str],
) -> None:
    probes = {
        source: Told(ProbeRef(f"{source}-told", source, Channel.BACK), *answer)
        for source, answer in world.items()
        if answer
    }
    running = running_in(app)
    assert running is not None
    runner = Runner({probe.ref.id: probe for probe in probes.values()})
    install(app.extensions, replace(running, settings=arranged(table, probes), runner=runner, journal=Journal()))
    method, path = request
    form = query if method == "POST" else None
    response = app.test_client(use_cookies=False).open(
        path, method=method, query_string=None if form else query, data=form, headers=sent
    )

    assert response.status_code < 500
    location = response.headers.get("Location")
    if location is None:
        assert response.status_code not in range(300, 400)
        return
    assert location in CLOSED or is_our_own(location), location


def is_our_own(location: str) -> bool:
    """A page of ours on the public host, with a known school, service and entry if any."""
    parts = urlsplit(_TRIP.sub("", location))
    schools = {f"/mire/{etab}" for etab in SETTINGS.directory.schools}
    entries = ("", *(f"&de={entry}" for entry in SETTINGS.site.entries))
    wanted = {f"vers={target}{entry}" for target in SETTINGS.targets for entry in entries}
    known = {"", "inconnu=1", *wanted, *(f"fait=1&{each}" for each in wanted)}
    return (
        (parts.scheme, parts.netloc) == ("https", HOST)
        and parts.path in {"/mire", "/oublier", "/readme.html", "/retour", *schools}
        and parts.query in known | {"fait=1"}
    )
