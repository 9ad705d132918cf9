"""How a decision is printed for operators: the table of rules, what it came to, and what today's rules would do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from aiguilleur.core.decision import DEFAULT_RULE, Policy
from aiguilleur.core.explain import ANSWERS, Explanation, Row, as_json, explain, lines, sentence
from aiguilleur.core.model import Ask, Discover, Facts, Redirect, Step
from aiguilleur.errors import SettingsError
from aiguilleur.journal import Event, JournalEntry, config_path, facts_of
from aiguilleur.journal.readable import conclusion, findings_table, heading
from aiguilleur.router import on_mire
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trace:
    """One recorded decision, judged again by the rules of its day and by today's."""

    entry: JournalEntry
    facts: Facts
    then: Explanation
    now: Explanation
    #: Whether the rules of that day could be read; else `then` is by today's, and only the journal says what they gave.
    kept: bool
    settings: Settings
    #: What answered in the place of the rules; blank when they did.
    aside: str = ""

    def text(self) -> str:
        """The table and the sentences, as DESIGN 11 draws them."""
        findings = findings_table(self.entry)
        return "\n".join(
            (
                heading(self.entry, self.settings.site.zone),
                "",
                *lines(self.then),
                "",
                *((*findings, "") if findings else ()),
                *self._led(),
                *((f"   {note}",) if (note := _note(self.entry, self.settings)) else ()),
                f"   Today's rules: {self._today()}.",
                *(() if self.kept else ("   (The rules of that day are not kept here; today's are shown.)",)),
            )
        )

    def as_json(self) -> dict[str, Any]:
        """The same for a machine."""
        return {
            "code": self.entry.code,
            "recorded": {"outcome": self.entry.outcome, "source": self.entry.source, "rule": self.entry.rule},
            "then": as_json(self.then),
            "today": as_json(self.now),
            "findings": self.entry.as_json().get("findings", []),
            "rules_kept": self.kept,
        }

    def _led(self) -> tuple[str, ...]:
        """Where it led, and why; without the rules of that day, only which of them the journal names."""
        if not self.kept and not self.aside:
            return (conclusion(self.entry),)
        aside = f"{self.aside[:1].upper()}{self.aside[1:]}: the rules were not what answered."
        address = f" {self.entry.host}" if self.entry.host else ""
        return (
            f" → {self.entry.status}{address}   {self.entry.ms} ms in all",
            f"   {aside if self.aside else sentence(self.then, self.facts)}",
        )

    def _is_same(self) -> bool:
        """Whether today's rules lead where this visit was led."""
        if self.kept or self.aside:
            return self.now.step == self.then.step
        match self.now.step:
            case Redirect(source):
                return (self.entry.outcome, self.entry.source) == ("redirect", source)
            case Discover():
                return self.entry.outcome == "discover"
            case Ask():
                return self.entry.outcome == "ask"

    def _today(self) -> str:
        if self._is_same():
            return "the same"
        if isinstance(self.now.step, Ask):
            return f"would {named(self.now.step)} first"
        return f"{named(self.now.step)} ({self.now.rule})"


def trace_of(entry: JournalEntry, settings: Settings) -> Trace:
    """A journal entry's decision, judged again by the one evaluator."""
    old = _rules_of(entry, settings)
    school = settings.directory.schools.get(entry.etab)
    facts = facts_of(entry, school, settings.site.zone)
    target = facts.target if facts.target in settings.targets else next(iter(settings.targets))
    policy, today = (old or settings).policies.get(facts.target) or settings.policies[target], settings.policies[target]
    then, now = explain(facts, policy), explain(facts, today)
    aside = _aside(entry, then if old else None)
    if aside:
        then, now = (_aside_from(entry, facts, each, aside) for each in (policy, today))
    return Trace(entry, facts, then, now, old is not None, settings, aside)


def _aside(entry: JournalEntry, by_rules: Explanation | None) -> str:
    """What answered in the place of the rules, if anything did; `by_rules` is what the rules of that day give."""
    if entry.event is Event.CHOICE:
        return f"a click on the mire chose {entry.source}"
    if entry.event is Event.REFUSED:
        return _refused(entry)
    if entry.event is Event.RETURNED:
        return f"a return from {entry.source} that was not listened to ({entry.findings[0].reason})"
    if by_rules is None or entry.rule != DEFAULT_RULE or by_rules.rule == DEFAULT_RULE:
        return ""
    if entry.again:
        return f"back {entry.again.after_s} s after {entry.again.rule}"
    return "the mire's own address, an unknown school or a shared computer"


def _refused(entry: JournalEntry) -> str:
    chosen = entry.signals.choice
    if entry.source:
        return f"the host name of {entry.source}, which has ended, was asked for"
    return f"{chosen} was chosen and is not open" if chosen and chosen not in entry.open else "framed, or not a click"


def _note(entry: JournalEntry, settings: Settings) -> str:
    """What the visitor was shown beside, or in the place of, what was decided."""
    if entry.event is Event.DIAGNOSED:
        return "This was /diagnostic: it told so, and nobody was sent anywhere."
    if entry.outcome == "redirect" and entry.host == urlsplit(settings.site.public_url).hostname:
        return f"The page that announces the end of {entry.source} was shown first."
    return ""


def _aside_from(entry: JournalEntry, facts: Facts, policy: Policy, why: str) -> Explanation:
    step = Redirect(entry.source) if entry.event is Event.CHOICE else on_mire(facts, policy).step
    return Explanation((Row(ANSWERS, entry.rule, why),), step, entry.rule)


def print_trace(facts: Facts, settings: Settings) -> None:
    """Print the table for these facts, where it leads, and why."""
    explanation = explain(facts, settings.policies[facts.target])
    for line in lines(explanation):
        click.echo(line)
    click.echo(f"\n → {where(explanation.step, facts, settings)}\n   {sentence(explanation, facts)}")


def where(step: Step, facts: Facts, settings: Settings) -> str:
    """Where a step leads: an address, the mire, or who would be asked."""
    if isinstance(step, Redirect):
        target = settings.targets[facts.target]
        if target.urls[step.source].needs_etab and facts.school is None:
            return f"redirect to {step.source} (the address needs --etab)"
        return f"303 {target.address(step.source, facts.school)}"
    return named(step)


def named(step: Step) -> str:
    """A step in a few words."""
    match step:
        case Redirect(source):
            return f"redirect to {source}"
        case Discover(offered):
            return f"the mire: {', '.join(offered) or 'no open source'}"
        case Ask(probes):
            return f"ask {', '.join(probe.id for probe in probes)}"


def told(facts: Facts) -> str:
    """The school and the day, for a heading."""
    school = f"{facts.school.etab} ({facts.school.academy or '?'})" if facts.school else "no school"
    return f"{facts.target} · {school} · {facts.day.day} {_MONTHS[facts.day.month - 1]} {facts.day.year}"


def _rules_of(entry: JournalEntry, settings: Settings) -> Settings | None:
    if entry.policy == settings.digest:
        return settings
    if settings.site.state_dir is None:
        return None
    folder = config_path(Path(settings.site.state_dir), entry.policy)
    try:
        return load(folder, themed_by=folder)[0] if folder else None
    except SettingsError:
        return None
