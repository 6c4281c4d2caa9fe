#!/usr/bin/env python3
"""Do other readers find in the tables of a lake what Azimuth finds?

    python benches/lake/readers.py LAKE AZIMUTH

LAKE is the folder of a lake whose rows are all in files (`azimuth lake compact`), AZIMUTH the program. Every table is read with
every reader that is installed: `deltalake`, Polars and DuckDB (its extension `delta` where it can be loaded, otherwise its Parquet
reader over the files that `deltalake` names). Compared are the number of rows, the least and the greatest `TimeGenerated`, and the
sum of `_BilledSize`. Ends with 1 if a reader differs, and with 2 if there was nothing to compare.
"""

import json
import pathlib
import subprocess
import sys


def of_azimuth(program, lake, table):
    query = (
        f"set notruncation; ['{table}'] | summarize n = count(), lo = min(TimeGenerated), hi = max(TimeGenerated), "
        "b = tolong(sum(_BilledSize))"
    )
    out = subprocess.run(
        [program, "query", "--lake", lake, "-q", "-o", "json", query], check=True, capture_output=True, text=True
    )
    row = json.loads(out.stdout)[0]
    return row["n"], row["lo"][:26], row["hi"][:26], row["b"]


def text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


def of_deltalake(path):
    import deltalake
    import pyarrow.compute as compute

    rows = deltalake.DeltaTable(path).to_pyarrow_table(columns=["TimeGenerated", "_BilledSize"])
    times = compute.min_max(rows["TimeGenerated"]).as_py()
    return rows.num_rows, text(times["min"]), text(times["max"]), int(compute.sum(rows["_BilledSize"]).as_py())


def of_polars(path):
    import polars

    rows = polars.scan_delta(path).select("TimeGenerated", "_BilledSize").collect()
    times = rows["TimeGenerated"]
    return rows.height, text(times.min()), text(times.max()), int(rows["_BilledSize"].sum())


def of_duckdb(path):
    import duckdb

    connection = duckdb.connect()
    connection.sql("set TimeZone = 'UTC'")
    try:
        connection.sql("load delta")
        source = f"delta_scan('{path}')"
    except duckdb.Error:
        import deltalake

        files = deltalake.DeltaTable(path).file_uris()
        source = f"read_parquet({[file.removeprefix('file://') for file in files]!r}, union_by_name = true)"
    n, lo, hi, b = connection.execute(
        f"select count(*), min(TimeGenerated)::timestamp, max(TimeGenerated)::timestamp, sum(_BilledSize) from {source}"
    ).fetchone()
    return n, text(lo), text(hi), int(b)


def main(lake, program):
    compared = wrong = 0
    for log in sorted(pathlib.Path(lake).glob("tables/*/_delta_log")):
        table = log.parent
        ours = of_azimuth(program, lake, table.name)
        for reader in (of_deltalake, of_polars, of_duckdb):
            name = reader.__name__.removeprefix("of_")
            try:
                theirs = reader(str(table))
            except ImportError as missing:
                print(f"{table.name}: {name} is left out ({missing})")
                continue
            compared += 1
            same = theirs == ours
            wrong += not same
            print(f"{table.name}: {name} finds {theirs}" + ("" if same else f", azimuth {ours}"))
    print(f"{compared} comparisons, {wrong} differ")
    return 2 if compared == 0 else 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
