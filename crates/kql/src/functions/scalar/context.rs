//! Who asks, where and when: values of the query's surroundings, and of where a row is stored.

use crate::functions::{
    Accepts as A, Form, Function, Naming, Returns as R, Signature, TEXTS, also, p, scalar, sig,
};
use crate::types::ScalarType as T;

const TEXT: &[Signature] = &[sig(&[], R::Type(T::String))];
const CURSOR: &[Signature] = &[sig(&[p("cursor", A::Text)], R::Type(T::Bool))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("current_cluster_endpoint", TEXT),
    also("current_cursor", "cursor_current"),
    scalar("current_database", TEXT),
    scalar("current_node_id", TEXT),
    scalar("current_principal", TEXT),
    scalar("current_principal_details", &[sig(&[], R::Bag)]),
    scalar(
        "current_principal_is_member_of",
        &[sig(&[p("group", A::TextOrArray).times(1, 64)], R::Type(T::Bool))],
    ),
    scalar("cursor_after", CURSOR),
    scalar("cursor_before_or_at", CURSOR),
    scalar("cursor_current", TEXT),
    scalar(
        "estimate_data_size",
        &[sig(&[p("column", A::Any).form(Form::ColumnOrStar).repeated(1)], R::Type(T::Long))],
    ),
    scalar("extent_id", &[sig(&[], R::Type(T::Guid))]).volatile(),
    scalar("extent_tags", &[sig(&[], R::Known(TEXTS))]).volatile(),
    also("extentid", "extent_id"),
    scalar("ingestion_time", &[sig(&[], R::Type(T::Datetime))])
        .named(Naming::Fixed("$IngestionTime"))
        .volatile(),
    scalar("new_guid", &[sig(&[], R::Type(T::Guid))]).volatile(),
    scalar("rowstore_ordinal_range", &[sig(&[], R::Type(T::Dynamic))]).volatile(),
];
