"""Where the workers of one server count, told to the library before it is imported."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

#: The library looks it up when it is first imported; workers inherit what it then decides.
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
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
