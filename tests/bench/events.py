"""ClickHouse (chdb, in this process) with the same events and questions as `bench_events` of the crate `events`.

`cargo xtask bench events` drives it: `events.py FOLDER ROWS` loads the file of rows into tables and says `ready`; then it
reads lines `TABLE QUESTION ROUND` and answers each with seconds, a tab, and the answer as words. `cold FOLDER…` takes
folders out of the page cache, `peak` and `facts` tell of the process.

Each question is written in the way that was found to be the fastest for ClickHouse; what it takes to bring the answer
into its final shape (the ten largest values, sums over rows) is done here and not counted.
"""

import os
import re
import sys
import time
from collections import defaultdict

from chdb.session import Session

THREADS = 2
DAY = 86_400
# The stream's range: examples/bench_events/stream.rs.
START = 1_790_812_800
DAYS = 90
END = START + DAYS * DAY
MONDAY = START - 3 * DAY
WEEKS = (END - MONDAY + 7 * DAY - 1) // (7 * DAY)

COLUMNS = """
    person UInt64, time DateTime64(6, 'UTC'), event LowCardinality(String), company UInt64,
    received DateTime64(6, 'UTC'), message FixedString(16), kind LowCardinality(String), session UInt64,
    path LowCardinality(String), device LowCardinality(String), plan LowCardinality(String), amount Float64, seats UInt16,
    trial Bool, country LowCardinality(String), browser LowCardinality(String), version LowCardinality(String),
    campaign LowCardinality(String), position UInt16, ratio Float64, team LowCardinality(String), beta Bool
"""
ZSTD = """
    person UInt64 CODEC(Delta, ZSTD(1)), time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)), event LowCardinality(String),
    company UInt64 CODEC(Delta, ZSTD(1)), received DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    message FixedString(16) CODEC(NONE),
"""

# The default codec of every column that names none.
ZSTD_TABLE = "default_compression_codec = 'ZSTD(1)'"

# Table: order, whether it lies on the encrypted disk. The first is what we are measured against, which has our own order.
TABLES = {
    "encrypted": ("person, time", True),
    "by_person": ("person, time", False),
    "by_event_time": ("event, time", False),
    "by_event_person": ("event, person, time", False),
}

SETTINGS = {
    "max_threads": THREADS,
    # Answers and parts of them are not kept, on either side.
    "use_query_cache": 0,
    "use_query_condition_cache": 0,
    "use_uncompressed_cache": 0,
}

IN_RANGE = f"time >= fromUnixTimestamp64Micro({START}000000, 'UTC') AND time < fromUnixTimestamp64Micro({END}000000, 'UTC')"
MICROS = "toUInt64(toUnixTimestamp64Micro(time))"
DAY_OF = "toDate(time)"
WEEK_OF = f"toUInt8(intDiv(toUnixTimestamp64Micro(time) - {MONDAY}000000, {7 * DAY}000000))"


def event(number):
    return f"event = 'Event {number}'"


def person_of(round):
    return (7_919 * round + 123) % 20_000


def queries(table, round):
    """The questions on a table, by name."""
    source = f"FROM bench.{table}"
    days = f"SELECT {DAY_OF} AS day, count() {source} WHERE {IN_RANGE} AND {{}} GROUP BY day"
    people = f"SELECT {DAY_OF} AS day, uniqExact(person) {source} WHERE {IN_RANGE} AND {{}} GROUP BY day WITH ROLLUP"
    in_order = "SETTINGS optimize_aggregation_in_order = 1"
    did = f"""SELECT person {source} WHERE {event(4)} AND time >= fromUnixTimestamp64Micro({END - 30 * DAY}000000, 'UTC')
              AND time < fromUnixTimestamp64Micro({END}000000, 'UTC') GROUP BY person HAVING count() >= 3"""
    return {
        "trend": days.format(event(1)),
        "unique": people.format(event(1)),
        "funnel": f"""
            SELECT level, count() FROM (
                SELECT windowFunnel({7 * DAY}000000)({MICROS}, {event(2)}, {event(5)}, {event(8)}) AS level
                {source} WHERE {IN_RANGE} AND event IN ('Event 2', 'Event 5', 'Event 8') GROUP BY person)
            GROUP BY level {in_order}""",
        "retention": f"""
            SELECT cohort, count(), {", ".join(f"countIf(bitTest(weeks, cohort + {week}))" for week in range(12))} FROM (
                SELECT minIf({WEEK_OF}, {event(3)}) AS cohort, countIf({event(3)}) AS starts,
                       groupBitOrIf(bitShiftLeft(toUInt32(1), {WEEK_OF}), {event(0)}) AS weeks
                {source} WHERE {IN_RANGE} AND event IN ('Event 0', 'Event 3') GROUP BY person)
            WHERE starts > 0 GROUP BY cohort {in_order}""",
        "breakdown": f"""SELECT country, {DAY_OF} AS day, count() {source} WHERE {IN_RANGE} AND {event(1)}
                         GROUP BY country, day""",
        "text": days.format(f"{event(2)} AND country = 'C7'"),
        "number": days.format(f"{event(2)} AND amount >= 50"),
        "did": people.format(f"{event(1)} AND person IN ({did})"),
        "timeline": f"""SELECT hex(message), * EXCEPT message {source} WHERE person = {person_of(round)}
                        ORDER BY time DESC LIMIT 50""",
    }


def points(rows):
    """A value for each day and the rest, from rows of (day, value)."""
    values, total = [0] * DAYS, None
    for day, value in rows:
        if day == "1970-01-01":
            total = int(value)
        else:
            values[days_from_start(day)] += int(value)
    return values + [sum(values) if total is None else total]


def days_from_start(day):
    return (int(time.mktime(time.strptime(day, "%Y-%m-%d"))) - START) // DAY


def words(question, rows):
    """The answer, as `questions.rs` has it."""
    if question in ("trend", "unique", "text", "number", "did"):
        return points(rows)
    if question == "funnel":
        levels = {int(level): int(count) for level, count in rows}
        return [sum(count for level, count in levels.items() if level >= step) for step in (1, 2, 3)]
    if question == "retention":
        answer = []
        for cohort, *counts in sorted(rows, key=lambda row: int(row[0])):
            answer += [f"day{MONDAY // DAY + 7 * int(cohort)}", *counts]
        return answer
    if question == "breakdown":
        groups = defaultdict(list)
        for country, day, count in rows:
            groups[country].append((day, count))
        groups = {country: points(days) for country, days in groups.items()}
        ranked = sorted(groups, key=lambda country: (-groups[country][-1], country))
        answer = []
        for country in ranked[:10]:
            answer += [country, *groups[country]]
        rest = [groups[country] for country in ranked[10:]]
        return answer + (["other", *(sum(column) for column in zip(*rest))] if rest else [])
    return [row[0].lower() for row in rows]


class Engine:
    def __init__(self, folder):
        self.folder = folder
        disks = os.path.join(folder, "disks")
        os.makedirs(disks)
        config = os.path.join(folder, "config.xml")
        with open(config, "w") as file:
            file.write(
                "<clickhouse><custom_local_disks_base_directory>"
                f"{disks}/</custom_local_disks_base_directory></clickhouse>"
            )
        self.session = Session(f"{folder}/data?config-file={config}")
        for name, value in SETTINGS.items():
            self.query(f"SET {name} = {value}")
        self.query("CREATE DATABASE bench ENGINE = Atomic")
        self.disk = (
            f"disk(name = 'sealed', type = encrypted, algorithm = 'AES_256_CTR', key = '{'k' * 32}', "
            f"disk = disk(type = local, path = '{disks}/sealed/'))"
        )

    def query(self, text):
        return str(self.session.query(text, "TabSeparated"))

    def value(self, text):
        return self.query(text).strip()

    def load(self, rows):
        """Loads the file into every table; the answer is facts of each: bytes an event and seconds."""
        structure = re.sub(r"\s+", " ", COLUMNS).strip().replace("'", "\\'")
        facts = []
        for table, (order, encrypted) in TABLES.items():
            source = f"file('{rows}', 'RowBinary', '{structure}')" if table == "encrypted" else "bench.encrypted"
            seconds = self.fill(table, COLUMNS, order, encrypted, source)
            facts.append((table, self.bytes_an_event(table), seconds))
        codecs = re.sub(r".*message FixedString\(16\),", ZSTD, COLUMNS, flags=re.DOTALL)
        seconds = self.fill("zstd", codecs, TABLES["encrypted"][0], True, "bench.encrypted", ZSTD_TABLE)
        facts.append(("zstd", self.bytes_an_event("zstd"), seconds))
        self.query("DROP TABLE bench.zstd SYNC")
        self.query("SYSTEM STOP MERGES")
        return facts

    def fill(self, table, columns, order, encrypted, source, more=""):
        settings = ", ".join(filter(None, [f"disk = {self.disk}" if encrypted else "", more]))
        settings = f"SETTINGS {settings}" if settings else ""
        self.query(f"CREATE TABLE bench.{table} ({columns}) ENGINE = MergeTree ORDER BY ({order}) {settings}")
        began = time.perf_counter()
        self.query(f"INSERT INTO bench.{table} SELECT * FROM {source}")
        self.query(f"OPTIMIZE TABLE bench.{table} FINAL")
        return time.perf_counter() - began

    def bytes_an_event(self, table):
        parts = f"FROM system.parts WHERE active AND database = 'bench' AND table = '{table}'"
        return float(self.value(f"SELECT sum(bytes_on_disk) / sum(rows) {parts}"))

    def ask(self, table, question, round):
        text = queries(table, round)[question]
        began = time.perf_counter()
        answer = self.query(text)
        took = time.perf_counter() - began
        rows = [line.split("\t") for line in answer.splitlines()]
        return took, " ".join(str(word) for word in words(question, rows))


def cold(folders):
    """Takes every file below out of the page cache."""
    for folder in folders:
        for path, _, files in os.walk(folder):
            for name in files:
                handle = os.open(os.path.join(path, name), os.O_RDONLY)
                os.fsync(handle)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(handle)


def peak():
    """The most memory that this process had, in MB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM:"))


def main():
    folder, rows = sys.argv[1:]
    os.environ["TZ"] = "UTC"
    time.tzset()
    engine = Engine(folder)
    facts = engine.load(rows)
    os.remove(rows)
    print("ready", flush=True)
    for line in sys.stdin:
        match line.split():
            case ["peak"]:
                print(peak(), flush=True)
            case ["facts"]:
                version = engine.value("SELECT version()")
                each = (f"{table}={size:.2f}/{seconds:.1f}" for table, size, seconds in facts)
                print(version, *each, flush=True)
            case ["cold", *folders]:
                cold(folders)
                print("cold", flush=True)
            case [table, question, round]:
                took, answer = engine.ask(table, question, int(round))
                print(f"{took:.6f}\t{answer}", flush=True)
            case other:
                raise SystemExit(f"what is {other}?")


main()
