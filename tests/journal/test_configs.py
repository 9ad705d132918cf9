from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aiguilleur.journal import config_path, keep, last_good, remember_last_good

FILES = {"rules.yaml": b"rules: []\n", "sources.yaml": b"sources: []\n"}


def kept(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_workers_that_start_together_keep_one_whole_copy(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: keep(tmp_path, "abc123", FILES), range(32)))
    folder = config_path(tmp_path, "abc123")

    assert folder
    assert kept(folder) == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["abc123"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_what_is_kept_is_never_overwritten(tmp_path: Path) -> None:
    keep(tmp_path, "abc123", FILES)
    keep(tmp_path, "abc123", {"rules.yaml": b"other"})
    folder = config_path(tmp_path, "abc123")

    assert folder
    assert kept(folder) == FILES


def test_a_copy_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        keep(tmp_path, "abc123", {"rules.yaml": b"", "nowhere/x.yaml": b""})

    assert config_path(tmp_path, "abc123") is None
    assert list((tmp_path / "configurations").iterdir()) == []


@pytest.mark.parametrize("digest", ["", "..", "../../etc", "ABC123", "abc12", "zzzzzz", "abc124"])
def test_only_a_digest_that_is_kept_has_a_folder(tmp_path: Path, digest: str) -> None:
    keep(tmp_path, "abc123", FILES)

    assert config_path(tmp_path, digest) is None


def test_the_last_good_one_is_the_last_that_was_accepted(tmp_path: Path) -> None:
    for digest in ("abc123", "def456", "abc123"):
        keep(tmp_path, digest, FILES)
        remember_last_good(tmp_path, digest)

    assert last_good(tmp_path) == tmp_path / "configurations" / "abc123"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["configurations", "last-good"]


def test_a_pointer_to_nothing_or_to_elsewhere_is_no_configuration(tmp_path: Path) -> None:
    remember_last_good(tmp_path / "new", "abc123")
    (tmp_path / "last-good").write_bytes(b"\xff../etc")

    assert last_good(tmp_path / "new") is None
    assert last_good(tmp_path) is None
