"""The process that sends visits: reads its plan as JSON from standard input, writes a row of JSON for each visit."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any

#: How long an answer may be waited for, in seconds: far beyond anything that is promised.
_MOST_S = 20.0


def instants(steps: list[list[float]], lots: random.Random | None) -> Iterator[float]:
    """When each visit arrives, in seconds from the start: evenly, or at random with the same rate."""
    begun = 0.0
    for seconds, rate in steps:
        at = begun
        for number in range(1, round(seconds * rate) + 1):
            yield at
            at = at + lots.expovariate(rate) if lots else begun + number / rate
        begun = max(begun + seconds, at) if lots else begun + seconds


def request(visit: dict[str, Any], number: int) -> bytes:
    lines = [f"GET {visit['path']} HTTP/1.1"]
    lines += [f"{name}: {value.replace('{n}', str(number))}" for name, value in visit["headers"].items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")


async def answered(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        await writer.drain()
        return await reader.read(-1)
    finally:
        writer.close()


def read(answer: bytes) -> dict[str, Any]:
    """What a row says of an answer; one that is cut short is an error."""
    head, end, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not end or not lines[0].startswith("HTTP/1."):
        return {"error": "no answer"}
    named = [line.partition(": ")[::2] for line in lines[1:]]
    headers = {name.lower(): value for name, value in named}
    length = headers.get("content-length")
    if length is not None and len(body) < int(length):
        return {"error": "cut short"}
    return {
        "status": int(lines[0].split()[1]),
        "location": headers.get("location", ""),
        "code": headers.get("aiguilleur-code", ""),
        "sets": [value.partition("=")[0] for name, value in named if name.lower() == "set-cookie"],
    }


async def visit(port: int, data: bytes, row: dict[str, Any], due: float) -> None:
    """One visit; its time counts from when it was due, however late this process sent it."""
    row["late"] = round(time.monotonic() - due, 4)
    try:
        row |= read(await asyncio.wait_for(answered(port, data), _MOST_S))
    except (OSError, TimeoutError) as error:
        row["error"] = type(error).__name__
    row["seconds"] = round(time.monotonic() - due, 4)
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


async def arrive(plan: dict[str, Any]) -> None:
    lots = random.Random(plan["seed"])
    running: set[asyncio.Task[None]] = set()
    visits, start = plan["visits"], time.monotonic()
    for number, at in enumerate(instants(plan["steps"], lots if plan["random"] else None)):
        if (wait := start + at - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        index = lots.randrange(len(visits)) if plan["random"] else number % len(visits)
        row = {"number": number, "visit": index, "at": round(at, 4)}
        task = asyncio.create_task(visit(plan["port"], request(visits[index], number), row, start + at))
        running.add(task)
        task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(running)


if __name__ == "__main__":
    asyncio.run(arrive(json.load(sys.stdin)))
