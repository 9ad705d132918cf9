"""The service providers that may ask `/disco`: what their configuration and their metadata must say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aiguilleur.settings.load import load
from aiguilleur.settings.provider import ServiceProvider, names_in
from tests.conftest import ROOT
from tests.settings.test_problems import edit, told

MD = 'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
IDPDISC = "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol"
SP = "https://sp.ac-exemple.fr/shibboleth"
LOGIN = "https://sp.ac-exemple.fr/Shibboleth.sso/Login"
OTHER = "https://mobile.ac-exemple.fr/ds?app=1"
DISCO = "disco: [{metadata: sp.xml, target: ent}]\n"


def response(location: str, more: str = "", binding: str = IDPDISC) -> str:
    location = location.replace("&", "&amp;")
    return f'<d:DiscoveryResponse xmlns:d="{IDPDISC}" Binding="{binding}" Location="{location}" index="1" {more}/>'


def entity(*responses: str, entity_id: str = SP) -> str:
    inside = f"<md:Extensions>{''.join(responses)}</md:Extensions>" if responses else ""
    return (
        f'<md:EntityDescriptor {MD} entityID="{entity_id}">'
        f'<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{inside}'
        "</md:SPSSODescriptor></md:EntityDescriptor>"
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped configuration, with a service provider that may ask."""
    monkeypatch.chdir(tmp_path)
    folder = Path("config")
    shutil.copytree(ROOT / "config", folder)
    edit(folder, "sources.yaml", "    from: 2021-01-04\n", "    from: 2021-01-04\n    idp: https://idp.example/edu\n")
    edit(folder, "aiguilleur.yaml", "state_dir: var\n", f"state_dir: var\n{DISCO}")
    (folder / "sp.xml").write_text(entity(response(LOGIN)), encoding="utf-8")
    return folder


def test_a_service_provider_is_known_by_its_metadata(folder: Path) -> None:
    settings, warnings = load(folder)

    assert warnings == ()
    assert settings.service_providers == {SP: ServiceProvider(SP, "ent", (LOGIN,))}
    assert settings.sources["educonnect"].idp == "https://idp.example/edu"
    assert settings.files["sp.xml"] == entity(response(LOGIN)).encode()


@pytest.mark.parametrize(
    ("responses", "addresses"),
    [
        ((response(LOGIN), response(OTHER)), (LOGIN, OTHER)),
        ((response(LOGIN), response(OTHER, 'isDefault="true"')), (OTHER, LOGIN)),
        ((response(LOGIN, 'isDefault="0"'), response(OTHER)), (OTHER, LOGIN)),
        ((response(OTHER, binding="urn:other"), response(LOGIN)), (LOGIN,)),
    ],
)
def test_the_default_return_address_is_the_one_that_metadata_says(
    folder: Path, responses: tuple[str, ...], addresses: tuple[str, ...]
) -> None:
    (folder / "sp.xml").write_text(entity(*responses), encoding="utf-8")

    assert load(folder)[0].service_providers[SP].addresses == addresses


def test_one_of_several_in_a_file_is_named(folder: Path) -> None:
    both = entity(response(LOGIN)) + entity(response(OTHER), entity_id="https://mobile.ac-exemple.fr/sp")
    (folder / "sp.xml").write_text(f"<md:EntitiesDescriptor {MD}>{both}</md:EntitiesDescriptor>", encoding="utf-8")
    assert told(folder) == [
        f"disco[0].metadata: 'sp.xml' holds 2 such service providers, name one with 'entity_id': {SP}, "
        "https://mobile.ac-exemple.fr/sp"
    ]

    edit(folder, "aiguilleur.yaml", "sp.xml, ", "sp.xml, entity_id: https://mobile.ac-exemple.fr/sp, ")
    assert list(load(folder)[0].service_providers) == ["https://mobile.ac-exemple.fr/sp"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (entity(), "'sp.xml' has no idpdisc:DiscoveryResponse, so browsers may return nowhere"),
        (
            entity(response(LOGIN, binding="urn:x")),
            "'sp.xml' has no idpdisc:DiscoveryResponse, so browsers may return nowhere",
        ),
        ("<!DOCTYPE x><x/>", "'sp.xml' declares a DTD"),
        ("not XML", "'sp.xml' is no XML"),
        (f"<md:EntityDescriptor {MD}/>", "'sp.xml' holds 0 such service providers, name one with 'entity_id': "),
        (
            entity(response("http://sp.ac-exemple.fr/ds")),
            "'sp.xml': DiscoveryResponse 'http://sp.ac-exemple.fr/ds' is not an https address (http is for .localhost only)",
        ),
        (
            entity(response("https://evil@sp.ac-exemple.fr/ds")),
            "'sp.xml': DiscoveryResponse 'https://evil@sp.ac-exemple.fr/ds' is not an https address "
            "(http is for .localhost only)",
        ),
        (
            entity(response("https://sp.ac-exemple.fr/ds#x")),
            "'sp.xml': DiscoveryResponse 'https://sp.ac-exemple.fr/ds#x' is not an https address "
            "(http is for .localhost only)",
        ),
    ],
)
def test_metadata_that_cannot_serve_is_told_with_the_way_out(folder: Path, document: str, said: str) -> None:
    (folder / "sp.xml").write_text(document, encoding="utf-8")

    assert told(folder) == [f"disco[0].metadata: {said}"]


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("disco: [{metadata: sp.xml, target: ennt}]\n", "disco[0].target: unknown target 'ennt' (did you mean 'ent'?)"),
        (
            "disco: [{metadata: no.xml, target: ent}]\n",
            "disco[0].metadata: 'no.xml' cannot be read: No such file or directory",
        ),
        (
            "disco: [{metadata: ../sp.xml, target: ent}]\n",
            "disco[0].metadata: '../sp.xml' is not the name of another file in this folder",
        ),
        ("disco: [{metadata: sp.xml}]\n", "disco[0].target: Field required"),
        (
            "disco: [{metadata: sp.xml, target: ent, idp: x}]\n",
            "disco[0].idp: unknown key 'idp' (known: metadata, entity_id, target)",
        ),
        (
            "disco: [{metadata: sp.xml, target: ent}, {metadata: sp.xml, target: ent}]\n",
            "disco[1]: service provider 'https://sp.ac-exemple.fr/shibboleth' is there twice",
        ),
    ],
)
def test_a_slip_in_disco_is_told_with_its_place(folder: Path, new: str, said: str) -> None:
    edit(folder, "aiguilleur.yaml", DISCO, new)

    assert told(folder) == [said]


def test_a_target_whose_sources_have_no_identity_provider_is_an_error(folder: Path) -> None:
    edit(folder, "sources.yaml", "    idp: https://idp.example/edu\n", "")

    assert told(folder) == ["disco[0].target: no source of target 'ent' has an 'idp': there is nobody to choose"]


@pytest.mark.parametrize("idp", ["", "' '", "https://idp.example/é", "https://idp.example/a b"])
def test_an_identity_provider_is_named_in_ascii(folder: Path, idp: str) -> None:
    edit(folder, "sources.yaml", "idp: https://idp.example/edu", f"idp: {idp or repr('')}")

    [said] = told(folder)
    assert said.startswith("sources[2].idp: String should match pattern")


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("https://sp/ds", {""}),
        ("https://sp/ds?a=1&B=2", {"a", "b"}),
        ("https://sp/ds?a=1;entityID=2", {"a", "entityid"}),
        ("https://sp/ds?%65ntityID=2", {"entityid"}),
        ("https://sp/ds?entityID%5B%5D=2&x", {"entityid", "x"}),
        ("https://sp/ds?+entityID=2", {"entityid"}),
    ],
)
def test_parameters_are_found_however_they_are_written(address: str, names: set[str]) -> None:
    assert names_in(address) == names


@pytest.mark.parametrize(
    ("address", "known"),
    [
        (OTHER, True),
        (f"{OTHER}&state=2", True),
        ("https://mobile.ac-exemple.fr/ds", False),
        ("https://mobile.ac-exemple.fr/ds?app=2", False),
        (f"{OTHER}0", False),
        (f"{OTHER}?x", False),
    ],
)
def test_an_address_that_has_a_query_keeps_it(address: str, known: bool) -> None:
    assert (ServiceProvider(SP, "ent", (OTHER,)).fault(address, "entityID") == "") is known
