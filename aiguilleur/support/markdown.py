"""The catalogue as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable

from aiguilleur.support.catalogue import Catalogue

_HEAD = """# Support

What each page, reason and state means, what to tell the family, and what to check. In French, as it is said on the
phone; operators find the same in English below. Made by `aiguilleur support --markdown`, from
`aiguilleur/support/catalogue.yaml`.
`aiguilleur support NAME`, or what stands at the top of the page in any of its languages, prints one entry;
`aiguilleur support --html FILE` makes one sheet to print.

Demande d'assistance de l'établissement : mot-clé « {keyword} », produit « {product} ».

{chrome}

## Ce que la famille voit
"""


def as_markdown(told: Catalogue) -> str:
    """docs/support.md."""
    said = told.accounts
    pages = [
        (" / ".join(page.titles), page.means.fr, f"« {page.family} »", page.check.fr) for page in told.pages.values()
    ]
    reasons = [
        (f"`{name}`", each.means.fr, f"« {said[each.account]} »", each.check.fr) for name, each in told.reasons.items()
    ]
    states = [(f"`{name}`", each.means.fr, each.check.fr) for name, each in told.states.items()]
    english = [
        *((f"`{name}`", each.means.en, each.check.en) for name, each in told.reasons.items()),
        *((f"`{name}`", each.means.en, each.check.en) for name, each in told.states.items()),
    ]
    in_english = [(" / ".join(page.titles), page.means.en, page.check.en) for page in told.pages.values()]
    french = ("ce que cela veut dire", "à vérifier")
    parts = (
        _HEAD.format(**told.helpdesk.model_dump()),
        *_table(("en haut de la page", french[0], "à dire à la famille", french[1]), pages),
        "\n## Les raisons du journal\n",
        *_table(("`reason`", french[0], "à dire du compte, si l'état n'est pas connu", french[1]), reasons),
        "\n## L'état des sondes\n",
        *_table(("dans `/readyz`", *french), states),
        "\n---\n\n# Support (English)\n",
        *_table(("at the top of the page", "what it means", "what to check"), in_english),
        "",
        *_table(("`reason`, or state of a probe", "what it means", "what to check"), english),
    )
    return "\n".join(parts) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = (head, ("---",) * len(head), *rows)
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]
