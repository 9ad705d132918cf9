"""Other people's systems, simulated: guichets, portals and services; aiguilleur runs among them as in production."""

from __future__ import annotations

from aiguilleur.sandbox.commons import SchoolSite
from aiguilleur.sandbox.saml import IdentityProvider
from aiguilleur.sandbox.server import Server, free_port, serve
from aiguilleur.sandbox.sso import educonnect_provider
from aiguilleur.sandbox.switches import Mode, Switches
from aiguilleur.sandbox.world import World

__all__ = [
    "IdentityProvider",
    "Mode",
    "SchoolSite",
    "Server",
    "Switches",
    "World",
    "educonnect_provider",
    "free_port",
    "serve",
]
