"""Queries of the flow log: numbers, addresses, groups."""

from . import Query


def polars_one_hour(pl, t, p):
    flow = t["flow"].filter(pl.col("TimeGenerated").is_between(p.time("hour"), p.time("hour_end")))
    return flow.select(pl.len(), pl.col("BytesSent").sum())


def polars_top_address(pl, t, p):
    return t["flow"].group_by("SrcIP").agg(pl.col("BytesSent").sum().alias("Bytes")).top_k(10, by="Bytes")


def polars_distinct_by_group(pl, t, p):
    return t["flow"].group_by("Region").agg(pl.col("SrcIP").approx_n_unique())


def polars_bin_by_two(pl, t, p):
    hour = pl.col("TimeGenerated").dt.truncate("1h")
    return t["flow"].group_by(hour, "Action", "Protocol").agg(pl.len(), pl.col("BytesSent").sum())


def polars_join_small(pl, t, p):
    day = t["flow"].filter(pl.col("TimeGenerated") >= p.time("last_day"))
    joined = day.join(t["watch"], left_on="DestIP", right_on="IP")
    return joined.group_by("Tag").agg(pl.len(), pl.col("BytesSent").sum())


def polars_arg_max(pl, t, p):
    newest = pl.col("TimeGenerated").arg_max()
    latest = t["flow"].group_by("VmName").agg(
        pl.col("TimeGenerated").max(), pl.col("DestIP").get(newest), pl.col("BytesSent").get(newest)
    )
    sevens = pl.col("DestIP").str.ends_with("7").sum()
    return latest.select(pl.len(), pl.col("BytesSent").sum(), sevens, pl.col("TimeGenerated").min())


def polars_percentiles(pl, t, p):
    bytes_sent = pl.col("BytesSent")
    quantiles = [bytes_sent.quantile(at).alias(str(at)) for at in (0.5, 0.95, 0.99)]
    return t["flow"].group_by("Region", "Protocol").agg(quantiles)


def polars_make_set(pl, t, p):
    sets = t["flow"].group_by("VmName").agg(pl.col("DestPort").unique().alias("Ports"))
    return sets.select(pl.len(), pl.col("Ports").list.len().sum())


def polars_time_series(pl, t, p):
    minutes = pl.col("TimeGenerated").dt.truncate("10m")
    span = pl.col("TimeGenerated").is_between(p.time("start"), p.time("end"), closed="left")
    counted = t["flow"].filter(span & (pl.col("DestPort") == 3389)).group_by("Action", minutes).agg(pl.len().alias("n"))
    steps = pl.select(
        pl.datetime_range(p.time("start"), p.time("end"), "10m", closed="left", time_unit="us").alias("TimeGenerated")
    ).lazy()
    actions = counted.select(pl.col("Action").unique())
    filled = actions.join(steps, how="cross").join(counted, on=["Action", "TimeGenerated"], how="left")
    return filled.group_by("Action").agg(
        pl.len(), pl.col("n").fill_null(0).sum().alias("sum"), pl.col("n").fill_null(0).eq(0).sum().alias("empty")
    )


def polars_many_indicators(pl, t, p):
    found = t["flow"].filter(pl.col("DestIP").is_in(p.list("indicators")))
    return found.group_by("Protocol").agg(pl.len(), pl.col("BytesSent").sum())


QUERIES = [
    Query(
        "one_hour",
        kql="""Flow
            | where TimeGenerated between (datetime({hour}) .. datetime({hour_end}))
            | summarize count(), sum(BytesSent)""",
        duckdb="""SELECT count(*), sum(BytesSent) FROM Flow
            WHERE TimeGenerated BETWEEN TIMESTAMP '{hour}' AND TIMESTAMP '{hour_end}'""",
        clickhouse="""SELECT count(), sum(BytesSent) FROM Flow
            WHERE TimeGenerated BETWEEN toDateTime64('{hour}', 6, 'UTC') AND toDateTime64('{hour_end}', 6, 'UTC')""",
        polars=polars_one_hour,
    ),
    Query(
        "top_address",
        kql="Flow | summarize Bytes = sum(BytesSent) by SrcIP | top 10 by Bytes",
        duckdb="SELECT SrcIP, sum(BytesSent) AS Bytes FROM Flow GROUP BY SrcIP ORDER BY Bytes DESC LIMIT 10",
        clickhouse="SELECT SrcIP, sum(BytesSent) AS Bytes FROM Flow GROUP BY SrcIP ORDER BY Bytes DESC LIMIT 10",
        polars=polars_top_address,
    ),
    Query(
        "distinct_by_group",
        kql="Flow | summarize dcount(SrcIP) by Region",
        duckdb="SELECT Region, approx_count_distinct(SrcIP) FROM Flow GROUP BY Region",
        clickhouse="SELECT Region, uniq(SrcIP) FROM Flow GROUP BY Region",
        polars=polars_distinct_by_group,
        tolerance=0.1,
        exact="SELECT Region, count(DISTINCT SrcIP) FROM Flow GROUP BY Region",
    ),
    Query(
        "bin_by_two",
        kql="Flow | summarize count(), sum(BytesSent) by bin(TimeGenerated, 1h), Action, Protocol",
        duckdb="""SELECT date_trunc('hour', TimeGenerated) AS h, Action, Protocol, count(*), sum(BytesSent)
            FROM Flow GROUP BY h, Action, Protocol""",
        clickhouse="""SELECT toStartOfHour(TimeGenerated) AS h, Action, Protocol, count(), sum(BytesSent)
            FROM Flow GROUP BY h, Action, Protocol""",
        polars=polars_bin_by_two,
    ),
    Query(
        "join_small",
        kql="""Flow
            | where TimeGenerated >= datetime({last_day})
            | join kind=inner Watch on $left.DestIP == $right.IP
            | summarize count(), sum(BytesSent) by Tag""",
        duckdb="""SELECT Tag, count(*), sum(BytesSent) FROM Flow JOIN Watch ON DestIP = IP
            WHERE TimeGenerated >= TIMESTAMP '{last_day}' GROUP BY Tag""",
        clickhouse="""SELECT Tag, count(), sum(BytesSent) FROM Flow JOIN Watch ON DestIP = IP
            WHERE TimeGenerated >= toDateTime64('{last_day}', 6, 'UTC') GROUP BY Tag""",
        polars=polars_join_small,
    ),
    Query(
        "arg_max",
        kql="""Flow
            | summarize arg_max(TimeGenerated, DestIP, BytesSent) by VmName
            | summarize count(), sum(BytesSent), countif(DestIP endswith_cs '7'), min(TimeGenerated)""",
        duckdb="""SELECT count(*), sum(b), count(*) FILTER (ends_with(d, '7')), min(t) FROM (
            SELECT VmName, max(TimeGenerated) AS t, arg_max(DestIP, TimeGenerated) AS d,
                arg_max(BytesSent, TimeGenerated) AS b FROM Flow GROUP BY VmName)""",
        clickhouse="""SELECT count(), sum(b), countIf(endsWith(d, '7')), min(t) FROM (
            SELECT VmName, max(TimeGenerated) AS t, argMax(DestIP, TimeGenerated) AS d,
                argMax(BytesSent, TimeGenerated) AS b FROM Flow GROUP BY VmName)""",
        polars=polars_arg_max,
    ),
    Query(
        "percentiles",
        kql="Flow | summarize percentiles(BytesSent, 50, 95, 99) by Region, Protocol",
        duckdb="""SELECT Region, Protocol, approx_quantile(BytesSent, 0.5), approx_quantile(BytesSent, 0.95),
            approx_quantile(BytesSent, 0.99) FROM Flow GROUP BY Region, Protocol""",
        clickhouse="""SELECT Region, Protocol, q[1], q[2], q[3] FROM (
            SELECT Region, Protocol, quantiles(0.5, 0.95, 0.99)(BytesSent) AS q FROM Flow GROUP BY Region, Protocol)""",
        polars=polars_percentiles,
        tolerance=0.1,
        exact="""SELECT Region, Protocol, q[1], q[2], q[3] FROM (
            SELECT Region, Protocol, quantile_disc(BytesSent, [0.5, 0.95, 0.99]) AS q FROM Flow
            GROUP BY Region, Protocol)""",
    ),
    Query(
        "make_set",
        kql="""Flow
            | summarize Ports = make_set(DestPort) by VmName
            | summarize count(), sum(array_length(Ports))""",
        duckdb="""SELECT count(*), sum(len(Ports)) FROM (
            SELECT VmName, list(DISTINCT DestPort) AS Ports FROM Flow GROUP BY VmName)""",
        clickhouse="""SELECT count(), sum(length(Ports)) FROM (
            SELECT VmName, groupUniqArray(DestPort) AS Ports FROM Flow GROUP BY VmName)""",
        polars=polars_make_set,
    ),
    Query(
        "time_series",
        kql="""Flow
            | where DestPort == 3389
            | make-series n = count() default = 0
                on TimeGenerated from datetime({start}) to datetime({end}) step 10m by Action
            | mv-expand n to typeof(long)
            | summarize count(), sum(n), countif(n == 0) by Action""",
        duckdb="""WITH counted AS (
                SELECT Action, time_bucket(INTERVAL '10 minutes', TimeGenerated) AS t, count(*) AS n FROM Flow
                WHERE DestPort = 3389 AND TimeGenerated >= TIMESTAMP '{start}' AND TimeGenerated < TIMESTAMP '{end}'
                GROUP BY Action, t),
            steps AS (SELECT unnest(generate_series(TIMESTAMP '{start}', TIMESTAMP '{end}' - INTERVAL '10 minutes',
                INTERVAL '10 minutes')) AS t)
            SELECT Action, count(*), sum(coalesce(n, 0)), count(*) FILTER (coalesce(n, 0) = 0)
            FROM (SELECT DISTINCT Action FROM counted) CROSS JOIN steps LEFT JOIN counted USING (Action, t)
            GROUP BY Action""",
        clickhouse="""WITH counted AS (
                SELECT Action, toStartOfInterval(TimeGenerated, INTERVAL 10 MINUTE) AS t, count() AS n FROM Flow
                WHERE DestPort = 3389 AND TimeGenerated >= toDateTime64('{start}', 6, 'UTC')
                    AND TimeGenerated < toDateTime64('{end}', 6, 'UTC')
                GROUP BY Action, t)
            SELECT Action, count(), sum(n), countIf(n = 0) FROM (
                SELECT Action, t, n FROM counted ORDER BY Action, t WITH FILL
                    FROM toDateTime('{start}', 'UTC') TO toDateTime('{end}', 'UTC') STEP INTERVAL 10 MINUTE)
            GROUP BY Action""",
        polars=polars_time_series,
    ),
    Query(
        "many_indicators",
        kql="Flow | where DestIP in ({indicators}) | summarize count(), sum(BytesSent) by Protocol",
        duckdb="SELECT Protocol, count(*), sum(BytesSent) FROM Flow WHERE DestIP IN ({indicators}) GROUP BY Protocol",
        clickhouse="SELECT Protocol, count(), sum(BytesSent) FROM Flow WHERE DestIP IN ({indicators}) GROUP BY Protocol",
        polars=polars_many_indicators,
    ),
]
