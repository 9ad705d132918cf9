"""What to tell a family, and what to check, for every reason, page and state: one catalogue for all who help."""

from aiguilleur.support.catalogue import Account, Advice, Catalogue, Page, catalogue
from aiguilleur.support.markdown import as_markdown
from aiguilleur.support.sheet import as_sheet

__all__ = ["Account", "Advice", "Catalogue", "Page", "as_markdown", "as_sheet", "catalogue"]
