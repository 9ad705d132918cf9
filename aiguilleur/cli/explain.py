"""`aiguilleur explain`: which rule would answer, and why, by the same evaluator as a request."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import click

from aiguilleur import signals
from aiguilleur.cli.files import files_of, journal_option
from aiguilleur.cli.folder import config_option, settings_of
from aiguilleur.cli.named import known
from aiguilleur.cli.trace import print_trace, told, trace_of
from aiguilleur.core.explain import as_json
from aiguilleur.core.explain import explain as explained
from aiguilleur.core.model import Arrival, Channel, Facts, Finding, ProbeRef, Reason, SessionState, Signals
from aiguilleur.errors import JournalError
from aiguilleur.journal import normal_code
from aiguilleur.journal.scale import find_code
from aiguilleur.settings.model import Settings


@click.command()
@click.argument("target", required=False)
@click.option("--etab", help="The school: its name in the portal's address, or its UAI.")
@click.option(
    "--source", "states", multiple=True, metavar="ID=STATE", help="Suppose a session: active, inactive, unknown."
)
@click.option(
    "--cookie",
    "cookies",
    multiple=True,
    metavar="NAME",
    help="Suppose this cookie is there; NAME=blank for a blank one.",
)
@click.option("--referer", metavar="HOST", help="The host of the page that holds the link.")
@click.option("--entry", help="Where the link stands (?de=).")
@click.option("--arrival", type=click.Choice([str(each) for each in Arrival]), default=str(Arrival.NONE))
@click.option("--choice", help="The source chosen.")
@click.option("--remembered", help="The source remembered.")
@click.option("--at", "at", metavar="DATE", help="The day, or the instant, of the visit (default: now).")
@click.option("--code", help="Explain a visit of the journal instead.")
@journal_option
@click.option("--json", "as_json_", is_flag=True, help="For a machine.")
@config_option
def explain(
    folder: Path, target: str | None, code: str | None, given: tuple[Path, ...], as_json_: bool, **supposed: Any
) -> None:
    """Print how each rule would stand, and the outcome.

    Without --source, a rule that would need to ask is marked with « ~ ».
    """
    settings = settings_of(folder)
    if code:
        _explain_code(settings, code, given, as_json_)
        return
    if target is None or target not in settings.targets:
        raise click.UsageError(f"say a target: {', '.join(settings.targets)}")
    facts = _facts(settings, target, **supposed)
    if as_json_:
        click.echo(json.dumps(as_json(explained(facts, settings.policies[target])), ensure_ascii=False, indent=2))
        return
    click.echo(f"{settings.targets[target].name} · {told(facts)} · rules {settings.digest[:6]}\n")
    print_trace(facts, settings)


#: A code recurs a few times a year; more of them than this on one screen help nobody.
_MOST = 20


def _explain_code(settings: Settings, code: str, given: tuple[Path, ...], as_json_: bool) -> None:
    name = normal_code(code)
    if name is None:
        raise click.UsageError(f"'{code}' is not a code: six letters, as KOVATI")
    try:
        entries = list(find_code(name, files_of(settings, given), _MOST))
    except JournalError as error:
        click.echo(f"{error}.", err=True)
        raise click.exceptions.Exit(1) from error
    if not entries:
        click.echo(f"No visit has the code {name} in the journal.", err=True)
        raise click.exceptions.Exit(1)
    for index, entry in enumerate(entries):
        if as_json_:
            click.echo(json.dumps(trace_of(entry, settings).as_json(), ensure_ascii=False))
        else:
            click.echo(("\n" if index else "") + trace_of(entry, settings).text())


def _facts(settings: Settings, target: str, **given: Any) -> Facts:
    site = settings.site
    at = instant(given["at"], settings)
    school = settings.directory.find(given["etab"])
    if given["etab"] and school is None:
        raise click.UsageError(f"unknown school '{given['etab']}'")
    day = at.astimezone(site.zone).date()
    for option in ("choice", "remembered"):
        known(given[option], settings.sources, f"--{option}")
    known(given["entry"], site.entries, "--entry")
    hosts = (*sorted(site.referers), *site.portals)
    seen = Signals(
        choice=given["choice"],
        remembered=given["remembered"],
        entry=given["entry"],
        arrival=Arrival(given["arrival"]),
        referer_host=signals.matching_host(given["referer"], hosts),
        cookies=frozenset(given["cookies"]),
    )
    facts = Facts(
        target=target,
        school=school,
        at=at,
        day=day,
        open=settings.open_sources(target, school, day),
        ill=settings.ill_sources(at),
        signals=seen,
    )
    return facts.learn(*_presumed(settings, given["cookies"]), *_supposed(settings, given["states"]))


def _presumed(settings: Settings, cookies: tuple[str, ...]) -> list[Finding]:
    values = {name.removesuffix("=blank"): "" if name.endswith("=blank") else "present" for name in cookies}
    presumptions = [each for source in settings.sources.values() for each in source.presume]
    return list(signals.presumed(presumptions, values))


def _supposed(settings: Settings, states: tuple[str, ...]) -> list[Finding]:
    findings = []
    for text in states:
        source, _, state = text.partition("=")
        known(source, settings.sources, "--source")
        if state not in set(SessionState):
            raise click.UsageError(f"--source {text}: the state is one of {', '.join(SessionState)}")
        probes = [probe.ref for probe in settings.sources[source].probes] or [
            ProbeRef("supposed", source, Channel.BACK)
        ]
        reason = Reason.ANSWER if state != SessionState.UNKNOWN else Reason.PARSE
        findings += [Finding(source, SessionState(state), probe.channel, probe.id, reason) for probe in probes]
    return findings


def instant(text: str | None, settings: Settings) -> datetime:
    """The instant that `--at` means: now, a day at noon, or a time of the configured zone."""
    if text is None:
        return datetime.now(UTC)
    try:
        meant = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--at {text}: write 2021-03-15 or 2021-03-15T10:42") from error
    if len(text) == len("2021-03-15"):
        meant = datetime.combine(meant.date(), time(12))
    return meant if meant.tzinfo else meant.replace(tzinfo=settings.site.zone)
