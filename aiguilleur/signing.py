"""Values that a browser carries for us: readable by all, changed by none."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from aiguilleur.errors import TokenError

#: A clock may be this many seconds ahead on another node.
SKEW_S = 10


def derived(keys: Sequence[str], purpose: str) -> bytes:
    """A secret of its own for one purpose, the same wherever the last key is (HMAC: RFC 2104)."""
    return hmac.new(keys[-1].encode(), purpose.encode(), hashlib.sha256).digest()


class Signer:
    """Signs and reads the values of one kind; the keys come oldest first and the last one signs."""

    def __init__(self, keys: Sequence[str], salt: str) -> None:
        """`salt` names the kind and its version: a value of one kind is never taken for one of another."""
        self._serializer = URLSafeSerializer(
            list(keys),
            salt=salt,
            serializer=json,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
            serializer_kwargs={"separators": (",", ":")},
        )

    def sign(self, value: Any) -> str:
        """The signed text of a value of JSON."""
        return str(self._serializer.dumps(value))

    def read(self, text: str | None) -> Any:
        """The value in a text; raises TokenError when it is absent, forged, or of another kind or version."""
        try:
            return self._serializer.loads(text or "")
        except BadData as error:
            raise TokenError(str(error)) from error
