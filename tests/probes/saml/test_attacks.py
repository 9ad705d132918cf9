"""Answers made to be misread: each is refused, within little time and memory, and says why."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes.saml import SamlPassive
from aiguilleur.sandbox.saml import DS, SAML, SAMLP, IdentityProvider, Question, Signature
from tests.contracts import NOW
from tests.probes.saml.conftest import OURS, TRIP, changed, told

SIGNATURE, STATUS, CODE, ISSUER = (
    f"{{{DS}}}Signature",
    f"{{{SAMLP}}}Status",
    f"{{{SAMLP}}}StatusCode",
    f"{{{SAML}}}Issuer",
)
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
REFUSED = {(SessionState.UNKNOWN, Reason.PARSE), (SessionState.UNKNOWN, Reason.SIGNATURE)}


@pytest.fixture(scope="session")
def no(provider: IdentityProvider, question: Question) -> bytes:
    """The signed answer that says no, which attackers would have say yes."""
    return base64.b64decode(provider.no_passive(question))


def evil(root: etree._Element) -> etree._Element:
    """A copy of an answer that says yes and is not signed."""
    copy = deepcopy(root)
    for signature in copy.findall(SIGNATURE):
        copy.remove(signature)
    code = copy.find(f"{STATUS}/{CODE}")
    for second in code:
        code.remove(second)
    code.set("Value", SUCCESS)
    return copy


# --- A DTD, an entity, a bomb --------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DECLARED = {
    "a DTD": "<!DOCTYPE samlp:Response>",
    "an external DTD": '<!DOCTYPE samlp:Response SYSTEM "http://127.0.0.1:9/x.dtd">',
    "an external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "a parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;]>',
    "a billion laughs": f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>',
    "a quadratic blow-up": f'<!DOCTYPE x [<!ENTITY a "{"a" * 40_000}">]>',
}


@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED.keys())
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_declares_anything_is_refused(probe: SamlPassive, good: bytes, declared: str, encoding: str) -> None:
    text = declared + good.decode().replace(f">{_issuer(good)}<", ">&e;&l9;&a;<", 1)
    prolog = "<?xml version='1.0' encoding='utf-16'?>" if encoding == "utf-16" else ""

    assert bounded(lambda: told(probe, (prolog + text).encode(encoding))) == (SessionState.UNKNOWN, Reason.PARSE)


_CHILD = """
import re, sys
from pathlib import Path
from lxml import etree
from aiguilleur.probes.saml.xml import SamlError, read

def careless(document):
    return etree.fromstring(document, etree.XMLParser(resolve_entities=True, huge_tree=True))

def peak():
    # Of this program alone: what `getrusage` tells is also that of the process which started it.
    return int(re.search(r"VmHWM:\\s*([0-9]+)", Path("/proc/self/status").read_text())[1])

document = sys.stdin.buffer.read()
before = peak()
try:
    careless(document) if sys.argv[1] == "carelessly" else read(document, most=1 << 20)
except (SamlError, etree.XMLSyntaxError):
    pass
print(peak() - before)
"""


_ENTITIES = f'<!DOCTYPE x [<!ENTITY a "{"a" * 100_000}">]><x>{"&a;" * 1000}</x>'.encode()
_LONG = b"<x>" + b"<y/>" * 2_000_000 + b"</x>"


@pytest.mark.parametrize(
    ("how", "document", "costs"),
    [("as we do", _ENTITIES, False), ("as we do", _LONG, False), ("carelessly", _LONG, True)],
    ids=["entities", "a long document", "a long document, read without a bound"],
)
def test_no_document_costs_the_process_memory_and_it_could(how: str, document: bytes, costs: bool) -> None:
    """Of the whole process, in a process of its own: the XML library's memory is not Python's."""
    told_kb = subprocess.run(
        [sys.executable, "-c", _CHILD, how], input=document, capture_output=True, check=True
    ).stdout

    assert (int(told_kb) > 50_000) is costs


def _issuer(good: bytes) -> str:
    return str(etree.fromstring(good).findtext(ISSUER))


def bounded(attack: Callable[[], tuple[SessionState, Reason]]) -> tuple[SessionState, Reason]:
    """What is told of an attack, which takes neither a second of the processor nor ten megabytes."""
    tracemalloc.start()
    began = time.thread_time()
    try:
        answer = attack()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.thread_time() - began < 1
    assert peak < 10_000_000
    return answer


@pytest.mark.parametrize(
    "text",
    ["A" * 50_000_000, "é" * 1000, "PHg+", "=", "", "PD94bWw" * 100_000, base64.b64encode(b"<a>" * 30_000).decode()],
    ids=["too long", "no base64", "another document", "padding", "nothing", "repeated", "deep"],
)
def test_what_is_no_document_is_refused(probe: SamlPassive, text: str) -> None:
    def attack() -> tuple[SessionState, Reason]:
        finding = probe.arrival(TRIP, {"SAMLResponse": text, "RelayState": TRIP.id}, NOW)
        return finding.state, finding.reason

    assert bounded(attack) == (SessionState.UNKNOWN, Reason.PARSE)


def test_a_deflated_bomb_is_never_inflated(probe: SamlPassive) -> None:
    bomb = zlib.compress(b"<a>" + b" " * 50_000_000)[2:-4]

    assert len(bomb) < 60_000
    assert bounded(lambda: told(probe, bomb)) == (SessionState.UNKNOWN, Reason.PARSE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b">https://idp.example/metadata<", b">https://idp.example/metadata<!-- -->.evil.example<"),
        (b">https://idp.example/metadata<", b"><!-- -->https://idp.example/metadata<"),
        (b"<samlp:Status>", b"<?x?><samlp:Status>"),
        (b"<samlp:Status>", b"<!-- --><samlp:Status>"),
    ],
)
def test_a_text_that_two_readers_would_read_otherwise_is_refused(
    probe: SamlPassive, good: bytes, old: bytes, new: bytes
) -> None:
    assert old in good

    assert told(probe, good.replace(old, new, 1)) == (SessionState.UNKNOWN, Reason.PARSE)


def test_what_stands_beside_the_answer_is_refused(probe: SamlPassive, good: bytes) -> None:
    for document in (b"<!-- x -->" + good, good + b"<?x y?>", good + good, good + b"x"):
        assert told(probe, document) == (SessionState.UNKNOWN, Reason.PARSE)


# --- Signature wrapping: what is signed is there, and something else would be read ----------------------------------


def wrapped_in_object(root: etree._Element) -> etree._Element:
    """The signed answer inside its own signature, as an Object; the evil one around it."""
    outer, signature = evil(root), deepcopy(root.find(SIGNATURE))
    etree.SubElement(signature, f"{{{DS}}}Object").append(_without_signature(root))
    outer.insert(1, signature)
    return outer


def wrapped_in_extensions(root: etree._Element) -> etree._Element:
    """The whole signed answer inside the Extensions of the evil one."""
    outer = evil(root)
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(deepcopy(root))
    outer.insert(1, extensions)
    return outer


def wrapped_with_its_signature_outside(root: etree._Element) -> etree._Element:
    outer = wrapped_in_extensions(root)
    inner = outer.find(f"{{{SAMLP}}}Extensions/{{{SAMLP}}}Response")
    outer.insert(1, inner.find(SIGNATURE))
    return outer


def wrapped_with_another_id(root: etree._Element) -> etree._Element:
    """The evil answer has an ID of its own, and a signature that refers to the good one inside."""
    outer = wrapped_with_its_signature_outside(root)
    outer.set("ID", "_evil")
    return outer


def wrapped_in_status_detail(root: etree._Element) -> etree._Element:
    outer, signature = evil(root), deepcopy(root.find(SIGNATURE))
    detail = etree.SubElement(outer.find(STATUS), f"{{{SAMLP}}}StatusDetail")
    detail.append(_without_signature(root))
    outer.insert(1, signature)
    return outer


def evil_inside_the_good_one(root: etree._Element) -> etree._Element:
    outer = deepcopy(root)
    outer.append(evil(root))
    return outer


def second_status(root: etree._Element) -> etree._Element:
    outer = deepcopy(root)
    outer.insert(2, deepcopy(evil(root).find(STATUS)))
    return outer


def second_signature(root: etree._Element) -> etree._Element:
    outer = evil(root)
    for _ in range(2):
        outer.insert(1, deepcopy(root.find(SIGNATURE)))
    return outer


def second_reference(root: etree._Element) -> etree._Element:
    outer = deepcopy(root)
    info = outer.find(f"{SIGNATURE}/{{{DS}}}SignedInfo")
    info.append(deepcopy(info.find(f"{{{DS}}}Reference")))
    return outer


def signature_without_reference(root: etree._Element) -> etree._Element:
    outer = evil(root)
    signature = deepcopy(root.find(SIGNATURE))
    info = signature.find(f"{{{DS}}}SignedInfo")
    info.remove(info.find(f"{{{DS}}}Reference"))
    outer.insert(1, signature)
    return outer


def reference_to_nothing(root: etree._Element) -> etree._Element:
    outer = evil(root)
    signature = deepcopy(root.find(SIGNATURE))
    signature.find(f".//{{{DS}}}Reference").set("URI", "")
    outer.insert(1, signature)
    return outer


def same_id_twice(root: etree._Element) -> etree._Element:
    outer = deepcopy(root)
    outer.find(STATUS).set("ID", str(root.get("ID")))
    return outer


def id_in_other_letters(root: etree._Element) -> etree._Element:
    outer = deepcopy(root)
    outer.find(STATUS).set("Id", str(root.get("ID")))
    return outer


def _transform(algorithm: str) -> Callable[[etree._Element], etree._Element]:
    def attack(root: etree._Element) -> etree._Element:
        outer = deepcopy(root)
        transforms = outer.find(f".//{{{DS}}}Transforms")
        added = etree.SubElement(transforms, f"{{{DS}}}Transform", {"Algorithm": algorithm})
        etree.SubElement(added, f"{{{DS}}}XPath").text = "count(//. | //@* | //namespace::*) > 0"
        transforms.remove(transforms[0])
        return outer

    return attack


def method(algorithm: str, tag: str = "SignatureMethod") -> Callable[[etree._Element], etree._Element]:
    def attack(root: etree._Element) -> etree._Element:
        outer = deepcopy(root)
        outer.find(f".//{{{DS}}}{tag}").set("Algorithm", algorithm)
        return outer

    return attack


def status_changed(root: etree._Element) -> etree._Element:
    outer = evil(root)
    outer.insert(1, deepcopy(root.find(SIGNATURE)))
    return outer


def _without_signature(root: etree._Element) -> etree._Element:
    copy = deepcopy(root)
    copy.remove(copy.find(SIGNATURE))
    return copy


ATTACKS = {
    "the signature is taken off": evil,
    "XSW: in the signature's Object": wrapped_in_object,
    "XSW: in Extensions": wrapped_in_extensions,
    "XSW: in Extensions, its signature outside": wrapped_with_its_signature_outside,
    "XSW: in Extensions, under another ID": wrapped_with_another_id,
    "XSW: in StatusDetail": wrapped_in_status_detail,
    "XSW: a second answer inside": evil_inside_the_good_one,
    "a second status": second_status,
    "two signatures": second_signature,
    "two references": second_reference,
    "no reference": signature_without_reference,
    "a reference to the document": reference_to_nothing,
    "an ID twice": same_id_twice,
    "an ID in other letters": id_in_other_letters,
    "an XPath transform": _transform("http://www.w3.org/TR/1999/REC-xpath-19991116"),
    "an XSLT transform": _transform("http://www.w3.org/TR/1999/REC-xslt-19991116"),
    "a base64 transform": _transform("http://www.w3.org/2000/09/xmldsig#base64"),
    "HMAC": method("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
    "RSA with SHA-1": method("http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
    "a digest of MD5": method("http://www.w3.org/2001/04/xmldsig-more#md5", "DigestMethod"),
    "no method": method(""),
}


WRAPPED = [attack for name, attack in ATTACKS.items() if name.startswith("XSW")]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.parametrize("of", ["a no", "a yes"])
def test_an_answer_that_was_tampered_with_says_nothing(
    probe: SamlPassive, good: bytes, no: bytes, attack: Callable[[etree._Element], etree._Element], of: str
) -> None:
    document = etree.tostring(attack(etree.fromstring(good if of == "a yes" else no)))

    assert bounded(lambda: told(probe, document)) in REFUSED


@pytest.mark.parametrize("attack", WRAPPED, ids=lambda attack: attack.__name__)
def test_an_answer_wrapped_in_another_is_no_document_of_the_protocol(
    probe: SamlPassive, no: bytes, attack: Callable[[etree._Element], etree._Element]
) -> None:
    assert told(probe, etree.tostring(attack(etree.fromstring(no)))) == (SessionState.UNKNOWN, Reason.PARSE)


def test_a_no_that_is_made_a_yes_is_not_signed(probe: SamlPassive, no: bytes) -> None:
    document = etree.tostring(status_changed(etree.fromstring(no)))

    assert told(probe, document) == (SessionState.UNKNOWN, Reason.SIGNATURE)


def test_a_key_that_the_answer_brings_with_it_is_not_believed(
    probe: SamlPassive, provider: IdentityProvider, question: Question
) -> None:
    stranger = base64.b64decode(provider.success(question, signature=Signature("stranger")))

    assert told(probe, stranger) == (SessionState.UNKNOWN, Reason.SIGNATURE)


def test_an_assertion_that_is_signed_vouches_for_no_status(
    probe: SamlPassive, provider: IdentityProvider, question: Question
) -> None:
    response = provider._response(question, ("Success",), None)
    response.append(provider._signature.sign(provider._assertion(question)))

    assert told(probe, bytes(etree.tostring(response))) == (SessionState.UNKNOWN, Reason.SIGNATURE)


def test_our_own_question_sent_back_is_no_answer(probe: SamlPassive, provider: IdentityProvider) -> None:
    request = etree.Element(f"{{{SAMLP}}}AuthnRequest", {"ID": f"_{TRIP.id}"})
    etree.SubElement(request, ISSUER).text = OURS

    assert told(probe, bytes(etree.tostring(request))) == (SessionState.UNKNOWN, Reason.PARSE)


def test_a_weak_signature_by_the_right_key_is_not_taken(
    probe: SamlPassive, provider: IdentityProvider, question: Question
) -> None:
    class Lenient(XMLSigner):
        def check_deprecated_methods(self) -> None:
            """Sign all the same."""

    response = provider._response(question, ("Success",), None)
    signer = Lenient(
        signature_algorithm=SignatureMethod.RSA_SHA1,
        digest_algorithm=DigestAlgorithm.SHA1,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    own = provider._signature
    signed = signer.sign(response, key=own._key, cert=[own.certificate], reference_uri=response.get("ID"))

    assert told(probe, bytes(etree.tostring(signed))) == (SessionState.UNKNOWN, Reason.SIGNATURE)


# --- Whatever comes ------------------------------------------------------------------------------------------------


@hypothesis_settings(max_examples=300)
@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_no_bytes_are_a_yes(probe: SamlPassive, document: bytes) -> None:
    assert told(probe, document) in REFUSED


@hypothesis_settings(max_examples=600)
@given(st.integers(0, 1 << 20), st.integers(0, 255))
def test_one_byte_of_difference_is_never_another_yes(probe: SamlPassive, no: bytes, place: int, byte: int) -> None:
    place %= len(no)
    document = no[:place] + bytes([byte]) + no[place + 1 :]

    assert told(probe, document)[0] is not SessionState.ACTIVE


def test_the_good_answers_are_good(probe: SamlPassive, good: bytes, no: bytes) -> None:
    assert told(probe, good) == (SessionState.ACTIVE, Reason.ANSWER)
    assert told(probe, no) == (SessionState.UNKNOWN, Reason.ANSWER)
    assert told(probe, changed(good, lambda root: None)) == (SessionState.ACTIVE, Reason.ANSWER)
