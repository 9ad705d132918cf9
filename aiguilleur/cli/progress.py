"""What is under way, on a terminal; nothing where the output goes elsewhere or the extra `ops` is not installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """A line that says which step a report is at."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        from rich.console import Console  # noqa: PLC0415 (an extra)
    except ImportError:
        yield lambda _: None
        return
    with Console(stderr=True).status("…") as status:
        yield status.update


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar of so many bytes done, of so many."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    try:
        from rich.console import Console  # noqa: PLC0415 (an extra)
        from rich.progress import Progress  # noqa: PLC0415
    except ImportError:
        yield lambda *_: None
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)
