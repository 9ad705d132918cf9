"""How a decision is printed for operators: the table of rules, what it came to, and what today's rules would do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from aiguilleur.core.explain import Explanation, as_json, explain, lines, sentence
from aiguilleur.core.model import Ask, Discover, Facts, Redirect, Step
from aiguilleur.errors import SettingsError
from aiguilleur.journal import JournalEntry, config_path, facts_of
from aiguilleur.journal.readable import findings_table, heading
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


_OVERRULED = (
    "The page to choose from was shown all the same: it was asked for, or the visit was repeated, refused, "
    "on a shared computer, or for an account that is not open."
)


@dataclass(frozen=True, slots=True)
class Trace:
    """One recorded decision, judged again by the rules of its day and by today's."""

    entry: JournalEntry
    facts: Facts
    then: Explanation
    now: Explanation
    #: Whether the rules of that day could be read; else `then` is by today's.
    kept: bool
    settings: Settings

    def text(self) -> str:
        """The table and the sentences, as DESIGN 11 draws them."""
        address = f" {self.entry.host}" if self.entry.host else ""
        return "\n".join(
            (
                heading(self.entry, self.settings.site.zone),
                "",
                *lines(self.then),
                *(("", *findings_table(self.entry)) if self.entry.findings else ()),
                "",
                f" → {self.entry.status}{address}   {self.entry.ms} ms in all",
                f"   {sentence(self.then, self.facts)}",
                *((f"   {self._overruled()}",) if self._overruled() else ()),
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

    def _overruled(self) -> str:
        """What was done instead of what the rules say: a page of ours looks at more than the rules do."""
        recorded = (self.entry.outcome, self.entry.source)
        said = (type(self.then.step).__name__.lower(), getattr(self.then.step, "source", ""))
        if not self.kept or not self.entry.outcome or recorded == said:
            return ""
        return _OVERRULED

    def _today(self) -> str:
        if isinstance(self.now.step, Ask):
            return f"would ask {named(self.now.step)} first"
        if self.now.step == self.then.step:
            return "the same"
        return f"{named(self.now.step)} ({self.now.rule})"


def trace_of(entry: JournalEntry, settings: Settings) -> Trace:
    """A journal entry's decision, judged again by the one evaluator."""
    old = _rules_of(entry, settings)
    school = settings.directory.schools.get(entry.etab)
    facts = facts_of(entry, school, settings.site.zone)
    target = facts.target if facts.target in settings.targets else next(iter(settings.targets))
    then = old or settings
    return Trace(
        entry=entry,
        facts=facts,
        then=explain(facts, then.policies.get(facts.target) or settings.policies[target]),
        now=explain(facts, settings.policies[target]),
        kept=old is not None,
        settings=settings,
    )


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
        return load(folder)[0] if folder else None
    except SettingsError:
        return None
