//! Plugins: tabular functions after `evaluate`.
//!
//! The columns of their results follow rules of their own; those are in the binder, by the plugin's name. A plugin
//! without a rule has open columns, which the schema clause of `evaluate` may declare.

use super::{Accepts as A, Form, Function, Parameter, Returns as R, Signature, p, plugin, sig};

pub(super) const TABLES: &[&[Function]] = &[FUNCTIONS];

const COLUMN: Parameter = p("column", A::Any).form(Form::Column);
const ANY: &[Signature] = &[sig(&[p("argument", A::Any).repeated(0)], R::Table)];
const LOOKUP: &[Signature] = &[sig(
    &[p("table", A::Table), COLUMN, p("key", A::Any).form(Form::Column), p("more", A::Any).repeated(0)],
    R::Table,
)];

const FUNCTIONS: &[Function] = &[
    plugin("active_users_count", ANY),
    plugin("activity_counts_metrics", ANY),
    plugin("activity_engagement", ANY),
    plugin("activity_metrics", ANY),
    plugin("autocluster", ANY),
    plugin(
        "bag_unpack",
        &[sig(
            &[
                p("bag", A::Dynamic).form(Form::Column),
                p("prefix", A::Text).constant().optional(),
                p("conflict", A::Text).constant().optional(),
                p("ignored", A::Dynamic).constant().optional(),
            ],
            R::Table,
        )],
    ),
    plugin("basket", ANY),
    plugin("dcount_intersect", ANY),
    plugin("diffpatterns", ANY),
    plugin("diffpatterns_text", ANY),
    plugin("estimate_rows_count", ANY),
    plugin("funnel_sequence", ANY),
    plugin("funnel_sequence_completion", ANY),
    plugin("geo_line_lookup", LOOKUP),
    plugin("geo_polygon_lookup", LOOKUP),
    plugin("ipv4_lookup", LOOKUP),
    plugin("ipv6_lookup", LOOKUP),
    plugin("narrow", ANY),
    plugin("new_activity_metrics", ANY),
    plugin(
        "pivot",
        &[sig(
            &[
                p("pivot", A::Any).form(Form::Column),
                p("aggregate", A::Any).form(Form::Aggregate).optional(),
                p("column", A::Any).form(Form::Column).repeated(0),
            ],
            R::Table,
        )],
    ),
    plugin("preview", ANY),
    plugin("rolling_percentile", ANY),
    plugin("rows_near", ANY),
    plugin("schema_merge", ANY),
    plugin("sequence_detect", ANY),
    plugin("session_count", ANY),
    plugin("sliding_window_counts", ANY),
];
