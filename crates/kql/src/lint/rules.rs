//! The rules as data, sorted by code.

use azimuth_diag::Severity::{self, Note, Warning};

/// A rule of the lint.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its stable code.
    pub code: &'static str,
    /// How much its findings matter.
    pub severity: Severity,
    /// What it finds, in a sentence.
    pub summary: &'static str,
    /// A query that it finds something in.
    pub found: &'static str,
    /// The same query, better.
    pub better: &'static str,
    /// Its fix leaves the answer unchanged.
    pub is_equivalent: bool,
}

const fn rule(
    code: &'static str,
    severity: Severity,
    summary: &'static str,
    found: &'static str,
    better: &'static str,
) -> Rule {
    Rule { code, severity, summary, found, better, is_equivalent: false }
}

impl Rule {
    const fn same(mut self) -> Self {
        self.is_equivalent = true;
        self
    }
}

/// All rules.
pub const RULES: &[Rule] = &[
    rule(
        "kql-lint-caseless-text",
        Note,
        "A comparison ignores letter case, but the text has no letters.",
        "Hosts | where Account =~ '42'",
        "Hosts | where Account == '42'",
    )
    .same(),
    rule(
        "kql-lint-constant-condition",
        Warning,
        "A comparison comes out the same for every row.",
        "Hosts | where 1 == 2",
        "Hosts | where Count == 2",
    ),
    rule(
        "kql-lint-contains-term",
        Note,
        "`contains` reads every text in full; `has` finds whole terms by the index.",
        "Hosts | where Account contains 'admin'",
        "Hosts | where Account has 'admin'",
    ),
    rule(
        "kql-lint-deprecated",
        Note,
        "A function or operator is written under an older name.",
        "Hosts | summarize x = makeset(Account)",
        "Hosts | summarize x = make_set(Account)",
    )
    .same(),
    rule(
        "kql-lint-duplicate-condition",
        Warning,
        "The same condition is asked twice, or a value stands in a list twice.",
        "Hosts | where Count > 1 and Account == 'a' and Count > 1",
        "Hosts | where Count > 1 and Account == 'a'",
    )
    .same(),
    rule(
        "kql-lint-empty-text",
        Note,
        "A text is compared with the empty text; `isempty` and `isnotempty` say so and take nulls of other types too.",
        "Hosts | where Account != ''",
        "Hosts | where isnotempty(Account)",
    )
    .same(),
    rule(
        "kql-lint-folded-case",
        Note,
        "The letter case is changed for a comparison that can ignore it; the index is lost.",
        "Hosts | where tolower(Account) == 'admin'",
        "Hosts | where Account =~ 'admin'",
    )
    .same(),
    rule(
        "kql-lint-join-kind",
        Warning,
        "`join` without `kind` drops left rows that repeat a key (`innerunique`).",
        "Hosts | join (Events | where TimeGenerated > ago(1d)) on Account",
        "Hosts | join kind=innerunique (Events | where TimeGenerated > ago(1d)) on Account",
    )
    .same(),
    rule(
        "kql-lint-join-order",
        Note,
        "A whole table is joined with a reduced one; the smaller side belongs on the left.",
        "Hosts | join kind=inner (Hosts | where Count > 9 | summarize n = count() by Account) on Account",
        "Hosts | where Count > 9 | summarize n = count() by Account | join kind=inner (Hosts) on Account",
    ),
    rule(
        "kql-lint-late-filter",
        Note,
        "A filter follows a costly operator although it does not need it.",
        "Hosts | sort by Count | where Account == 'a'",
        "Hosts | where Account == 'a' | sort by Count",
    )
    .same(),
    rule(
        "kql-lint-lost-order",
        Warning,
        "Rows are sorted, and the order is lost right after.",
        "Hosts | sort by Count | summarize count() by Account",
        "Hosts | summarize count() by Account",
    )
    .same(),
    rule(
        "kql-lint-mixed-case",
        Note,
        "The same value is compared with letter case in one place and without it in another.",
        "Hosts | where Account == 'Admin' or Account =~ 'root'",
        "Hosts | where Account =~ 'Admin' or Account =~ 'root'",
    ),
    rule(
        "kql-lint-no-time-filter",
        Note,
        "A table with a time column is read without any condition on it.",
        "Events | where Account == 'a'",
        "Events | where TimeGenerated > ago(1d) | where Account == 'a'",
    ),
    rule(
        "kql-lint-or-chain",
        Note,
        "The same value is compared with one constant after the other.",
        "Hosts | where Account == 'a' or Account == 'b' or Account == 'c'",
        "Hosts | where Account in ('a', 'b', 'c')",
    )
    .same(),
    rule(
        "kql-lint-overwritten-column",
        Warning,
        "A column is computed and replaced before anything reads it.",
        "Hosts | extend x = 1 | extend x = 2",
        "Hosts | extend x = 2",
    ),
    rule(
        "kql-lint-plain-regex",
        Note,
        "A regular expression without special characters; a text operator is faster.",
        "Hosts | where Account matches regex '^adm'",
        "Hosts | where Account startswith_cs 'adm'",
    )
    .same(),
    rule(
        "kql-lint-repeated-parse",
        Note,
        "The same text is parsed several times in one pipeline.",
        "Hosts | project a = parse_json(Status).a, b = parse_json(Status).b, c = parse_json(Status).c",
        "Hosts | extend s = parse_json(Status) | project a = s.a, b = s.b, c = s.c",
    ),
    rule(
        "kql-lint-search-all",
        Warning,
        "Every table is read.",
        "search 'mimikatz'",
        "search in (Events, Hosts) 'mimikatz'",
    ),
    rule(
        "kql-lint-summarize-distinct",
        Note,
        "`summarize` without aggregates is a `distinct`.",
        "Hosts | summarize by Account, Status",
        "Hosts | distinct Account, Status",
    )
    .same(),
    rule(
        "kql-lint-take-unsorted",
        Note,
        "`take` picks arbitrary rows, and the query goes on with them.",
        "Hosts | take 10 | summarize count() by Account",
        "Hosts | top 10 by Count | summarize count() by Account",
    ),
    rule(
        "kql-lint-unused-column",
        Note,
        "A column is computed, nothing reads it, and it does not reach the result.",
        "Hosts | extend x = strlen(Account) | project Account",
        "Hosts | project Account",
    ),
    rule(
        "kql-lint-unused-let",
        Warning,
        "A `let` that nothing refers to.",
        "let limit_ = 3; Hosts | count",
        "Hosts | count",
    )
    .same(),
    rule(
        "kql-lint-wrapped-time",
        Note,
        "The time column is changed before it is compared; the filter cannot skip data by time.",
        "Events | where startofday(TimeGenerated) == startofday(ago(1d))",
        "Events | where TimeGenerated between (startofday(ago(1d)) .. endofday(ago(1d)))",
    ),
];
