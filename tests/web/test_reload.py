"""What is served while the files of the configuration are being edited."""

from __future__ import annotations

import gc
import json
import os
import platform
import re
import shutil
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from aiguilleur.web.reload import Reloading
from tests.conftest import ROOT
from tests.waiting import LATE, await_that

LINK = "/vers/teleservices/clg-rochat-rousses?source=educonnect"
OLD, NEW = "https://teleservices.education.gouv.fr/", "https://teleservices2.education.gouv.fr/"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIGUILLEUR_SECRET_KEYS", "k" * 32)
    monkeypatch.delenv("AIGUILLEUR_CONFIG", raising=False)
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


def unwatched() -> Reloading:
    """Without a watch of its own: the tests say when it looks."""
    over = threading.Event()
    over.set()
    return Reloading(over)


@pytest.fixture
def running(folder: Path) -> Reloading:
    return unwatched()


def edited(folder: Path, old: str, new: str, name: str = "targets.yaml") -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def destination(running: Reloading) -> str | None:
    return Client(running).get(LINK).headers.get("Location")


def ready(running: Reloading) -> Any:
    return json.loads(Client(running).get("/readyz").text)


def config_lines(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for path in folder.parent.glob("var/journal/*") for line in path.read_text().splitlines()]
    return [line for line in lines if line["event"] == "config"]


def config_events(folder: Path) -> list[tuple[str, str]]:
    return [(line["outcome"], line["policy"]) for line in config_lines(folder)]


def test_a_good_edit_is_served_once_it_stands_still(running: Reloading, folder: Path) -> None:
    before = ready(running)["digest"]
    edited(folder, OLD, NEW)
    running.look()
    assert destination(running) == OLD
    running.look()

    assert destination(running) == NEW
    assert ready(running)["digest"] != before
    assert config_events(folder) == [("loaded", ready(running)["digest"])]
    assert (folder.parent / "var" / "last-good").read_text() == ready(running)["digest"]


def test_what_was_replaced_is_given_back_at_the_next_look(running: Reloading, folder: Path) -> None:
    replaced = weakref.ref(running.app)
    edited(folder, OLD, NEW)
    gc.disable()
    try:
        for _ in range(3):
            running.look()
    finally:
        gc.enable()

    assert destination(running) == NEW
    assert replaced() is None


def resident_kb() -> int:
    [kb] = re.findall(r"^VmRSS:\s+(\d+)", Path("/proc/self/status").read_text(), re.M)
    return int(kb)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators give back by themselves")
@pytest.mark.parametrize("new", [NEW, "no address"])
def test_memory_that_an_edit_has_freed_goes_back_to_the_system(running: Reloading, folder: Path, new: str) -> None:
    edited(folder, OLD, new)
    running.look()
    blocks = [bytes(2000) for _ in range(50_000)]
    full = resident_kb()
    # Between what stays, too little is freed in one piece for the allocator to let go of it.
    kept = blocks[::64]
    del blocks
    assert resident_kb() > full - 10_000
    running.look()
    running.look()

    assert resident_kb() < full - 50_000
    assert len(kept) > 0


def test_a_bad_edit_changes_nothing_and_is_told_with_its_line(
    running: Reloading, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    digest = ready(running)["digest"]
    edited(folder, "is: active", "is: asleep", "rules.yaml")
    for _ in range(3):
        running.look()

    told = ready(running)
    assert destination(running) == OLD
    assert (told["ready"], told["digest"]) == (True, digest)
    assert "config/rules.yaml:" in told["degraded"]
    assert told["degraded"] in caplog.text
    assert config_events(folder) == [("refused", digest)]
    [line] = config_lines(folder)
    assert len(line["problems"]) == told["degraded"].count("\n") + 1
    assert all(f"{place}: " in told["degraded"] for place in line["problems"])
    assert re.fullmatch(r"config/rules\.yaml:\d+:\d+", line["problems"][0])


def test_a_folder_full_of_mistakes_gets_a_line_of_the_usual_length(running: Reloading, folder: Path) -> None:
    with (folder / "rules.yaml").open("a", encoding="utf-8") as rules:
        rules.writelines(f"no_such_key_{number}: 1\n" for number in range(50))
    for _ in range(3):
        running.look()

    [line] = config_lines(folder)
    assert ready(running)["degraded"].count("unknown key") == 50
    assert len(line["problems"]) == 20


def test_a_bad_edit_survives_a_cold_start_and_its_mending_is_served(running: Reloading, folder: Path) -> None:
    edited(folder, "is: active", "is: asleep", "rules.yaml")
    again = unwatched()
    assert destination(again) == OLD
    assert "config/rules.yaml:" in ready(again)["degraded"]
    edited(folder, "is: asleep", "is: active", "rules.yaml")
    edited(folder, OLD, NEW)
    again.look()
    again.look()

    assert destination(again) == NEW
    assert ready(again)["degraded"] == ""


def _gone(folder: Path) -> None:
    (folder / "rules.yaml").unlink()


def _emptied(folder: Path) -> None:
    (folder / "rules.yaml").write_bytes(b"")


def _binary(folder: Path) -> None:
    (folder / "rules.yaml").write_bytes(os.urandom(512))


def _all_gone(folder: Path) -> None:
    shutil.rmtree(folder)


def _unknown_key(folder: Path) -> None:
    edited(folder, "rules:\n", "rulez: []\nrules:\n", "rules.yaml")


def _duplicate_key(folder: Path) -> None:
    edited(folder, "mire_target:", "mire_target: ent\nmire_target:", "aiguilleur.yaml")


def _unknown_target(folder: Path) -> None:
    edited(folder, "mire_target: ", "mire_target: nowhere-", "aiguilleur.yaml")


def _syntax(folder: Path) -> None:
    edited(folder, "rules:\n", "rules: [\n", "rules.yaml")


def _half_written(folder: Path) -> None:
    path = folder / "sources.yaml"
    text = path.read_bytes()
    path.write_bytes(text[: text.index(b"probes:") + 3])


def _unreadable(folder: Path) -> None:
    # Also for root, whom no mode keeps out.
    (folder / "rules.yaml").unlink()
    (folder / "rules.yaml").mkdir()


BROKEN = [_gone, _emptied, _binary, _all_gone, _unknown_key, _duplicate_key, _unknown_target, _syntax, _half_written]


@pytest.mark.parametrize("broken", [*BROKEN, _unreadable])
def test_whatever_becomes_of_the_files_the_service_goes_on_and_a_good_edit_heals_it(
    folder: Path, broken: Callable[[Path], None]
) -> None:
    running, good = unwatched(), Path(shutil.copytree(folder, folder.parent / "good"))
    broken(folder)
    running.look()
    running.look()
    assert destination(running) == OLD
    assert re.match(r"config/\w+\.\w+(:\d+:\d+)?: ", ready(running)["degraded"])
    # A start with it, as after a power cut.
    assert destination(unwatched()) == OLD

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good, folder)
    edited(folder, OLD, NEW)
    running.look()
    running.look()
    assert (destination(running), ready(running)["degraded"]) == (NEW, "")


def test_a_file_that_is_replaced_by_renaming_is_served(running: Reloading, folder: Path) -> None:
    fresh = folder / ".targets.yaml.swp"
    fresh.write_text((folder / "targets.yaml").read_text(encoding="utf-8").replace(OLD, NEW), encoding="utf-8")
    fresh.replace(folder / "targets.yaml")
    running.look()
    running.look()

    assert destination(running) == NEW


def test_what_an_editor_keeps_beside_a_file_is_no_edit(running: Reloading, folder: Path) -> None:
    for name in (".rules.yaml.swp", "rules.yaml~"):
        (folder / name).write_text("rules: 1\n", encoding="utf-8")
    running.look()
    running.look()

    assert config_events(folder) == []


def test_a_folder_of_links_that_are_swapped_together_is_served(folder: Path) -> None:
    """As Kubernetes mounts a ConfigMap: each file leads through `..data`, which is replaced in one step."""
    for version, old in (("..1", OLD), ("..2", NEW)):
        shutil.copytree(ROOT / "config", folder.parent / "all" / version)
        edited(folder.parent / "all" / version, OLD, old)
    shutil.rmtree(folder)
    folder = (folder.parent / "all").rename(folder)
    (folder / "..data").symlink_to("..1")
    for path in (folder / "..1").glob("*.*"):
        (folder / path.name).symlink_to(f"..data/{path.name}")
    running = unwatched()
    assert destination(running) == OLD
    (folder / "..next").symlink_to("..2")
    (folder / "..next").replace(folder / "..data")
    running.look()
    running.look()

    assert destination(running) == NEW


def test_a_start_without_any_good_configuration_is_mended_by_an_edit(folder: Path) -> None:
    edited(folder, "is: active", "is: asleep", "rules.yaml")
    running = unwatched()
    assert "Ce lien est en cours de réglage" in Client(running).get(LINK).text
    edited(folder, "is: asleep", "is: active", "rules.yaml")
    running.look()
    running.look()

    assert destination(running) == OLD


def test_the_first_request_begins_the_watch_and_an_edit_is_served_within_five_seconds(folder: Path) -> None:
    over = threading.Event()
    running = Reloading(over)
    try:
        assert destination(running) == OLD
        edited(folder, OLD, NEW)
        await_that(lambda: destination(running) == NEW, 5 + LATE)
    finally:
        over.set()


def open_files() -> int:
    # An application is a cycle: its files are given back when the collector comes by.
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_reloads_leave_no_open_file(running: Reloading, folder: Path) -> None:
    counts = []
    for turn in range(12):
        edited(folder, *((OLD, NEW) if turn % 2 == 0 else (NEW, OLD)))
        running.look()
        running.look()
        destination(running)
        counts.append(open_files())

    assert counts[-1] <= counts[1]
