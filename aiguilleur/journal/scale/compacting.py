"""Days that are over, put away as Parquet: no line is lost, whenever the machine stops, and whoever still writes."""

from __future__ import annotations

import fcntl
import gzip
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from aiguilleur.errors import JournalError
from aiguilleur.journal.reading import oldest
from aiguilleur.journal.scale import sql
from aiguilleur.journal.scale.database import Database, opened, quoted
from aiguilleur.journal.scale.files import Files, day_file, flaw_of
from aiguilleur.journal.scale.replacing import Held, Replacement, finish
from aiguilleur.journal.scale.report import ZONE
from aiguilleur.journal.sinks import FileSink

#: A file that was written to more recently than this is left alone, in seconds.
QUIET_S = 3600
#: So many bytes are put away at once; what is gzipped counts ten times.
_BATCH = 256 << 20
_BLOCK = 1 << 20
_NO_LINE = "holds no line of a journal"


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was put away: lines, those of them that cannot be read, the days' files, bytes before and after."""

    lines: int = 0
    torn: int = 0
    days: tuple[Path, ...] = ()
    replaced: tuple[Path, ...] = ()
    before: int = 0
    after: int = 0
    #: What was left as it is, and why.
    left: tuple[tuple[Path, str], ...] = ()


def compact(
    files: Files,
    archive: Path,
    *,
    now: datetime,
    keep: bool = False,
    zone: str = ZONE,
    step: Callable[[int, int], None] = lambda *_: None,
) -> Compacted:
    """Put the lines of past days (UTC) into one file a day, below `archive`, and remove the files that held them.

    `keep` moves those into a folder beside them instead. `step` is told how many bytes are done, of how many.
    Raises JournalError when someone else is at it, when the extra `ops` is not installed or the disk refuses.
    """
    try:
        with _alone(archive):
            return _Compaction(archive, now, zone, keep).run(files, step)
    except OSError as error:
        raise JournalError(f"{error.filename or archive}: {error.strerror or error}; nothing was lost") from error


@dataclass(frozen=True, slots=True)
class _Day:
    """A day's new file, how many lines it has from the files at hand, and how many of them cannot be read."""

    name: str
    lines: int
    torn: int


def rotated(sink: FileSink, now: datetime) -> Path | None:
    """Give another name to the file of a sink, if it has lines of past days; the sink begins a new one by itself."""
    path = Path(sink.path)
    if "{day}" in sink.path or not path.exists():
        return None
    first = next(oldest((path,)), None)
    if first is None or first.time.date() >= now.astimezone(UTC).date():
        return None
    # Nobody else has renamed it since its first line was written, so that this name is free.
    return path.rename(path.with_name(f"{path.name}-{now:%Y%m%dT%H%M%S}"))


class _Compaction:
    def __init__(self, archive: Path, now: datetime, zone: str, keep: bool) -> None:
        self._archive, self._zone, self._keep = archive, zone, keep
        self._now, self._today = now.timestamp(), now.astimezone(UTC).date()
        self._done = Compacted()

    def run(self, files: Files, step: Callable[[int, int], None]) -> Compacted:
        finish(self._archive)
        quiet = [path for path in files.lines if path.exists() and self._is_quiet(path) and self._is_sound(path)]
        weights = {path: _weight(path) for path in sorted(quiet, key=lambda path: (path.name, path))}
        total, done = sum(weights.values()), 0
        for batch in _batches(weights):
            step(done, total)
            self._put_away(batch)
            done += sum(weights[path] for path in batch)
        step(total, total)
        return self._done

    def _is_quiet(self, path: Path) -> bool:
        if self._now - path.stat().st_mtime >= QUIET_S:
            return True
        self._leave(path, "written to within the last hour")
        return False

    def _leave(self, path: Path, why: str) -> None:
        self._done = replace(self._done, left=(*self._done.left, (path, why)))

    def _put_away(self, batch: list[Path]) -> None:
        fresh = self._archive / ".fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        there = sorted(self._archive.glob("journal-*.parquet"))
        held = {path: Held.at(path) for path in batch}
        with opened([*batch, *there], writing=[fresh]) as database:
            database.run(sql.STAGED.format(rows=sql.lines(batch)))
            over = [path for path in self._over(database, batch) if self._is_whole(database, held[path])]
            if not over:
                return
            days = list(self._written(database, over, fresh))
        replacement = Replacement(tuple(day.name for day in days), tuple(held[path] for path in over))
        replacement.commit(self._archive, keep=self._keep)
        finish(self._archive)
        self._told([held[path] for path in over], days)

    def _over(self, database: Database, batch: list[Path]) -> Iterator[Path]:
        """The files whose days are all over."""
        told = {Path(file): (ours, last) for file, ours, last in database.run(sql.PER_FILE)}
        for path in batch:
            ours, last = told.get(path, (0, None))
            if not ours:
                self._leave(path, _NO_LINE)
            elif last >= self._today:
                self._leave(path, "holds lines of today")
            else:
                yield path

    def _is_sound(self, path: Path) -> bool:
        """Whether a file can be unpacked to its end."""
        if path.suffix != ".gz":
            return True
        why = flaw_of(path) or ("" if path.stat().st_size else _NO_LINE)
        if why:
            self._leave(path, why)
        return not why

    def _is_whole(self, database: Database, held: Held) -> bool:
        """Whether every line was read, counted in another way."""
        path = held.path
        read = dict(database.run(sql.WRITTEN_LINES.format(rows=sql.read([path])))).get(str(path), 0)
        counted, same = _count(path), Held.at(path) == held
        if read == counted and same:
            return True
        self._leave(path, "has just changed" if not same else f"has {counted} lines, of which {read} could be read")
        return False

    def _written(self, database: Database, over: list[Path], fresh: Path) -> Iterator[_Day]:
        files = sql.among(over)
        for day, lines, torn in database.run(sql.DAYS.format(files=files)):
            yield _Day(self._written_day(database, day, lines, files, fresh).name, lines, torn)

    def _written_day(self, database: Database, day: date, lines: int, files: str, fresh: Path) -> Path:
        rows, before = sql.ONE_DAY.format(day=quoted(day.isoformat()), files=files), day_file(self._archive, day)
        there = 0
        if before.exists():
            [(there,)] = database.run(f"SELECT count(*) FROM read_parquet({quoted(str(before))})")
            rows = f"{rows} UNION ALL BY NAME {sql.BEFORE.format(file=quoted(str(before)))}"
        path = day_file(fresh, day)
        database.run(sql.COPY.format(rows=sql.closed(rows, self._zone), file=quoted(str(path))))
        [(written,)] = database.run(f"SELECT count(*) FROM read_parquet({quoted(str(path))})")
        if written != lines + there:
            raise JournalError(f"{path}: {written} lines were written of {lines + there}; nothing was replaced")
        return path

    def _told(self, over: list[Held], days: list[_Day]) -> None:
        done = self._done
        new = [path for path in (self._archive / day.name for day in days) if path not in done.days]
        self._done = replace(
            done,
            lines=done.lines + sum(day.lines for day in days),
            torn=done.torn + sum(day.torn for day in days),
            days=(*done.days, *new),
            replaced=(*done.replaced, *(each.path for each in over)),
            before=done.before + sum(each.size for each in over),
            after=sum(path.stat().st_size for path in (*done.days, *new)),
        )


@contextmanager
def _alone(archive: Path) -> Iterator[None]:
    archive.mkdir(parents=True, exist_ok=True)
    with (archive / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalError(f"{archive}: someone else is compacting it; try again later") from error
        yield


def _batches(weights: Mapping[Path, int]) -> Iterator[list[Path]]:
    """These files, some at a time; those of one day, which have one name on every node, mostly together."""
    batch: list[Path] = []
    for path in weights:
        if batch and path.name != batch[-1].name and sum(weights[each] for each in batch) >= _BATCH:
            yield batch
            batch = []
        batch.append(path)
    if batch:
        yield batch


def _weight(path: Path) -> int:
    return path.stat().st_size * (10 if path.suffix == ".gz" else 1)


def _count(path: Path) -> int:
    """How many lines a file has, counted byte by byte."""
    lines, last = 0, b"\n"
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        while block := file.read(_BLOCK):
            lines, last = lines + block.count(b"\n"), block[-1:]
    return lines + (last != b"\n")
