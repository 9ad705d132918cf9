from __future__ import annotations

import plistlib
import re
from configparser import RawConfigParser
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
import segno

from aiguilleur.core.model import Reason, School
from aiguilleur.kit import Case, Kit, Today, desktop_file, kit_of, qr_svg, url_file, webloc_file
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from tests.conftest import ROOT

MARCH, AUTUMN = datetime(2021, 3, 15, 9, tzinfo=UTC), datetime(2021, 9, 10, 9, tzinfo=UTC)
OURS = "https://aiguilleur.ac-besancon.fr"
#: By source, None for no session: where the browser is sent, and by which rule.
Led = dict[str | None, tuple[str, str]]


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(ROOT / "config")[0]


@pytest.fixture(scope="module")
def sandbox() -> Settings:
    """The sandbox's configuration, whose EduConnect is asked through the browser."""
    return load(ROOT / "config" / "sandbox")[0]


def kit(settings: Settings, at: datetime = MARCH, school: str = "clg-rochat-rousses", **today: object) -> Kit:
    return kit_of(Today(settings, at, **today), settings.directory.schools[school])  # type: ignore[arg-type]


def led(cases: tuple[Case, ...]) -> Led:
    return {case.session.id if case.session else None: (case.host or "the mire", case.rule) for case in cases}


def test_each_link_names_the_school_and_where_it_stands(settings: Settings) -> None:
    [teleservices, _] = kit(settings).links

    assert (teleservices.portal, teleservices.other_account, teleservices.elsewhere, teleservices.poster) == (
        f"{OURS}/vers/teleservices/clg-rochat-rousses?de=eclat",
        f"{OURS}/mire/clg-rochat-rousses?vers=teleservices&de=eclat",
        f"{OURS}/vers/teleservices/clg-rochat-rousses",
        f"{OURS}/vers/teleservices/clg-rochat-rousses?de=affiche",
    )


def test_the_shortcut_leads_to_a_mire_that_knows_the_computer_is_shared(settings: Settings) -> None:
    assert kit(settings).shortcut == f"{OURS}/mire/clg-rochat-rousses?vers=ent&de=poste-partage"


def test_what_is_typed_is_the_short_address_of_the_mires_own_service(settings: Settings) -> None:
    short = "https://mire-eclat-bfc.ac-besancon.fr/clg-rochat-rousses"
    made = kit(settings)

    assert (made.short, [links.typed for links in made.links]) == (
        (short,),
        [f"{OURS}/vers/teleservices/clg-rochat-rousses", short],
    )


def test_a_link_says_nothing_of_an_entry_that_is_not_configured(settings: Settings) -> None:
    made = kit(replace(settings, site=replace(settings.site, entries=MappingProxyType({}), shared_entries=frozenset())))

    assert (made.links[0].portal, made.links[0].poster, made.shortcut) == (
        f"{OURS}/vers/teleservices/clg-rochat-rousses",
        f"{OURS}/vers/teleservices/clg-rochat-rousses",
        f"{OURS}/mire/clg-rochat-rousses?vers=ent",
    )
    assert led(made.links[0].from_portal)[None] == ("the mire", "default")


def test_from_the_portal_each_account_arrives_and_nobody_is_asked_to_choose(settings: Settings) -> None:
    assert led(kit(settings).links[0].from_portal) == {
        "aten-besancon": ("teleservices.ac-besancon.fr", "aten-active[aten-besancon]"),
        "educonnect": ("teleservices.education.gouv.fr", "inside-eclat"),
        None: ("teleservices.education.gouv.fr", "inside-eclat"),
    }


def test_without_a_probe_a_session_cannot_be_known_from_elsewhere(settings: Settings) -> None:
    cases = kit(settings).links[0].from_elsewhere

    assert led(cases) == {
        "aten-besancon": ("teleservices.ac-besancon.fr", "aten-active[aten-besancon]"),
        "educonnect": ("the mire", "default"),
        None: ("the mire", "default"),
    }
    assert [case.in_one_go for case in cases] == [True, True, False]


def test_a_trip_of_the_browser_is_supposed_and_counted(sandbox: Settings) -> None:
    cases = kit(sandbox).links[0].from_elsewhere

    assert [(case.rule, case.trips) for case in cases] == [
        ("aten-active[aten-besancon]", 0),
        ("educonnect-active", 1),
        ("default", 1),
    ]


def test_where_no_browser_may_be_sent_the_mire_is_told(sandbox: Settings) -> None:
    cases = kit(sandbox, gate=lambda _probe: Reason.UNPROVEN).links[0].from_elsewhere

    assert [(case.rule, case.trips) for case in cases[1:]] == [("default", 0), ("default", 0)]


def test_a_source_that_is_ill_says_nothing_and_gets_nobody(settings: Settings) -> None:
    assert led(kit(settings, ill=frozenset({"aten-besancon"})).links[0].from_portal) == {
        "aten-besancon": ("the mire", "had-aten"),
        "educonnect": ("the mire", "default"),
        None: ("the mire", "default"),
    }


def test_after_its_end_a_source_is_told_no_more(settings: Settings) -> None:
    assert led(kit(settings, AUTUMN).links[1].from_portal) == {
        "educonnect": ("cas.eclat-bfc.fr", "only[educonnect]"),
        None: ("cas.eclat-bfc.fr", "only[educonnect]"),
    }


def test_a_school_of_another_academie_has_its_own_accounts(settings: Settings) -> None:
    cases = kit(settings, school="lyc-bonaparte-autun").links[0].from_portal

    assert [case.session.id if case.session else None for case in cases] == ["aten-dijon", "educonnect", None]


def test_a_folded_source_is_no_familys_account(settings: Settings) -> None:
    sources = {**settings.sources, "educonnect": replace(settings.sources["educonnect"], folded=True)}
    cases = kit(replace(settings, sources=sources)).links[0].from_portal

    assert [case.session.id if case.session else None for case in cases] == ["aten-besancon", None]


def test_a_portal_on_our_own_site_is_not_cross_site(settings: Settings) -> None:
    site = replace(settings.site, portal_suffix="ac-besancon.fr")

    assert led(kit(replace(settings, site=site)).links[0].from_portal)[None] == ("the mire", "default")


def test_a_qr_code_draws_its_address_and_its_white_border() -> None:
    address = f"{OURS}/vers/ent/clg-rochat-rousses?de=affiche"
    expected = segno.make(address, error="q", micro=False, boost_error=False)

    size = int(expected.symbol_size(border=4)[0])
    assert drawn(qr_svg(address).decode(), size) == [
        [bool(dot) for dot in row] for row in expected.matrix_iter(border=4)
    ]


def drawn(svg: str, size: int) -> list[list[bool]]:
    """The dots that the strokes of an SVG cover: `M` to a place, `m` by a step, `h` along."""
    [path] = re.findall(r'<path[^>]* d="([^"]+)"[^>]*stroke="#000"|stroke="#000" d="([^"]+)"', svg)
    rows, x, y = [[False] * size for _ in range(size)], 0.0, 0.0
    for letter, numbers in re.findall(r"([Mmh])([-0-9. ]+)", "".join(path)):
        step = [float(number) for number in re.findall(r"-?[0-9.]+", numbers)]
        if letter == "h":
            for column in range(int(x), int(x + step[0])):
                rows[int(y)][column] = True
            x += step[0]
        else:
            x, y = (step[0], step[1]) if letter == "M" else (x + step[0], y + step[1])
    return rows


ADDRESS = "https://a.fr/mire/clg-x?vers=ent&de=poste-partage"


def test_a_windows_shortcut_holds_the_address() -> None:
    assert url_file(ADDRESS) == b"[InternetShortcut]\r\nURL=https://a.fr/mire/clg-x?vers=ent&de=poste-partage\r\n"


def test_a_mac_shortcut_holds_the_address() -> None:
    assert plistlib.loads(webloc_file(ADDRESS)) == {"URL": ADDRESS}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Collège Rochat", "Collège Rochat"),
        ("Collège\nExec=rm -rf ~\r\n[Desktop Action x]", "Collège Exec=rm -rf ~ [Desktop Action x]"),
        ("Collège\u2028\x00\x1b Rochat", "Collège Rochat"),
        ("C:\\new", "C:\\\\new"),
    ],
)
def test_the_name_of_a_linux_shortcut_is_one_value(name: str, shown: str) -> None:
    parser = RawConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(desktop_file(name, ADDRESS).decode())

    assert parser.sections() == ["Desktop Entry"]
    assert dict(parser["Desktop Entry"]) == {
        "Version": "1.5",
        "Type": "Link",
        "Name": shown,
        "Icon": "text-html",
        "URL": ADDRESS,
    }


def test_a_school_without_a_name_has_a_kit(settings: Settings) -> None:
    assert kit_of(Today(settings, MARCH), School("clg-x")).shortcut == f"{OURS}/mire/clg-x?vers=ent&de=poste-partage"
