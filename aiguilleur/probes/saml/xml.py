"""The one way XML from outside is read: bounded, without DTD, entity, comment or instruction, and off the network."""

from __future__ import annotations

from lxml import etree

from aiguilleur.core.model import Reason
from aiguilleur.errors import AiguilleurError

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

_ENCODINGS = (None, "UTF-8", "utf-8", "ASCII", "us-ascii")


class SamlError(AiguilleurError):
    """A document of SAML that is not taken; `reason` is what the journal says of it."""

    def __init__(self, reason: Reason, why: str) -> None:
        """`why` is ours: it quotes nothing of the document."""
        super().__init__(why)
        self.reason = reason


def read(document: bytes, *, most: int, comments: bool = False) -> etree._Element:
    """The root of a document; raises SamlError (`parse`) for what could mean two things, or cost more than reading.

    A comment splits a text in two, so that one reader sees what another does not (CVE-2017-11427): a file of the
    configuration may hold some, an answer may not.
    """
    if len(document) > most:
        raise SamlError(Reason.PARSE, f"is over {most} bytes")
    # Seen before the parser sees it: entities that stand for billions of others cost nothing then.
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise SamlError(Reason.PARSE, "declares a DTD")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=comments
    )
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SamlError(Reason.PARSE, "is no XML") from error
    about = root.getroottree().docinfo
    if about.internalDTD is not None or about.encoding not in _ENCODINGS:
        raise SamlError(Reason.PARSE, "declares a DTD or an encoding other than UTF-8")
    if any(not isinstance(each.tag, str) for each in root.iter()) or _beside(root):
        raise SamlError(Reason.PARSE, "holds a comment, an instruction or an entity")
    return root


def text_of(element: etree._Element | None) -> str:
    """The text of an element that holds nothing but text."""
    if element is None or len(element):
        return ""
    return (element.text or "").strip()


def _beside(root: etree._Element) -> bool:
    """Whether something stands before or after the root: comments and instructions may."""
    return root.getprevious() is not None or root.getnext() is not None
