"""The twenty kinds of queries, each in the words of every engine, and one apart.

`kql` is for Azimuth, `duckdb` and `clickhouse` are SQL, `polars` is a function of the tables. Braces hold facts of the data
(`parameters.json`), which the generator writes. All four mean the same rows, or estimates of them.
"""

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Query:
    name: str
    kql: str
    duckdb: str
    clickhouse: str
    polars: Callable
    # For estimates: how far they may lie from the exact answer, as a share, and the exact answer as DuckDB computes it.
    tolerance: float = 0.0
    exact: str = ""
    # Shown, but left out of the mean: what no peer can do without an index of its own.
    apart: bool = False


def all_queries():
    from . import flow, signins, syslog

    found = flow.QUERIES + syslog.QUERIES + signins.QUERIES
    order = """
        one_hour top_address distinct_by_group bin_by_two contains contains_cs has_top extract_top rare_word join_small
        self_join arg_max percentiles json_path mv_expand make_set time_series many_indicators latest lookup
        hash_by_index
    """.split()
    return sorted(found, key=lambda query: order.index(query.name))
