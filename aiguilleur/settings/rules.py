"""Rules: `each` expanded, conditions built from the table of matchers, one policy for each target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from aiguilleur.core import matchers
from aiguilleur.core.decision import Policy, Rule
from aiguilleur.core.matchers import MATCHER_KINDS, Matcher
from aiguilleur.core.model import Discover, Outcome, Redirect, Sources
from aiguilleur.core.verdict import HIT, MAY, MISS, Verdict, every, inverse, some
from aiguilleur.settings import schema
from aiguilleur.settings.context import RULES, Context
from aiguilleur.settings.kinds import typed
from aiguilleur.settings.notes import did_you_mean
from aiguilleur.settings.reader import Place


def policies(context: Context, raw: schema.RawRules, max_legs: int) -> dict[str, Policy]:
    """The table of each target, without the rules that could never answer for it."""
    rules = list(_rules(context, raw))
    default = Discover(_offered(context, ("default", "discover"), raw.default.discover))
    probes = {source.id: tuple(probe.ref for probe in source.probes) for source in context.sources.values()}
    folded = frozenset(source.id for source in context.sources.values() if source.set_apart)
    return {
        target: Policy(tuple(rule for rule in rules if _concerns(rule, target)), default, probes, folded, max_legs)
        for target in context.targets
    }


def _rules(context: Context, raw: schema.RawRules) -> Iterator[Rule]:
    names = {"default"}
    for index, each in enumerate(raw.rules):
        if each.id in names:
            taken = "is what the journal calls no rule" if each.id == "default" else "is there twice"
            context.wrong(RULES, ("rules", index, "id"), f"rule '{each.id}' {taken}")
        names.add(each.id)
        yield from _expanded(context, ("rules", index), each)


def _expanded(context: Context, here: Place, raw: schema.RawRule) -> Iterator[Rule]:
    if raw.each is None:
        yield from _rule(context, here, raw, raw.id, None)
        return
    known = {"source": tuple(context.sources), **context.members}
    context.refer(RULES, (*here, "each"), "group", raw.each, known)
    for member in known.get(raw.each, ()):
        for rule in _rule(context, here, raw, f"{raw.id}[{member}]", member):
            if not _waits_for_the_rare(context, rule):
                yield rule


def _waits_for_the_rare(context: Context, rule: Rule) -> bool:
    """Whether it holds where nothing is open but sources that `only` does not count: never."""
    alone = [set(each.only.members) for each in rule.when if isinstance(each, matchers.Only)]
    return any(all(context.sources[name].set_apart for name in members) for members in alone)


def _rule(context: Context, here: Place, raw: schema.RawRule, name: str, source: str | None) -> Iterator[Rule]:
    built = [_matcher(context, (*here, "when", at), _filled(each, source)) for at, each in enumerate(raw.when)]
    then = _outcome(context, (*here, "then"), raw.then, source)
    when = tuple(matcher for matcher in built if matcher is not None)
    document = context.documents[RULES]
    if then is not None and len(when) == len(built):
        yield Rule(name, when, then, f"{document.name}:{document.line(here)}", raw.shadow)


def _outcome(context: Context, place: Place, raw: schema.RawThen, source: str | None) -> Outcome | None:
    if (raw.redirect is None) == (raw.discover is None):
        context.wrong(RULES, place, "write one of redirect: SOURCE or discover: [SOURCE, …]")
        return None
    if raw.discover is not None:
        return Discover(_offered(context, (*place, "discover"), _filled(list(raw.discover), source)))
    name = _filled(raw.redirect, source)
    if context.members.get(name) == (name,):
        return Redirect(name)
    if context.members.get(name):
        context.wrong(RULES, (*place, "redirect"), f"'{name}' is a group; use each:")
    else:
        names = [*context.sources, *(each for each, of in context.members.items() if not of)]
        context.refer(RULES, (*place, "redirect"), "source", name, names)
    return None


def _offered(context: Context, place: Place, names: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    for index, name in enumerate(names):
        context.refer(RULES, (*place, index), "source", name, context.members)
    return tuple(dict.fromkeys(source for name in names for source in context.members.get(name, ())))


def _matcher(context: Context, place: Place, raw: Any) -> Matcher | None:
    if not isinstance(raw, dict) or not raw:
        context.wrong(RULES, place, "is not a condition, as {source: educonnect, is: active}")
        return None
    name = next((key for key in raw if key in MATCHER_KINDS), None)
    if name is None:
        key = next((key for key in raw if key != "is"), "is")
        context.wrong(RULES, (*place, key), did_you_mean("condition", key, MATCHER_KINDS), key=True)
        return None
    kind = MATCHER_KINDS[name]
    hints = get_type_hints(kind, vars(matchers))
    wanted = {each.name.rstrip("_"): each.name for each in fields(kind)}  # type: ignore[arg-type]
    before = len(context.notes.problems)
    for key in raw.keys() - wanted.keys():
        context.wrong(RULES, (*place, key), did_you_mean("key", key, wanted), key=True)
    for key in wanted.keys() - raw.keys():
        context.wrong(RULES, place, f"'{name}' needs '{key}' as well")
    values = {
        field: _value(context, (*place, key), hints[field], raw[key]) for key, field in wanted.items() if key in raw
    }
    if len(context.notes.problems) > before:
        return None
    _mention(context, name, raw[name], (*place, name))
    return kind(**values)


def _value(context: Context, place: Place, hint: Any, raw: Any) -> Any:
    if hint is Sources:
        context.refer(RULES, place, "source", str(raw), context.members)
        return Sources(str(raw), context.members.get(str(raw), ()))
    if hint is Matcher:
        return _matcher(context, place, raw)
    if get_args(hint)[:1] == (Matcher,):
        if not isinstance(raw, list) or not raw:
            context.wrong(RULES, place, "is not a list of conditions")
            return ()
        return tuple(_matcher(context, (*place, index), each) for index, each in enumerate(raw))
    return typed(context, RULES, place, hint, raw)


def _mention(context: Context, kind: str, value: Any, place: Place) -> None:
    """What a condition names must exist, or be looked for from now on."""
    schools = context.directory.schools.values()
    match kind:
        case "cookie" | "referer":
            _look_for(context, kind, value, place)
        case "entry":
            context.refer(RULES, place, "entry", value, context.entries)
        case "target":
            context.refer(RULES, place, "target", value, context.target_names)
        case "etab":
            context.refer_to_schools(RULES, place, "school", value, context.directory.schools)
        case "academy":
            context.refer_to_schools(RULES, place, "académie", value, (school.academy for school in schools))
        case "between" if str(value[1]) < str(value[0]):
            context.wrong(RULES, place, f"ends on {value[1]}, before it begins on {value[0]}")


def _look_for(context: Context, kind: str, value: str, place: Place) -> None:
    shape, called, looked_for = {
        "cookie": (schema.COOKIE_NAME, "a cookie's name", context.cookies),
        "referer": (schema.HOST, "a host", context.referers),
    }[kind]
    if re.fullmatch(shape, value):
        looked_for.add(value)
    else:
        context.wrong(RULES, place, f"'{value[:80]}' is not {called}")


def _filled(raw: Any, source: str | None) -> Any:
    """A raw value with `{source}` replaced, at any depth."""
    if isinstance(raw, str) and source is not None:
        return raw.replace("{source}", source)
    if isinstance(raw, Mapping):
        return {key: _filled(value, source) for key, value in raw.items()}
    return [_filled(value, source) for value in raw] if isinstance(raw, list) else raw


def _concerns(rule: Rule, target: str) -> bool:
    """Whether a rule may ever answer for this target."""
    return every(_about(each, target) for each in rule.when) is not MISS


def _about(matcher: Matcher, target: str) -> Verdict:
    """How a condition stands when nothing but the target is known."""
    match matcher:
        case matchers.Target(wanted):
            return HIT if wanted == target else MISS
        case matchers.All(parts):
            return every(_about(part, target) for part in parts)
        case matchers.Any(parts):
            return some(_about(part, target) for part in parts)
        case matchers.Not(part):
            return inverse(_about(part, target))
        case _:
            return MAY
