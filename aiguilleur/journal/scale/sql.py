"""The queries, all of them: what a line is, what a visit is, and what is counted.

`journal` has a row for each line, with the fields of `JournalEntry` as columns and four more: `day`, the local day;
`closes`, whether it is the last of its visit; `settled`, what the visit was settled by; `raw`, the line as it
was written where the columns do not say it all. `visits` has a row for each visit: its last line. Compacted days hold
these columns; of other files they are made here.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiguilleur.core.model import BROUGHT_BACK
from aiguilleur.journal.entry import UNKNOWN, Event
from aiguilleur.journal.scale.database import quoted
from aiguilleur.journal.scale.results import Scope
from aiguilleur.journal.settled import Settled

#: The columns of a line, in the order of the fields of `JournalEntry`.
COLUMNS = {
    "time": "TIMESTAMP",
    "code": "VARCHAR",
    "event": "VARCHAR",
    "target": "VARCHAR",
    "page": "VARCHAR",
    "etab": "VARCHAR",
    "academy": "VARCHAR",
    "school_kind": "VARCHAR",
    "entry": "VARCHAR",
    "arrival": "VARCHAR",
    "outcome": "VARCHAR",
    "source": "VARCHAR",
    "rule": "VARCHAR",
    "status": "SMALLINT",
    "host": "VARCHAR",
    "legs": "SMALLINT",
    "ms": "INTEGER",
    "open": "VARCHAR[]",
    "ill": "VARCHAR[]",
    "findings": 'STRUCT(source VARCHAR, state VARCHAR, channel VARCHAR, "by" VARCHAR, reason VARCHAR, ms INTEGER)[]',
    "signals": "STRUCT(choice VARCHAR, remembered VARCHAR, referer_host VARCHAR, cookies VARCHAR[])",
    "again": "STRUCT(rule VARCHAR, after_s INTEGER)",
    "shadow": "VARCHAR",
    "problems": "VARCHAR[]",
    "policy": "VARCHAR",
    "node": "VARCHAR",
    "version": "VARCHAR",
}
#: The same as the JSON that `from_json` takes.
_SHAPE = """{"time": "VARCHAR", "code": "VARCHAR", "event": "VARCHAR", "target": "VARCHAR", "page": "VARCHAR",
  "etab": "VARCHAR", "academy": "VARCHAR", "school_kind": "VARCHAR", "entry": "VARCHAR", "arrival": "VARCHAR",
  "outcome": "VARCHAR", "source": "VARCHAR", "rule": "VARCHAR", "status": "SMALLINT", "host": "VARCHAR",
  "legs": "SMALLINT", "ms": "INTEGER", "open": ["VARCHAR"], "ill": ["VARCHAR"],
  "findings": [{"source": "VARCHAR", "state": "VARCHAR", "channel": "VARCHAR", "by": "VARCHAR", "reason": "VARCHAR",
    "ms": "INTEGER"}],
  "signals": {"choice": "VARCHAR", "remembered": "VARCHAR", "referer_host": "VARCHAR", "cookies": ["VARCHAR"]},
  "again": {"rule": "VARCHAR", "after_s": "INTEGER"}, "shadow": "VARCHAR", "problems": ["VARCHAR"],
  "policy": "VARCHAR", "node": "VARCHAR", "version": "VARCHAR"}"""
_NAMES = "[" + ", ".join(map(quoted, COLUMNS)) + "]"
_EVENTS = ", ".join(quoted(each) for each in Event)
_APART = ", ".join(quoted(each) for each in (Event.CONFIG, Event.SOURCE, Event.DIAGNOSED, Event.RETURNED, Event.AGAIN))
_BACK = ", ".join(quoted(each) for each in BROUGHT_BACK)
#: The rows of no file.
NOTHING = (
    "SELECT "
    + ", ".join(f"NULL::{kind} AS {name}" for name, kind in COLUMNS.items())
    + ", NULL::VARCHAR AS raw, NULL::DATE AS day, NULL::BOOLEAN AS closes, NULL::VARCHAR AS settled WHERE false"
)
#: Two lines of one code, target and school this far apart are of two visits: no journey lives longer.
_APART_S = 1800

#: Every byte is a letter here, so that no line is lost to its encoding; what is ours is ASCII.
_READ = """SELECT filename AS file, line FROM read_csv({files}, filename=true,
    columns={{'line': 'VARCHAR'}}, auto_detect=false, header=false,
    delim='\x01', quote='', escape='', encoding='latin-1', strict_mode=false, max_line_size=16000000,
    ignore_errors=true, store_rejects=true, rejects_limit=0, compression='{packed}')"""

#: What a full disk left of a line may stand before a whole one that another worker wrote.
_WHOLE = """SELECT file, line AS raw, CASE WHEN json_valid(line) THEN line
    WHEN contains(line[2:], '{"time":') THEN '{"time":' || string_split(line, '{"time":')[-1] END AS whole
  FROM read WHERE trim(line) <> ''"""

_PARSED = (
    f"""SELECT file, raw, whole, unnest(from_json(CASE WHEN json_valid(whole) THEN whole END, '{_SHAPE}')) FROM whole"""
)

#: A time that no clock has shown is none: a year far off makes a report of all the weeks until then.
_TIME = """CASE WHEN TRY_CAST(time AS TIMESTAMPTZ)::TIMESTAMP BETWEEN TIMESTAMP '2000-01-01' AND TIMESTAMP '2100-01-01'
    THEN TRY_CAST(time AS TIMESTAMPTZ)::TIMESTAMP END"""
#: What is no line of the journal keeps its text alone; what is more than a line keeps its text as well.
_CHECKED = f"""SELECT * EXCLUDE (raw, whole) REPLACE ({_TIME} AS time),
    CASE WHEN raw = whole AND list_has_all({_NAMES}, json_keys(CASE WHEN json_valid(whole) THEN whole END))
      THEN NULL ELSE raw END AS raw
  FROM parsed"""
_FOREIGN = f"""(time IS NULL OR code IS NULL OR event IS NULL OR event NOT IN ({_EVENTS}))"""
_OURS = f"""SELECT * REPLACE (CASE WHEN {_FOREIGN} THEN NULL ELSE event END AS event) FROM checked"""

_SETTLED = f"""CASE WHEN event = '{Event.ASKED}' THEN '{Settled.AWAY}'
    WHEN event IN ('{Event.CHOICE}', '{Event.REFUSED}') OR outcome = 'discover' THEN '{Settled.MIRE}'
    WHEN len(list_filter(findings, lambda f: f.channel = 'front' AND f.reason IN ({_BACK}))) > 0
      THEN '{Settled.BROWSER}'
    WHEN len(list_filter(findings, lambda f: f.channel = 'back' AND f.state <> 'unknown')) > 0
      THEN '{Settled.SERVER}'
    ELSE '{Settled.SIGNAL}' END"""

#: An address that is none of ours leads to a page, and is nobody's visit to a service.
_OF_A_VISIT = f"""(event IS NOT NULL AND event NOT IN ({_APART})
      AND NOT (coalesce(target, '{UNKNOWN}') = '{UNKNOWN}' AND source IS NULL AND coalesce(status, 0) >= 400))"""
#: The visit of a line is told by its code, which recurs, with target and school, and by time.
_CLOSED = f"""SELECT *, timezone('{{zone}}', time AT TIME ZONE 'UTC')::DATE AS day,
    {_OF_A_VISIT} AND coalesce(
      lead(time) OVER (PARTITION BY {_OF_A_VISIT}, code, target, etab ORDER BY time, legs)
        - time > INTERVAL {_APART_S} SECOND, true) AS closes,
    {_SETTLED} AS settled
  FROM ({{rows}})"""

#: A line that cannot be read is kept with its file's last day.
STAGED = """CREATE TEMP TABLE staged AS
  SELECT *, coalesce(time, max(time) OVER (PARTITION BY file))::DATE AS utc FROM ({rows})"""
#: How many lines of a file are ours, and its last day.
PER_FILE = "SELECT file, count(event), max(utc) FROM staged GROUP BY file"
WRITTEN_LINES = "SELECT file, count(*) FROM ({rows}) GROUP BY file"
DAYS = "SELECT utc, count(*), count(*) - count(event) FROM staged WHERE file IN {files} GROUP BY utc ORDER BY utc"
ONE_DAY = "SELECT * EXCLUDE (file, utc) FROM staged WHERE utc = {day} AND file IN {files}"
#: What a day's file holds already; the visits are told apart anew.
BEFORE = "SELECT * EXCLUDE (day, closes, settled) FROM read_parquet({file})"
#: A code is found by the least and the greatest of a group of rows, which must therefore be few.
COPY = """COPY (SELECT * FROM ({rows}) ORDER BY code, time, legs) TO {file}
  (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 16384)"""


def lines(files: Iterable[Path]) -> str:
    """The rows of files that hold lines, with their `file`; one that cannot be read has a text and no `event`."""
    steps = {"read": read(files), "whole": _WHOLE, "parsed": _PARSED, "checked": _CHECKED}
    return "WITH " + ",\n".join(f"{name} AS ({step})" for name, step in steps.items()) + "\n" + _OURS


def read(files: Iterable[Path]) -> str:
    """Every line of these files as it stands, blank ones (NULL) too."""
    by_packing: dict[str, list[Path]] = {}
    for path in files:
        by_packing.setdefault("gzip" if path.suffix == ".gz" else "none", []).append(path)
    return " UNION ALL ".join(_READ.format(files=literal(paths), packed=how) for how, paths in by_packing.items())


def closed(rows: str, zone: str) -> str:
    """These lines with what is made of them: their local day, and how their visit ends."""
    return _CLOSED.format(rows=rows, zone=zone)


def days(files: Iterable[Path]) -> str:
    """The rows of compacted days; what was no field yet when a day was compacted is NULL there."""
    return f"SELECT * FROM read_parquet({literal(files)}, union_by_name=true)"


def scope(asked: Scope) -> str:
    """The condition on a visit `v`; its `$names` are the fields of the scope that are set."""
    period = ["v.time >= $since"] * bool(asked.since) + ["v.time < $until"] * bool(asked.until)
    names = [f"v.{name} = ${name}" for name in ("etab", "academy", "target", "source") if getattr(asked, name)]
    return " AND ".join(period + names) or "true"


def among(files: Iterable[Path]) -> str:
    """What `file IN` takes."""
    return "(" + ", ".join(quoted(str(each)) for each in files) + ")"


def literal(files: Iterable[Path]) -> str:
    """A list of files as SQL writes it."""
    return "[" + ", ".join(quoted(str(each)) for each in files) + "]"


BY_CODE = "SELECT * FROM ({days}) WHERE event IS NOT NULL AND code = $code ORDER BY time DESC, legs DESC LIMIT $most"
BY_SCHOOL = """SELECT * FROM ({days})
  WHERE event IS NOT NULL AND etab = $etab AND time BETWEEN $since AND $until ORDER BY time, legs"""

#: A line longer than any reader takes is torn as well; its beginning is kept.
TOO_LONG = "INSERT INTO recent (raw) SELECT csv_line[:200] FROM reject_errors"
#: Over `written`, the rows of every file; `torn` counts are of it.
VIEWS = (
    "CREATE TEMP VIEW journal AS SELECT * EXCLUDE (raw) FROM written WHERE event IS NOT NULL",
    "CREATE TEMP VIEW visits AS SELECT * FROM journal WHERE closes",
)
_KIND = f"""CASE event WHEN '{Event.CHOICE}' THEN 'chosen' WHEN '{Event.REFUSED}' THEN 'refused'
    WHEN '{Event.ASKED}' THEN 'away' ELSE if(outcome = 'redirect', 'silent', 'left') END"""

#: What visitors came back from: its place, the rule that is regretted and the second at which it sent them.
COMEBACKS = """CREATE TEMP TABLE comebacks AS
  SELECT DISTINCT target, coalesce(etab, '') AS etab, again.rule AS rule,
    epoch_ms(time) // 1000 - again.after_s AS second
  FROM journal WHERE again IS NOT NULL"""

#: What is counted, in as few bytes as ten million of them ask for.
COUNTED = f"""CREATE TEMP TABLE counted AS
  SELECT day, date_trunc('week', day)::DATE AS week, coalesce(academy, '') AS academy, coalesce(v.etab, '') AS etab,
    coalesce(v.target, '') AS target, coalesce(source, '') AS source, coalesce(v.rule, '') AS rule, settled,
    coalesce(node, '') AS node, {_KIND} AS kind, coalesce(ms, 0) AS ms, c.rule IS NOT NULL AS again
  FROM visits v LEFT JOIN comebacks c ON c.target = v.target AND c.rule = v.rule AND c.etab = coalesce(v.etab, '')
    AND c.second = epoch_ms(v.time) // 1000
  WHERE {{scope}}"""

SPAN = "SELECT count(*), min(time), max(time) FROM journal v WHERE {scope}"
TORN = "SELECT count(*) FROM written WHERE event IS NULL"

#: By whole milliseconds first: then the quantiles are exact, and cheap.
COUNTS = """WITH by_ms AS (
    SELECT {key} AS key, ms, count(*) AS n, count(*) FILTER (kind = 'silent') AS silent,
      count(*) FILTER (kind = 'chosen') AS chosen, count(*) FILTER (kind = 'left') AS left_,
      count(*) FILTER (kind = 'refused') AS refused, count(*) FILTER (kind = 'away') AS away,
      count(*) FILTER (again) AS again
    FROM counted GROUP BY ALL),
  ranked AS (
    SELECT *, sum(n) OVER (PARTITION BY key ORDER BY ms) AS upto, sum(n) OVER (PARTITION BY key) AS of FROM by_ms)
  SELECT key::VARCHAR, sum(n)::BIGINT, sum(silent)::BIGINT, sum(chosen)::BIGINT, sum(left_)::BIGINT,
    sum(refused)::BIGINT, sum(away)::BIGINT, sum(again)::BIGINT,
    min(ms) FILTER (upto >= 0.5 * of), min(ms) FILTER (upto >= 0.99 * of)
  FROM ranked GROUP BY key ORDER BY key"""

MIGRATION = """SELECT week, academy, etab, source, count(*) FROM counted
  WHERE kind IN ('silent', 'chosen') GROUP BY ALL ORDER BY ALL"""
SETTLED_WEEKS = "SELECT week, settled, count(*) FROM counted GROUP BY ALL ORDER BY ALL"
#: Bins of a quarter of an octave: 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20…
LATENCY = """SELECT settled, ceil(2 ** (ceil(log2(greatest(ms, 1)) * 4) / 4))::INTEGER AS upto, sum(n)::BIGINT
  FROM (SELECT settled, ms, count(*) AS n FROM counted GROUP BY ALL) GROUP BY ALL ORDER BY ALL"""
REASONS = """SELECT date_trunc('week', day)::DATE, f.source, f.state, f.channel, f.reason, count(*)
  FROM (SELECT day, unnest(findings) AS f FROM visits v WHERE {scope}) GROUP BY ALL ORDER BY ALL"""

REGRETS = """SELECT {key}::VARCHAR, count(*), count(*) FILTER (again) FROM counted WHERE kind IN ('silent', 'chosen')
  GROUP BY ALL ORDER BY ALL"""
#: A visit has several signals, and counts with each.
SIGNAL_REGRETS = """WITH counts AS (
    SELECT signals, entry, arrival, count(*) AS n, 0 AS again FROM visits v
    WHERE outcome = 'redirect' AND {scope} GROUP BY ALL
    UNION ALL SELECT signals, entry, arrival, 0, count(*)
    FROM visits v JOIN comebacks c ON c.target = v.target AND c.rule = v.rule AND c.etab = coalesce(v.etab, '')
      AND c.second = epoch_ms(v.time) // 1000
    WHERE outcome = 'redirect' AND {scope} GROUP BY ALL),
  each AS (
    SELECT n, again, unnest(list_concat(
      ['entry:' || entry, 'arrival:' || coalesce(arrival, 'none'), 'referer:' || signals.referer_host,
       'remembered:' || signals.remembered, 'choice:' || signals.choice],
      list_transform(coalesce(signals.cookies, []), lambda name: 'cookie:' || name))) AS signal
    FROM counts)
  SELECT signal, sum(n)::BIGINT, sum(again)::BIGINT FROM each WHERE signal IS NOT NULL GROUP BY ALL ORDER BY ALL"""

CONFIGS = f"""SELECT time, outcome, policy, node FROM journal v WHERE event = '{Event.CONFIG}' AND {{period}}
  UNION ALL SELECT min(time), 'seen', policy, '' FROM journal v WHERE policy IS NOT NULL AND {{period}} GROUP BY policy
  ORDER BY ALL"""
SOURCES = f"""SELECT time, source, findings[1].by, outcome, findings[1].reason, node FROM journal v
  WHERE event = '{Event.SOURCE}' AND {{period}} ORDER BY ALL"""
