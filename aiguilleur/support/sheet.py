"""The catalogue as one sheet of paper for whoever answers the phone."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from aiguilleur.support.catalogue import Account, Catalogue

_STYLE = """
@page { size: A4 landscape; margin: 8mm }
body { margin: 0 auto; max-width: 277mm; font: 7.4pt/1.22 system-ui, 'DejaVu Sans', sans-serif; color: #111;
  background: #fff }
h1 { margin: 0 0 1mm; font-size: 12pt } h2 { margin: 1.5mm 0 .5mm; font-size: 8.5pt } p { margin: 0 0 1mm }
.columns { display: grid; grid-template-columns: 3fr 2fr; gap: 4mm } table { width: 100%; border-collapse: collapse }
th, td { padding: .35mm 1mm; border-bottom: .2mm solid #999; text-align: start; vertical-align: top }
thead th { border-color: #111 }
@media screen { body { padding: 1rem; font-size: 10pt } }
"""
_PAGE = Markup(
    '<!doctype html>\n<html lang="fr"><head><meta charset="utf-8"><title>Aide-mémoire de l’assistance</title>\n'
    "<style>{style}</style></head>\n<body><main><h1>L’aiguilleur : que dire à la famille ?</h1>\n"
    "<p>Demandez d’abord le code de six lettres, en bas de la page : <b>aiguilleur journal show CODE</b> raconte la "
    "visite. Sans code : « Aide au dépannage », en bas de chaque page. Demande d’assistance : mot-clé « "
    "<b>{keyword}</b> », produit « <b>{product}</b> ».</p>\n<p>{chrome}</p>\n"
    '<div class="columns"><section><h2>Ce que la famille voit</h2>{pages}</section>'
    "<section><h2>Ce que dit le journal</h2>{accounts}</section></div></main></body></html>\n"
)
_ROW = Markup("<tr>{}</tr>\n")
_CELL, _HEAD = Markup("<td>{}</td>"), Markup('<th scope="{}">{}</th>')
#: Found without a doubt, or told by the page itself.
_PLAIN = frozenset({Account.ACTIVE, Account.INACTIVE, Account.THROUGH_BROWSER, Account.NOT_NEEDED})


def as_sheet(told: Catalogue) -> str:
    """One page of HTML by itself: A4, landscape, in French."""
    pages = [(page.title, page.means.fr, page.family) for page in told.pages.values()]
    accounts = [
        (", ".join(name for name, each in told.reasons.items() if each.account is account) or account, said)
        for account, said in told.accounts.items()
        if account not in _PLAIN
    ]
    return str(
        _PAGE.format(
            style=Markup(_STYLE),  # noqa: S704 (ours, and the same always)
            pages=_table(("En haut de la page", "Ce que cela veut dire", "À dire"), pages),
            accounts=_table(("Raison", "À dire du compte"), accounts),
            **told.helpdesk.model_dump(),
        )
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Markup:
    top = _ROW.format(Markup().join(_HEAD.format("col", name) for name in head))
    body = (
        _ROW.format(_HEAD.format("row", row[0]) + Markup().join(_CELL.format(escape(cell)) for cell in row[1:]))
        for row in rows
    )
    return Markup("<table><thead>{}</thead><tbody>{}</tbody></table>").format(top, Markup().join(body))
