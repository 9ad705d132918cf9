-- The journal in ClickHouse: a column for each field of a line, in the order of the fields.
-- clickhouse-client --multiquery < clickhouse.sql
CREATE TABLE IF NOT EXISTS aiguilleur_journal
(
    time        DateTime64(3, 'UTC'),
    code        FixedString(6),
    event       LowCardinality(String),
    target      LowCardinality(String),
    page        LowCardinality(String),
    etab        LowCardinality(String),
    academy     LowCardinality(String),
    school_kind LowCardinality(String),
    entry       LowCardinality(String),
    arrival     LowCardinality(String),
    outcome     LowCardinality(String),
    source      LowCardinality(String),
    rule        LowCardinality(String),
    status      UInt16,
    host        LowCardinality(String),
    legs        UInt8,
    ms          UInt32,
    open        Array(LowCardinality(String)),
    ill         Array(LowCardinality(String)),
    findings    Array(Tuple(source String, state String, channel String, by String, reason String, ms UInt32)),
    signals     Tuple(choice String, remembered String, referer_host String, cookies Array(String)),
    again       Tuple(rule String, after_s UInt32),
    shadow      LowCardinality(String),
    problems    Array(String),
    policy      LowCardinality(String),
    node        LowCardinality(String),
    version     LowCardinality(String),
    INDEX by_code code TYPE bloom_filter GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (etab, time)
-- As long as `aiguilleur journal purge` keeps it.
TTL toDateTime(time) + INTERVAL 183 DAY DELETE;
