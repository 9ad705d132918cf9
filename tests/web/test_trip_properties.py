"""Whatever the rules and whatever comes back from the sources: every visit ends, and never outside the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from aiguilleur.core import matchers as m
from aiguilleur.core.decision import Policy, Rule
from aiguilleur.core.model import Discover, Reason, Redirect
from aiguilleur.journal import Journal
from aiguilleur.probes import Runner
from aiguilleur.web.service import install, running_in
from tests.passive import Passive, Posted, trip_of
from tests.web.conftest import MARCH
from tests.web.test_properties import CLOSED, SETTINGS, SOURCES, app, is_our_own, tables

LINK = "/vers/teleservices/clg-rochat-rousses"
PUBLIC = SETTINGS.site.public_url
PROBES = {
    probe.id: probe
    for index, source in enumerate(SOURCES)
    for probe in (
        Passive(f"{source}-get", source, f"https://source{index}.example/passive"),
        Posted(f"{source}-post", source, f"https://source{index}.example/posted"),
    )
}
#: What a trip ends with: an answer, none, another's, the same twice, or a refusal to leave at all.
ends = st.sampled_from(["yes", "no", "perhaps", "nonsense", "twice", "swapped", "stray", "refused"])
worlds = st.fixed_dictionaries({probe: st.none() | ends for probe in PROBES})

__all__ = ["app"]


def gate(world: Mapping[str, str | None]) -> dict[str, Reason]:
    return {name: Reason.UNPROVEN for name, end in world.items() if end == "refused"}


def returned(client: FlaskClient, location: str, world: Mapping[str, str | None]) -> TestResponse:
    trip, back = trip_of(location)
    path, name = back.removeprefix(PUBLIC), back.rpartition("/")[2]
    end = world[name] or "no"
    if end == "swapped":
        path = path.replace("-get", "-x").replace("-post", "-get").replace("-x", "-post")
    params = {"id": "0" * 32 if end == "stray" else trip, "session": "yes" if end == "twice" else end}
    for _ in range(2 if end == "twice" else 1):
        response = client.post(path, data=params) if path.endswith("-post") else client.get(path, query_string=params)
    return response


@hypothesis_settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(tables, worlds, st.integers(0, 4))
def test_every_visit_ends_inside_the_configuration_after_few_trips(
    app: Flask,
    table: list[tuple[tuple[m.Matcher, ...], Redirect | Discover]],
    world: dict[str, str | None],
    max_legs: int,
) -> None:
    running = running_in(app)
    assert running is not None
    front = {name: PROBES[name] for name, end in world.items() if end}
    refs = {source: tuple(p.ref for p in front.values() if p.source == source) for source in SOURCES}
    rules = tuple(Rule(f"r{index}", when, then) for index, (when, then) in enumerate(table))
    policy = Policy(rules, Discover(SOURCES), refs, max_legs=max_legs)
    settings = replace(
        SETTINGS,
        site=replace(SETTINGS.site, journal=(), state_dir=None),
        policies=dict.fromkeys(SETTINGS.targets, policy),
    )
    runner = Runner({}, gate=gate(world).get)
    install(
        app.extensions,
        replace(running, settings=settings, runner=runner, journal=Journal(), front=front, now=lambda: MARCH),
    )
    client = app.test_client()
    response, left_for = client.get(LINK), []
    while response.status_code == 303:
        location = response.location
        if location.startswith("https://source"):
            left_for.append(trip_of(location)[1])
            response = returned(client, location, world)
        elif location.startswith(PUBLIC):
            assert is_our_own(location), location
            response = client.get(location.removeprefix(PUBLIC))
        else:
            assert location in CLOSED
            break

    assert response.status_code in (200, 303)
    assert len(left_for) <= max_legs
    assert len(set(left_for)) == len(left_for)
