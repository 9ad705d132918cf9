"""Breaks any function of a running program: from then on, calling it raises."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType, FunctionType

CANARY = "secret-value"


def called_by(work: Callable[[], object], *packages: str) -> list[FunctionType]:
    """The functions of these packages that some work calls in this thread, in the order of first calls."""
    codes: dict[CodeType, None] = {}
    folders = tuple(f"{Path(str(import_module(each).__file__)).parent}/" for each in packages)

    def trace(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(folders):
            codes.setdefault(frame.f_code)

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    functions = {each.__code__: each for each in gc.get_objects() if isinstance(each, FunctionType)}
    # A comprehension is a code of its own, and no function.
    return [functions[code] for code in codes if code in functions]


@contextmanager
def broken(function: FunctionType, error: type[Exception]) -> Iterator[None]:
    """Every call raises `error`."""
    whole = function.__code__
    function.__code__ = _raising(error.__name__, len(whole.co_freevars))
    try:
        yield
    finally:
        function.__code__ = whole


def _raising(error: str, enclosed: int) -> CodeType:
    """The code of a function that closes over so many variables, as a function's code must."""
    names = [f"name{number}" for number in range(enclosed)]
    text = f"""
def outer({", ".join(names)}):
    def broken(*args, **kwargs):
        ({"".join(f"{name}, " for name in names)})
    return broken
"""
    raising = text.replace("        (", f"        raise {error}('{CANARY}')\n        (")
    space: dict[str, Callable[..., FunctionType]] = {}
    exec(raising, space)
    return space["outer"](*names).__code__
