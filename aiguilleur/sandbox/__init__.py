"""Other people's systems, simulated: guichets, portals and services; aiguilleur runs among them as in production."""

from aiguilleur.sandbox.parts import SchoolSite
from aiguilleur.sandbox.switches import Mode, Switches
from aiguilleur.sandbox.world import Server, World, free_port, serve

__all__ = ["Mode", "SchoolSite", "Server", "Switches", "World", "free_port", "serve"]
