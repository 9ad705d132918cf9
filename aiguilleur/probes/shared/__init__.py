"""What the nodes of one service know together, in Redis or Valkey; losing it costs probes, never an error."""

from aiguilleur.probes.shared.breakers import SharedBreakers
from aiguilleur.probes.shared.model import Kept, Place, StoreHealth, StoreState, Trouble, place_of
from aiguilleur.probes.shared.store import Store

__all__ = ["Kept", "Place", "SharedBreakers", "Store", "StoreHealth", "StoreState", "Trouble", "place_of"]
