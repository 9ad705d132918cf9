"""The journal of a period as a page with pictures, to be opened, mailed and printed."""

from aiguilleur.report.page import page, policy, render
from aiguilleur.report.series import Names

__all__ = ["Names", "page", "policy", "render"]
