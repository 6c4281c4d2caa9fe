//! Functions over the sketches that `hll` and `tdigest` make.

use crate::aggregates::distinct::Sketch;
use crate::aggregates::percentile::Digest;
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::convert;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["dcount_hll"], |_, arguments| {
        Ok(Sketch::from_value(&arguments[0]).map_or(Value::Null, |sketch| sketch.count()))
    }),
    Function::pure(&["hll_merge"], hll_merge),
    Function::pure(&["merge_tdigest", "tdigest_merge"], merge_tdigest),
    Function::pure(&["percentile_tdigest"], percentile_tdigest),
    Function::pure(&["percentile_array_tdigest", "percentiles_array_tdigest"], percentiles_array_tdigest),
    Function::pure(&["percentrank_tdigest"], |_, arguments| {
        Ok(Digest::from_value(&arguments[0]).map_or(Value::Null, |digest| digest.percent_rank(&arguments[1])))
    }),
    Function::pure(&["rank_tdigest"], |_, arguments| {
        let rank = |digest: Digest| Value::Real(digest.rank(&arguments[1]) as f64);
        Ok(Digest::from_value(&arguments[0]).map_or(Value::Null, rank))
    }),
];

fn hll_merge(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let mut sketches = arguments.iter().filter_map(Sketch::from_value);
    let Some(mut merged) = sketches.next() else { return Ok(Value::Null) };
    sketches.for_each(|sketch| merged.merge(&sketch));
    Ok(merged.to_value())
}

fn merge_tdigest(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let mut digests = arguments.iter().filter_map(Digest::from_value);
    let Some(mut merged) = digests.next() else { return Ok(Value::Null) };
    digests.for_each(|digest| merged.merge(digest));
    Ok(merged.to_value())
}

/// `percentile_tdigest(digest, percentile, type)`; a type name converts the value.
fn percentile_tdigest(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (Some(digest), Some(percentile)) = (Digest::from_value(&arguments[0]), arguments[1].as_real()) else {
        return Ok(Value::Null);
    };
    let value = digest.at(&[percentile]).pop().unwrap_or_default();
    Ok(match arguments.get(2).and_then(Value::as_str) {
        Some("long") => convert::to_long(&value),
        Some("int") => convert::to_int(&value),
        Some("real" | "double") | None => convert::to_real(&value),
        Some("datetime") => convert::to_datetime(&value),
        Some("timespan") => convert::to_timespan(&value),
        Some("decimal") => convert::to_decimal(&value),
        Some(_) => value,
    })
}

/// `percentiles_array_tdigest(digest, p, …)`.
fn percentiles_array_tdigest(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(digest) = Digest::from_value(&arguments[0]) else { return Ok(Value::Null) };
    let wanted: Vec<f64> = arguments[1..]
        .iter()
        .flat_map(|argument| match argument.as_array() {
            Some(items) => items.iter().map(Json::to_value).collect(),
            None => vec![argument.clone()],
        })
        .filter_map(|value| value.as_real())
        .collect();
    Ok(Value::array(digest.at(&wanted).iter().map(Value::to_json).collect()))
}
