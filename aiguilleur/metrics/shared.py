"""What the workers of one server count, each in files of its own: read as one, and kept from growing."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

#: What the dead have counted is kept under a process id that no process has.
_DEAD = 0


def fold(folder: Path, pid: int) -> None:
    """Add what a dead worker has counted to what the dead before it had, and remove its files."""
    mark_process_dead(pid, str(folder))
    for path in folder.glob(f"*_{pid}.db"):
        kind = path.name.removesuffix(f"_{pid}.db")
        # A worker killed in its first moments leaves a file without a header.
        with contextlib.suppress(struct.error, RuntimeError, UnicodeDecodeError):
            _add(folder / f"{kind}_{_DEAD}.db", path)
        path.unlink()


def _add(total: Path, of: Path) -> None:
    values = [(key, value) for key, value, *_ in MmapedDict.read_all_values_from_file(str(of))]
    into = MmapedDict(str(total))
    try:
        for key, value in values:
            into.write_value(key, into.read_value(key)[0] + value, 0.0)
    finally:
        into.close()


def reader(folder: Path) -> Callable[[str], tuple[bytes, str]]:
    """What a scrape gets, and of which type, for what its `Accept` says."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))

    def read(accept: str) -> tuple[bytes, str]:
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type

    return read
