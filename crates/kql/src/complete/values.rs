//! Words that only some places take: values of operator parameters, charts, types, keywords of clauses.

/// The values of `parameter=` after an operator.
pub(super) fn parameter_values(operator: &str, parameter: &str) -> &'static [&'static str] {
    match (operator, parameter) {
        ("join", "kind") => JOIN_KINDS,
        ("lookup", "kind") => &["leftouter", "inner"],
        ("union", "kind") => &["outer", "inner"],
        ("parse" | "parse-where", "kind") => &["simple", "regex", "relaxed"],
        ("make-series", "kind") => &["nonempty"],
        ("search", "kind") => &["case_insensitive", "case_sensitive"],
        ("graph-mark-components", "kind") => &["weak", "strong"],
        ("render", "kind") => &["default", "unstacked", "stacked", "stacked100"],
        ("mv-expand" | "mvexpand", "bagexpansion" | "kind") => &["bag", "array"],
        (_, "isfuzzy" | "greedy" | "legend" | "accumulate") => &["true", "false"],
        ("join" | "summarize" | "lookup" | "partition", "strategy") => {
            &["shuffle", "broadcast", "native", "legacy"]
        }
        (_, "remote") => &["auto", "left", "local", "right"],
        ("graph-match" | "graph-shortest-paths", "cycles") => &["all", "none", "unique_edges"],
        ("graph-shortest-paths", "output") => &["any", "all"],
        (_, "xaxis" | "yaxis") => &["linear", "log"],
        _ => &[],
    }
}

/// Kinds of `join`, the usual ones first.
pub(super) const JOIN_KINDS: &[&str] = &[
    "inner",
    "leftouter",
    "leftanti",
    "leftsemi",
    "innerunique",
    "rightouter",
    "fullouter",
    "rightanti",
    "rightsemi",
];

/// What a kind of join keeps.
pub(super) fn join_kind(kind: &str) -> &'static str {
    match kind {
        "inner" => "all pairs of rows with equal keys",
        "innerunique" => "pairs with equal keys, after keeping one left row for each key",
        "leftouter" => "all left rows, with matching right rows or nulls",
        "rightouter" => "all right rows, with matching left rows or nulls",
        "fullouter" => "all rows of both sides",
        "leftsemi" => "left rows that have a match",
        "rightsemi" => "right rows that have a match",
        "leftanti" => "left rows that have no match",
        "rightanti" => "right rows that have no match",
        _ => "",
    }
}

/// Parameters that may follow the name of an operator.
pub(super) fn parameters(operator: &str) -> &'static [&'static str] {
    match operator {
        "join" => &["kind=", "hint.strategy=", "hint.remote="],
        "lookup" => &["kind="],
        "union" => &["withsource=", "isfuzzy=", "kind="],
        "parse" | "parse-where" => &["kind="],
        "mv-expand" => &["bagexpansion=", "with_itemindex="],
        "make-series" => &["kind="],
        "search" => &["kind=", "in ("],
        "find" => &["in (", "where"],
        "summarize" => &["hint.strategy=", "hint.shufflekey="],
        "scan" => &["with_match_id=", "declare (", "with ("],
        "graph-mark-components" => &["kind=", "with_component_id="],
        _ => &[],
    }
}

/// Words that may follow an operand in the clause of an operator.
pub(super) fn clause_words(operator: &str) -> &'static [&'static str] {
    match operator {
        "sort" | "order" | "top" => &["by", "asc", "desc", "nulls first", "nulls last"],
        "summarize" => &["by"],
        "join" | "lookup" => &["on", "kind="],
        "make-series" => &["on", "from", "to", "step", "by", "default="],
        "mv-expand" => &["to typeof(", "limit"],
        "mv-apply" => &["to typeof(", "limit", "on ("],
        "parse" | "parse-where" => &["with"],
        "parse-kv" => &["as (", "with ("],
        "render" => &["with ("],
        "range" => &["from", "to", "step"],
        "sample-distinct" | "top-hitters" => &["of", "by"],
        "top-nested" => &["of", "by", "with others ="],
        "project-reorder" => &["asc", "desc", "granny-asc", "granny-desc"],
        "make-graph" => &["with", "on"],
        "graph-match" | "graph-shortest-paths" => &["where", "project"],
        "facet" => &["with ("],
        "find" => &["where", "project", "project-smart"],
        "partition" => &["by"],
        _ => &[],
    }
}

/// Whether an operand stands after this word, so that it does not end one.
pub(super) fn is_connector(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "or"
            | "by"
            | "on"
            | "with"
            | "of"
            | "to"
            | "from"
            | "step"
            | "where"
            | "limit"
            | "has"
            | "contains"
            | "startswith"
            | "endswith"
            | "hasprefix"
            | "hassuffix"
            | "regex"
            | "has_cs"
            | "contains_cs"
            | "startswith_cs"
            | "endswith_cs"
            | "hasprefix_cs"
            | "hassuffix_cs"
            | "like"
    )
}

/// Charts of `render`.
pub(super) const CHARTS: &[&str] = &[
    "anomalychart",
    "areachart",
    "barchart",
    "card",
    "columnchart",
    "linechart",
    "piechart",
    "pivotchart",
    "scatterchart",
    "stackedareachart",
    "table",
    "timechart",
    "timepivot",
    "treemap",
];

/// Scalar types.
pub(super) const TYPES: &[&str] =
    &["bool", "datetime", "decimal", "dynamic", "guid", "int", "long", "real", "string", "timespan"];

/// Scalar operators that are offered after an operand, the usual ones first.
pub(super) const SCALAR_OPERATORS: &[&str] = &[
    "==",
    "!=",
    "=~",
    "!~",
    "has",
    "in",
    "and",
    "or",
    "has_any",
    "contains",
    "in~",
    "!in",
    "startswith",
    "endswith",
    "between",
    "matches regex",
    "has_all",
    "!has",
    "!contains",
    "!in~",
    "!startswith",
    "!endswith",
    "hasprefix",
    "hassuffix",
    "has_cs",
    "contains_cs",
    "startswith_cs",
    "endswith_cs",
    "!between",
    "<",
    "<=",
    ">",
    ">=",
];

/// Operators that a statement may begin with.
pub(super) const SOURCES: &[&str] =
    &["union", "search", "find", "print", "range", "datatable", "externaldata", "evaluate"];

/// Words that a statement may begin with.
pub(super) const STATEMENTS: &[&str] = &["let", "set", "declare query_parameters(", "alias database"];

/// Operators that take no columns after their names.
pub(super) fn takes_no_columns(operator: &str) -> bool {
    matches!(
        operator,
        "take"
            | "limit"
            | "sample"
            | "count"
            | "getschema"
            | "consume"
            | "as"
            | "range"
            | "datatable"
            | "externaldata"
            | "graph-mark-components"
            | "execute-and-cache"
    )
}
