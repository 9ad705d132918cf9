"""The journal of a period as a page with pictures, to be opened, mailed and printed."""

from aiguilleur.report.page import Told, page, policy, render, told
from aiguilleur.report.series import Names

__all__ = ["Names", "Told", "page", "policy", "render", "told"]
