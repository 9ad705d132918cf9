"""What is tried before anyone is served by it, at a start and at an edit, and what is served when it breaks."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from werkzeug.test import Client

from aiguilleur.cli import main
from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes import Health, Runner
from aiguilleur.settings.load import load
from aiguilleur.web import pages, start
from aiguilleur.web.service import running_in
from aiguilleur.web.start import application
from aiguilleur.web.trial import in_time, trouble
from tests.conftest import ROOT
from tests.web.test_reload import NEW, OLD, config_lines, destination, edited, ready, unwatched

MIRE = "/mire/clg-rochat-rousses?vers=teleservices"
OURS = "<header><p>Académie</p>"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped configuration, with a theme."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIGUILLEUR_SECRET_KEYS", "k" * 32)
    monkeypatch.delenv("AIGUILLEUR_CONFIG", raising=False)
    folder = Path(shutil.copytree(ROOT / "config", tmp_path / "config"))
    with (folder / "aiguilleur.yaml").open("a", encoding="utf-8") as site:
        site.write("theme: theme\n")
    put(folder, "templates/_ecole.html", OURS)
    return folder


def put(folder: Path, name: str, text: str) -> None:
    path = folder / "theme" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def syntax(folder: Path) -> str:
    put(folder, "templates/_ecole.html", "<header>\n{% if %}")
    return "theme/templates/_ecole.html:2:1: Expected an expression"


def seldom_shown(folder: Path) -> str:
    put(folder, "templates/quitter.html", "{% extends 'base.html' %}\n\n{{ }")
    return "theme/templates/quitter.html:3:1: "


def drawing(folder: Path) -> str:
    put(folder, "templates/_ecole.html", "<header>\n{{ nobody.knows.this }}")
    return "theme/templates/_ecole.html:2:1: UndefinedError: 'nobody' is undefined"


def missing(folder: Path) -> str:
    put(folder, "templates/_ecole.html", "<header>{% include 'none.html' %}")
    return "theme/templates/_ecole.html:1:1: TemplateNotFound: none.html"


def not_text(folder: Path) -> str:
    put(folder, "locale/fr/ours.po", "")
    (folder / "theme/locale/fr/ours.po").write_bytes(b'msgid "a"\nmsgstr "\xe9"\n')
    return "theme/locale/fr/ours.po: 'utf-8' codec can't decode"


def no_catalogue(folder: Path) -> str:
    put(folder, "locale/en/ours.po", 'msgid ""\nmsgstr ""\n\nmsgstrange "x"\n')
    return "theme/locale/en/ours.po:4:1: "


def other_placeholder(folder: Path) -> str:
    put(folder, "locale/en/ours.po", 'msgid ""\nmsgstr ""\n\nmsgid "Accéder à : %(name)s"\nmsgstr "Go to %(nom)s"\n')
    return "theme/locale/en/ours.po:4:1: "


def stray_placeholder(folder: Path) -> str:
    put(folder, "locale/en/ours.po", 'msgid ""\nmsgstr ""\n\nmsgid "Changer de personne"\nmsgstr "Go %(where)s"\n')
    return "theme/locale/en/ours.po:4:1: 'Go %(where)s' cannot be filled in as 'Changer de personne' is: 'where'"


def per_cent(folder: Path) -> str:
    put(folder, "locale/en/ours.po", 'msgid ""\nmsgstr ""\n\nmsgid "Changer de personne"\nmsgstr "100 %"\n')
    return "a sign of per cent is written %%"


def of_windows(folder: Path) -> str:
    put(folder, "templates/_ecole.html", "")
    (folder / "theme/templates/_ecole.html").write_bytes("<header>Académie".encode("latin-1"))
    return "theme/templates/_ecole.html: cannot be read: 'utf-8' codec can't decode"


def behind_a_link(folder: Path) -> str:
    put(folder.parent, "elsewhere/affiche.html", "{% if %}")
    (folder / "theme/templates/kit").symlink_to(folder.parent / "theme/elsewhere")
    # And one that leads back to where it stands.
    (folder.parent / "theme/elsewhere/again").symlink_to("..")
    return "theme/templates/kit/affiche.html:1:1: Expected an expression"


BROKEN = [syntax, seldom_shown, drawing, missing, not_text, no_catalogue, other_placeholder]
BROKEN += [stray_placeholder, per_cent, of_windows, behind_a_link]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_start_with_a_broken_theme_serves_the_configuration_in_the_shipped_pages(
    folder: Path, broken: Callable[[Path], str]
) -> None:
    told = broken(folder)
    running = unwatched()

    assert destination(running) == OLD
    assert told in ready(running)["degraded"]
    page = Client(running).get(MIRE)
    assert (page.status_code, "Académie</p>" in page.text) == (200, False)
    assert not (folder.parent / "var" / "last-good").exists()


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_edit_of_the_theme_changes_nothing_and_its_mending_is_served(
    folder: Path, broken: Callable[[Path], str]
) -> None:
    running = unwatched()
    good = Path(shutil.copytree(folder / "theme", folder.parent / "good"))
    told = broken(folder)
    running.look()
    running.look()
    assert told in ready(running)["degraded"]
    assert Client(running).get(MIRE).text.count(OURS) == 1
    [line] = config_lines(folder)
    assert line["outcome"] == "refused"
    assert all(f"{place}: " in ready(running)["degraded"] for place in line["problems"])
    assert len(line["problems"]) == 1

    shutil.rmtree(folder / "theme")
    shutil.copytree(good, folder / "theme")
    put(folder, "templates/_ecole.html", "<header><p>Rectorat</p>")
    running.look()
    running.look()
    assert "<p>Rectorat</p>" in Client(running).get(MIRE).text
    assert ready(running)["degraded"] == ""


def test_a_theme_that_comes_after_the_file_that_names_it_is_served(folder: Path) -> None:
    theme = (folder / "theme").rename(folder.parent / "later")
    running = unwatched()
    assert (destination(running), OURS in Client(running).get(MIRE).text) == (OLD, False)
    assert "'theme' is not a folder" in ready(running)["degraded"]
    theme.rename(folder / "theme")
    running.look()
    running.look()

    assert Client(running).get(MIRE).text.count(OURS) == 1


def test_a_folder_of_templates_that_is_replaced_in_one_step_is_served_and_a_picture_is_no_edit(folder: Path) -> None:
    theme = folder / "theme"
    (theme / "templates").rename(folder.parent / "1")
    (theme / "templates").symlink_to(folder.parent / "1")
    running = unwatched()
    put(folder, "static/logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    running.look()
    running.look()
    assert config_lines(folder) == []
    shutil.copytree(folder.parent / "1", folder.parent / "2")
    (folder.parent / "2" / "_ecole.html").write_text("<header><p>Rectorat</p>", encoding="utf-8")
    (theme / "next").symlink_to(folder.parent / "2")
    (theme / "next").replace(theme / "templates")
    running.look()
    running.look()

    assert "<p>Rectorat</p>" in Client(running).get(MIRE).text


def no_end(folder: Path) -> None:
    (folder / "theme").symlink_to("theme")


def no_entry(folder: Path) -> None:
    named(folder, "x" * 300)


def no_name(folder: Path) -> None:
    named(folder, '"a\\0b"')


def named(folder: Path, theme: str) -> None:
    edited(folder, "theme: theme", f"theme: {theme}", "aiguilleur.yaml")


@pytest.mark.parametrize("away", [no_end, no_entry, no_name])
def test_a_theme_that_cannot_be_looked_at_is_one_that_is_not_there(folder: Path, away: Callable[[Path], None]) -> None:
    running = unwatched()
    shutil.rmtree(folder / "theme")
    away(folder)
    running.look()
    running.look()
    assert "is not a folder beside this file" in ready(running)["degraded"]
    # At a start the same, with the last good copy or without.
    assert destination(unwatched()) == OLD
    shutil.rmtree(folder.parent / "var")
    assert destination(unwatched()) == OLD
    checked = CliRunner().invoke(main, ["check"])
    assert (checked.exit_code, "is not a folder beside this file" in checked.output) == (1, True)


def test_a_theme_that_is_replaced_in_one_step_is_served_though_it_has_pictures_alone(folder: Path) -> None:
    shutil.rmtree(folder / "theme")
    for number in "12":
        sheet = folder.parent / number / "static" / "style.css"
        sheet.parent.mkdir(parents=True)
        sheet.write_text(f"/* {number} */")
    (folder / "theme").symlink_to(folder.parent / "1")
    running = unwatched()
    (folder / "next").symlink_to(folder.parent / "2")
    (folder / "next").replace(folder / "theme")
    running.look()
    running.look()

    with closing(Client(running).get("/static/style.css")) as sheet_2:
        assert sheet_2.text == "/* 2 */"


def test_one_page_of_ours_that_breaks_costs_no_other_address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("no mire")

    monkeypatch.setattr(pages, "mire", breaks)
    running = unwatched()

    assert destination(running) == OLD
    assert "RuntimeError: no mire" in ready(running)["degraded"]
    assert "Choisissez comment vous connecter" in Client(running).get(MIRE).text


def test_what_is_not_done_in_time_is_given_up() -> None:
    over = threading.Event()
    try:
        with pytest.raises(TimeoutError, match="pages are not drawn within"):
            in_time(over.wait, 0.05)
        with pytest.raises(ZeroDivisionError):
            in_time(lambda: 1 // 0)
        assert in_time(lambda: "done") == "done"
    finally:
        over.set()


def test_what_an_editor_keeps_beside_a_template_is_no_edit_and_no_template(folder: Path) -> None:
    running = unwatched()
    for name in ("templates/_ecole.html~", "templates/.#_ecole.html", "templates/.git/x.html", "locale/fr/.#ours.po"):
        put(folder, name, "{% if %}")
    os.mkfifo(folder / "theme/locale/fr/pipe.po")
    running.look()
    running.look()
    assert config_lines(folder) == []
    edited(folder, OLD, NEW)
    running.look()
    running.look()

    assert destination(running) == NEW


def test_the_last_good_copy_is_served_in_its_theme_and_without_when_that_breaks(folder: Path) -> None:
    application()
    edited(folder, "is: active", "is: asleep", "rules.yaml")
    running = unwatched()
    assert (destination(running), Client(running).get(MIRE).text.count(OURS)) == (OLD, 1)

    syntax(folder)
    running = unwatched()
    assert (destination(running), Client(running).get(MIRE).status_code) == (OLD, 200)
    assert OURS not in Client(running).get(MIRE).text

    shutil.rmtree(folder / "theme")
    assert destination(unwatched()) == OLD


def test_a_fault_in_reading_does_not_cost_the_last_good_copy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(path: Path, *, themed_by: Path | None = None) -> object:
        if path == Path("config"):
            raise RuntimeError("no such luck")
        return load(path, themed_by=themed_by)

    application()
    monkeypatch.setattr(start, "load", breaks)
    running = unwatched()

    assert destination(running) == OLD
    assert "RuntimeError: no such luck" in ready(running)["degraded"]


def test_a_program_that_cannot_put_itself_together_shows_a_page_that_tells_no_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object, **__: object) -> Flask:
        raise RuntimeError("no such luck")

    application()
    monkeypatch.setattr(start, "create_app", breaks)
    client = application().test_client()

    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PURGE"):
        page = client.open("/vers/teleservices/clg-rochat-rousses", method=method)
        assert page.status_code == 200
        if method != "OPTIONS":
            assert "Ce lien est en cours de réglage" in page.text
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert page.headers["Cache-Control"] == "no-store"
    assert client.head("/").status_code == 200
    assert "code" not in client.get("/").text
    with client.get("/static/style.css") as sheet:
        assert sheet.status_code == 200
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 503)
    assert "RuntimeError: no such luck" in client.get("/readyz").text
    assert "no such luck" in caplog.text


def test_a_trial_asks_no_source(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[ProbeRef]()

    def admit(_: Runner, ref: ProbeRef) -> Reason:
        asked.append(ref)
        return Reason.BREAKER

    # As a probe that asks also for who brings no cookie.
    monkeypatch.setattr(Runner, "question", lambda *_: b"anybody")
    monkeypatch.setattr(Runner, "admit", admit)
    # Its sources have no end.
    monkeypatch.setenv("AIGUILLEUR_CONFIG", str(folder / "sandbox"))
    client = application().test_client()

    assert asked == []
    assert client.get("/vers/teleservices/clg-rochat-rousses").status_code in (200, 303)
    assert asked != []


def test_a_trial_writes_nothing(folder: Path) -> None:
    application()

    assert list(folder.parent.glob("var/journal/*")) == []


def test_an_edit_does_not_forget_which_source_is_sick(folder: Path) -> None:
    def told() -> dict[str, Health]:
        service = running_in(running.app)
        assert service is not None
        return service.runner.health()

    running = unwatched()
    service = running_in(running.app)
    assert service is not None
    ref = next(iter(service.runner.probes.values())).ref
    for _ in range(3):
        turn = service.runner.admit(ref)
        assert isinstance(turn, int)
        silent = Finding(ref.source, SessionState.UNKNOWN, Channel.BACK, ref.id, Reason.DEADLINE, 1000)
        service.runner.learn(ref, turn, silent)
    assert told()[ref.id].state == "open"
    edited(folder, OLD, NEW)
    running.look()
    running.look()
    assert (destination(running), told()[ref.id].state) == (NEW, "open")

    # A probe that asks something else is another one.
    edited(folder, "absent: aten-auth", "absent: login", "sources.yaml")
    running.look()
    running.look()
    assert told()[ref.id].state == "closed"


def test_trouble_without_a_template_is_told_with_its_kind() -> None:
    try:
        time.sleep(-1)
    except ValueError as error:
        told = trouble(error)

    assert (told.file, told.message) == (__file__, "ValueError: sleep length must be non-negative")
    assert told.line > 0


@pytest.mark.parametrize("broken", BROKEN)
def test_check_tells_what_would_break_and_touches_nothing(folder: Path, broken: Callable[[Path], str]) -> None:
    assert CliRunner().invoke(main, ["check"]).exit_code == 0
    told = broken(folder)
    checked = CliRunner().invoke(main, ["check"])

    assert checked.exit_code == 1
    assert told in checked.output
    assert checked.output.endswith("1 error, 0 warnings. Nothing was loaded; the running configuration is unchanged.\n")
    assert not (folder.parent / "var").exists()
