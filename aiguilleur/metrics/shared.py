"""What the workers of one server count, each in files of its own: read as one, and kept from growing."""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

#: The library looks it up when it is first imported in a process.
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
#: What the dead have counted is kept under a process id that no process has.
_DEAD = 0
_FOLDERS = "metrics"


def make_folder(state_dir: str | None) -> Path:
    """An empty folder for this server's workers; those of servers that are gone are removed. Raises OSError.

    Each server has its own: while one takes over from another, both have workers.
    """
    if state_dir is None:
        folder = Path(tempfile.mkdtemp(prefix="aiguilleur-metrics-"))
    else:
        around = Path(state_dir, _FOLDERS)
        around.mkdir(parents=True, exist_ok=True)
        for each in around.iterdir():
            if not _is_alive(each.name):
                shutil.rmtree(each, ignore_errors=True)
        folder = around / str(os.getpid())
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o750)
    os.environ[_FOLDER] = str(folder.resolve())
    return folder.resolve()


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


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
