"""The peers, one a process: reads a request a line, answers a line. `python engines.py duckdb DATA`.

A run ends when all rows of the answer are in memory; turning them into JSON for the comparison happens on another request.
"""

import datetime
import json
import pathlib
import sys

from queries import all_queries

THREADS = 2
TABLES = {"flow": "Flow", "syslog": "Syslog", "signins": "SigninLogs", "watch": "Watch"}


class Facts(dict):
    """The facts of the data: as text, as a time, as a list."""

    def text(self, name):
        return self[name]

    def time(self, name):
        return datetime.datetime.fromisoformat(self[name])

    def list(self, name):
        return self[name]


class DuckDb:
    def __init__(self, data):
        import duckdb

        self.connection = duckdb.connect(config={"threads": THREADS, "memory_limit": "2500MB"})
        for folder, table in TABLES.items():
            self.connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{data}/{folder}/*.parquet')")

    def run(self, query, text):
        return self.connection.execute(text).fetchall()

    def rows(self, answer):
        return [list(row) for row in answer]


class ClickHouse:
    def __init__(self, data):
        from chdb import session

        self.session = session.Session()
        settings = f"SET max_threads = {THREADS}, session_timezone = 'UTC', max_query_size = 10000000, max_memory_usage = 2500000000"
        self.session.query(settings)
        for folder, table in TABLES.items():
            self.session.query(f"CREATE VIEW {table} AS SELECT * FROM file('{data}/{folder}/*.parquet', Parquet)")

    def run(self, query, text):
        return self.session.query(text, "JSONCompactEachRow")

    def rows(self, answer):
        return [json.loads(line) for line in str(answer).splitlines() if line]


class Polars:
    def __init__(self, data):
        import os

        os.environ["POLARS_MAX_THREADS"] = str(THREADS)
        import polars

        self.polars = polars
        assert polars.thread_pool_size() == THREADS
        self.tables = {folder: polars.scan_parquet(f"{data}/{folder}/*.parquet") for folder in TABLES}
        self.facts = Facts(json.loads(pathlib.Path(data, "parameters.json").read_text()))

    def run(self, query, text):
        plan = query.polars(self.polars, self.tables, self.facts)
        return plan.collect(engine="streaming")

    def rows(self, answer):
        return [list(row) for row in answer.rows()]


def main():
    engine = {"duckdb": DuckDb, "clickhouse": ClickHouse, "polars": Polars}[sys.argv[1]](sys.argv[2])
    queries = {query.name: query for query in all_queries()}
    answer = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["op"] == "run":
                answer = engine.run(queries[request["name"]], request["text"])
                reply = {"ok": True}
            else:
                reply = {"ok": True, "rows": engine.rows(answer)}
        except Exception as error:  # whatever a peer refuses is told, and the comparison goes on
            reply = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply, default=str), flush=True)


if __name__ == "__main__":
    main()
