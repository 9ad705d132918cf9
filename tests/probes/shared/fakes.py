"""A store in this process's memory, whose clock a test puts forward."""

from __future__ import annotations

from collections.abc import Sequence

from aiguilleur.probes.shared import Kept


class Memory:
    """What nodes share, as dictionaries; `lost` makes it as unreachable as a real one."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lost = False
        self.values: dict[tuple[str, str], tuple[bytes, float]] = {}
        self.logs: dict[str, list[tuple[str, float]]] = {}

    def get(self, key: str) -> bytes | None:
        kept = (self.look("r", [key]) or {}).get(key)
        return kept.value if kept else None

    def put(self, key: str, value: bytes, life_s: float) -> None:
        self.keep("r", key, value, life_s)

    def keep(self, kind: str, key: str, value: bytes, life_s: float) -> bool:
        if not self.lost:
            self.values[kind, key] = value, self.now + life_s
        return not self.lost

    def look(self, kind: str, keys: Sequence[str]) -> dict[str, Kept] | None:
        if self.lost:
            return None
        found = {key: self.values.get((kind, key), (b"", 0.0)) for key in keys}
        return {key: Kept(value, until - self.now) for key, (value, until) in found.items() if until > self.now}

    def claim(self, kind: str, key: str, life_s: float) -> bool:
        if self.lost or key in (self.look(kind, [key]) or {}):
            return False
        return self.keep(kind, key, b"1", life_s)

    def append(self, log: str, values: Sequence[str], life_s: float) -> bool:
        if not self.lost:
            self.logs.setdefault(log, []).extend((value, self.now) for value in values)
        return not self.lost

    def since(self, log: str, mark: bytes) -> tuple[bytes, tuple[tuple[str, float], ...]]:
        written = [] if self.lost else self.logs.get(log, [])
        read = tuple((value, self.now - at) for value, at in written[int(mark) :])
        return (mark if self.lost else b"%d" % len(written)), read
