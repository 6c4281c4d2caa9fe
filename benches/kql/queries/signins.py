"""Queries of sign-ins: a wide table, texts of JSON, users."""

from . import Query


def polars_self_join(pl, t, p):
    user, at = "UserPrincipalName", pl.col("TimeGenerated")
    failed = t["signins"].filter(pl.col("ResultType") == "50126").select(user, at.alias("FailTime"))
    passed = t["signins"].filter(pl.col("ResultType") == "0").select(user, at.alias("OkTime"))
    pairs = passed.join(failed, on=user).filter(
        pl.col("OkTime").is_between(pl.col("FailTime"), pl.col("FailTime") + pl.duration(minutes=10))
    )
    return pairs.select(pl.len(), pl.col(user).n_unique())


def polars_json_path(pl, t, p):
    city = pl.col("LocationDetails").str.json_path_match("$.geoCoordinates.region").alias("Region")
    return t["signins"].group_by(city).agg(pl.len())


def polars_mv_expand(pl, t, p):
    policy = pl.Struct({"displayName": pl.String, "result": pl.String})
    policies = pl.col("ConditionalAccessPolicies").str.json_decode(pl.List(policy)).alias("p")
    expanded = t["signins"].select(policies).explode("p").unnest("p")
    return expanded.group_by("displayName", "result").agg(pl.len())


def polars_lookup(pl, t, p):
    return t["signins"].filter(pl.col("CorrelationId") == p.text("correlation"))


QUERIES = [
    Query(
        "self_join",
        kql="""let Failed = SigninLogs
                | where ResultType == '50126'
                | project UserPrincipalName, FailTime = TimeGenerated;
            SigninLogs
            | where ResultType == '0'
            | project UserPrincipalName, OkTime = TimeGenerated
            | join kind=inner Failed on UserPrincipalName
            | where OkTime between (FailTime .. (FailTime + 10m))
            | summarize count(), count_distinct(UserPrincipalName)""",
        duckdb="""SELECT count(*), count(DISTINCT o.UserPrincipalName)
            FROM (SELECT UserPrincipalName, TimeGenerated AS OkTime FROM SigninLogs WHERE ResultType = '0') o
            JOIN (SELECT UserPrincipalName, TimeGenerated AS FailTime FROM SigninLogs WHERE ResultType = '50126') f
                ON o.UserPrincipalName = f.UserPrincipalName
                AND OkTime BETWEEN FailTime AND FailTime + INTERVAL '10 minutes'""",
        clickhouse="""SELECT count(), uniqExact(o.UserPrincipalName)
            FROM (SELECT UserPrincipalName, TimeGenerated AS OkTime FROM SigninLogs WHERE ResultType = '0') o
            JOIN (SELECT UserPrincipalName, TimeGenerated AS FailTime FROM SigninLogs WHERE ResultType = '50126') f
                ON o.UserPrincipalName = f.UserPrincipalName
            WHERE OkTime BETWEEN FailTime AND FailTime + INTERVAL 10 MINUTE""",
        polars=polars_self_join,
    ),
    Query(
        "json_path",
        kql="SigninLogs | summarize count() by Region = tostring(LocationDetails.geoCoordinates.region)",
        duckdb="""SELECT LocationDetails ->> '$.geoCoordinates.region' AS Region, count(*) FROM SigninLogs
            GROUP BY Region""",
        clickhouse="""SELECT JSONExtractString(LocationDetails, 'geoCoordinates', 'region') AS Region, count()
            FROM SigninLogs GROUP BY Region""",
        polars=polars_json_path,
    ),
    Query(
        "mv_expand",
        kql="""SigninLogs
            | mv-expand p = ConditionalAccessPolicies
            | summarize count() by Name = tostring(p.displayName), Result = tostring(p.result)""",
        duckdb="""SELECT p ->> '$.displayName' AS Name, p ->> '$.result' AS Result, count(*) FROM (
                SELECT unnest(from_json(ConditionalAccessPolicies, '["JSON"]')) AS p FROM SigninLogs)
            GROUP BY Name, Result""",
        clickhouse="""SELECT JSONExtractString(p, 'displayName') AS Name, JSONExtractString(p, 'result') AS Result, count()
            FROM (SELECT arrayJoin(JSONExtractArrayRaw(assumeNotNull(ConditionalAccessPolicies))) AS p FROM SigninLogs)
            GROUP BY Name, Result""",
        polars=polars_mv_expand,
    ),
    Query(
        "lookup",
        kql="SigninLogs | where CorrelationId == '{correlation}'",
        duckdb="SELECT * FROM SigninLogs WHERE CorrelationId = '{correlation}'",
        clickhouse="SELECT * FROM SigninLogs WHERE CorrelationId = '{correlation}'",
        polars=polars_lookup,
    ),
]
