"""Queries of syslog: texts."""

from . import Query


def by_facility(pl, matching):
    return matching.group_by("Facility").agg(pl.len())


def polars_contains(pl, t, p):
    return by_facility(pl, t["syslog"].filter(pl.col("SyslogMessage").str.contains("(?i)password FOR")))


def polars_contains_cs(pl, t, p):
    return by_facility(pl, t["syslog"].filter(pl.col("SyslogMessage").str.contains("Connection closed", literal=True)))


WORD = r"(?i)(?:^|[^0-9A-Za-z]){}(?:[^0-9A-Za-z]|$)"


def polars_has_top(pl, t, p):
    found = t["syslog"].filter(pl.col("SyslogMessage").str.contains(WORD.format("error")))
    counted = found.group_by("Computer").agg(pl.len().alias("n"))
    return counted.sort("n", "Computer", descending=[True, False]).head(10)


def polars_extract_top(pl, t, p):
    user = pl.col("SyslogMessage").str.extract(r"for (?:invalid user )?(\w+) from", 1).alias("User")
    named = t["syslog"].select(user).filter(pl.col("User").is_not_null() & (pl.col("User") != ""))
    counted = named.group_by("User").agg(pl.len().alias("n"))
    return counted.sort("n", "User", descending=[True, False]).head(10)


def polars_latest(pl, t, p):
    return t["syslog"].top_k(100, by="TimeGenerated")


def rare(name, table, word, apart=False):
    """The lines with a word; `table` is ours, the peers scan Syslog."""

    def polars(pl, t, p):
        found = t["syslog"].filter(pl.col("SyslogMessage").str.contains(WORD.format(p.text(word) if apart else word)))
        return found.select("TimeGenerated", "Computer", "SyslogMessage")

    term = "{" + word + "}" if apart else word
    return Query(
        name,
        kql=f"{table} | where SyslogMessage has '{term}' | project TimeGenerated, Computer, SyslogMessage",
        duckdb=f"""SELECT TimeGenerated, Computer, SyslogMessage FROM Syslog
            WHERE regexp_matches(SyslogMessage, '(?i)(?:^|[^0-9A-Za-z]){term}(?:[^0-9A-Za-z]|$)')""",
        clickhouse=f"""SELECT TimeGenerated, Computer, SyslogMessage FROM Syslog
            WHERE hasTokenCaseInsensitive(SyslogMessage, '{term}')""",
        polars=polars,
        apart=apart,
    )


QUERIES = [
    Query(
        "contains",
        kql="Syslog | where SyslogMessage contains 'password FOR' | summarize count() by Facility",
        duckdb="SELECT Facility, count(*) FROM Syslog WHERE SyslogMessage ILIKE '%password FOR%' GROUP BY Facility",
        clickhouse="""SELECT Facility, count() FROM Syslog WHERE SyslogMessage ILIKE '%password FOR%'
            GROUP BY Facility""",
        polars=polars_contains,
    ),
    Query(
        "contains_cs",
        kql="Syslog | where SyslogMessage contains_cs 'Connection closed' | summarize count() by Facility",
        duckdb="SELECT Facility, count(*) FROM Syslog WHERE contains(SyslogMessage, 'Connection closed') GROUP BY Facility",
        clickhouse="""SELECT Facility, count() FROM Syslog WHERE SyslogMessage LIKE '%Connection closed%'
            GROUP BY Facility""",
        polars=polars_contains_cs,
    ),
    Query(
        "has_top",
        kql="""Syslog
            | where SyslogMessage has 'error'
            | summarize n = count() by Computer
            | sort by n desc, Computer asc | take 10""",
        duckdb=r"""SELECT Computer, count(*) AS n FROM Syslog
            WHERE regexp_matches(SyslogMessage, '(?i)(?:^|[^0-9A-Za-z])error(?:[^0-9A-Za-z]|$)')
            GROUP BY Computer ORDER BY n DESC, Computer LIMIT 10""",
        clickhouse="""SELECT Computer, count() AS n FROM Syslog
            WHERE hasTokenCaseInsensitive(SyslogMessage, 'error')
            GROUP BY Computer ORDER BY n DESC, Computer LIMIT 10""",
        polars=polars_has_top,
    ),
    Query(
        "extract_top",
        kql=r"""Syslog
            | extend User = extract(@'for (?:invalid user )?(\w+) from', 1, SyslogMessage)
            | where isnotempty(User)
            | summarize n = count() by User
            | sort by n desc, User asc | take 10""",
        duckdb=r"""SELECT "User", count(*) AS n FROM (
                SELECT regexp_extract(SyslogMessage, 'for (?:invalid user )?(\w+) from', 1) AS "User" FROM Syslog)
            WHERE "User" <> '' GROUP BY "User" ORDER BY n DESC, "User" LIMIT 10""",
        clickhouse=r"""SELECT User, count() AS n FROM (
                SELECT extract(SyslogMessage, 'for (?:invalid user )?(\\w+) from') AS User FROM Syslog)
            WHERE User <> '' GROUP BY User ORDER BY n DESC, User LIMIT 10""",
        polars=polars_extract_top,
    ),
    rare("rare_word", "Syslog", "mimikatz"),
    # One hash among three million lines, with the index of terms that a lake keeps beside its files.
    rare("hash_by_index", "SyslogByTerms", "hash", apart=True),
    Query(
        "latest",
        kql="Syslog | top 100 by TimeGenerated",
        duckdb="SELECT * FROM Syslog ORDER BY TimeGenerated DESC LIMIT 100",
        clickhouse="SELECT * FROM Syslog ORDER BY TimeGenerated DESC LIMIT 100",
        polars=polars_latest,
    ),
]
