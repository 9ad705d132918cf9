from __future__ import annotations

import pytest

from aiguilleur.sandbox import SchoolSite, World
from tests.sandbox.visitor import Visitor

SCHOOLS = (
    SchoolSite("clg-rochat-rousses", "Collège Rochat", "besancon", "Les Rousses"),
    SchoolSite("lyc-lpergaud-besancon", "Lycée Louis Pergaud", "besancon", "Besançon"),
    SchoolSite("clg-cperceret-semur-en-auxois", "Collège Christiane Perceret", "dijon", "Semur-en-Auxois"),
)
LINKS = {
    "teleservices": "http://aiguilleur.academie.localhost:{port}/vers/teleservices/{etab}?de=eclat",
    "teleservices_public": "http://aiguilleur.academie.localhost:{port}/vers/teleservices/{etab}",
    "ent": "http://aiguilleur.academie.localhost:{port}/vers/ent?etab={etab}&de=scolarite",
}


@pytest.fixture
def world() -> World:
    return World(8000, SCHOOLS, LINKS)


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(world)
