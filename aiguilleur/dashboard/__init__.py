"""The report as it stands now, and the look-up of a visit by its code, for those who answer families."""

from aiguilleur.dashboard.app import create_dashboard
from aiguilleur.dashboard.readings import Desk, Readings
from aiguilleur.dashboard.server import serve

__all__ = ["Desk", "Readings", "create_dashboard", "serve"]
