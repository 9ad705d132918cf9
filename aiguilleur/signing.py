"""Values that a browser carries for us: readable by all, changed by none."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

import msgspec
from itsdangerous import BadData, URLSafeSerializer
from itsdangerous import Signer as ItsSigner
from itsdangerous.encoding import base64_encode
from itsdangerous.signer import SigningAlgorithm

from aiguilleur.errors import TokenError

#: A clock may be this many seconds ahead on another node.
SKEW_S = 10
#: In bytes. One visit's cookie is shorter, and compressing it would take longer than signing it.
_WORTH_COMPRESSING = 512


def derived(keys: Sequence[str], purpose: str) -> bytes:
    """A secret of its own for one purpose, the same wherever the last key is (HMAC: RFC 2104)."""
    return hmac.new(keys[-1].encode(), purpose.encode(), hashlib.sha256).digest()


class Signer:
    """Signs and reads the values of one kind; the keys come oldest first and the last one signs."""

    def __init__(self, keys: Sequence[str], salt: str) -> None:
        """`salt` names the kind and its version: a value of one kind is never taken for one of another."""
        self._serializer = _Serializer(list(keys), salt=salt)

    def sign(self, value: Any) -> str:
        """The signed text of a value of JSON."""
        return str(self._serializer.dumps(value))

    def read(self, text: str | None) -> Any:
        """The value in a text; raises TokenError when it is absent, forged, or of another kind or version."""
        if not text:
            raise TokenError("there is none")
        try:
            return self._serializer.loads(text)
        except BadData as error:
            raise TokenError(str(error)) from error


class _HmacSha256(SigningAlgorithm):
    """As itsdangerous's own, in one step (RFC 2104)."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")


class _Serializer(URLSafeSerializer):
    """As itsdangerous's own, but that keys are derived once, and what is short is not compressed."""

    def __init__(self, keys: list[str], *, salt: str) -> None:
        super().__init__(keys, salt=salt, serializer=json, serializer_kwargs={"separators": (",", ":")})
        derived = ItsSigner(keys, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)
        self._signer = ItsSigner(
            [derived.derive_key(key) for key in keys], key_derivation="none", algorithm=_HmacSha256()
        )

    def make_signer(self, _salt: str | bytes | None = None) -> ItsSigner:
        return self._signer

    def dump_payload(self, obj: Any) -> bytes:
        text = msgspec.json.encode(obj)
        return base64_encode(text) if len(text) < _WORTH_COMPRESSING else super().dump_payload(obj)
