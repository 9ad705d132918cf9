"""The signing key is changed on three nodes, one after the other, while visitors come whom the old one knows."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from aiguilleur.web.visit import REMEMBERED_COOKIE
from tests.load import arriving, by_status
from tests.nodes import ETAB, LINK, SERVICES, Node, click
from tests.several.fleet import Fleet, asked, assert_sent, fleet
from tests.waiting import await_that

pytestmark = [pytest.mark.redis, pytest.mark.haproxy]

_OLD, _NEW = "old-" * 8, "new-" * 8
_CHOICE = {"vers": "teleservices", "etab": ETAB, "source": "aten", "souvenir": "1"}


def prepare(folder: Path) -> None:
    """A choice that is remembered decides, so that whoever cannot read it shows the mire; the key is in a file."""
    rules = folder / "config" / "rules.yaml"
    remembered = "  - {id: remembered, when: [{remembered: aten}], then: {redirect: aten}}\ndefault:"
    rules.write_text(rules.read_text(encoding="utf-8").replace("default:", remembered), encoding="utf-8")
    site = folder / "config" / "aiguilleur.yaml"
    site.write_text(site.read_text(encoding="utf-8") + f"secret_keys_file: {folder}/keys\n", encoding="utf-8")
    write_keys(folder, _OLD)


def write_keys(folder: Path, *keys: str) -> None:
    (folder / "keys").write_text("\n".join(keys), encoding="utf-8")
    (folder / "keys").chmod(0o640)


def take(nodes: Iterable[Node], *keys: str) -> None:
    """Let nodes have these keys from now on, the last one to sign with, as `systemctl reload` does it."""
    for node in nodes:
        before = node.workers()
        write_keys(node.folder, *keys)
        os.kill(node.process.pid, signal.SIGHUP)
        await_that(lambda node=node, before=before: not {*before} & {*node.workers()})  # type: ignore[misc]
        # Before that, all might be starting at once, and nobody be there to answer.
        node.await_workers(1)


def remembered_by(node: Node) -> str:
    """The cookie of a visitor who asked this node to remember that they go to ATEN."""
    kept = asked(node.port, "/choix", form=_CHOICE).headers.get_all("Set-Cookie") or []
    return next(each.partition(";")[0] for each in kept if each.startswith(REMEMBERED_COOKIE))


def places(whole: Fleet, cookie: str) -> list[str]:
    """Where each node sends them."""
    return [asked(node.port, LINK, cookie).headers.get("Location", "") for node in whole.nodes.values()]


def test_the_key_is_changed_on_all_nodes_and_nobody_is_forgotten(tmp_path: Path) -> None:
    from_file = {"AIGUILLEUR_SECRET_KEYS": ""}
    with fleet(tmp_path, more="remember_days: 30", prepare=prepare, environment=from_file) as whole:
        nodes = list(whole.nodes.values())
        first = nodes[0]
        old = remembered_by(first)
        with arriving(whole.port, [click(Cookie=old)], (60, 20)) as load:
            take(nodes, _NEW, _OLD)
            take([first], _OLD, _NEW)
            new = remembered_by(first)
            # Those that do not sign with it yet know it already.
            assert places(whole, new) == [SERVICES["aten"]] * 3
            take(nodes[1:], _OLD, _NEW)
            await_that(lambda: len(load.so_far()) > 20)
            rows = load.so_far()
        take(nodes, _NEW)

        assert [row for row in rows if row.error] == []
        assert set(by_status(rows)) <= {200, 303}
        assert {row.location for row in rows if row.status == 303} == {SERVICES["aten"]}
        assert_sent(rows)
        assert places(whole, new) == [SERVICES["aten"]] * 3
        # The old one is worth nothing any more.
        assert places(whole, old) == [""] * 3
