//! Plugins: tabular functions after `evaluate`.
//!
//! The columns of their results follow rules of their own; those are in the binder, by the plugin's name. A plugin
//! without a rule has open columns, which the schema clause of `evaluate` may declare.

use super::{Accepts as A, Form, Function, Returns as R, p, plugin, sig};

pub(super) const TABLES: &[&[Function]] = &[FUNCTIONS];

const FUNCTIONS: &[Function] = &[
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
];
