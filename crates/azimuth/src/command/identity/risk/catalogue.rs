//! Every published detection, and what it takes to compute it.

use azimuth_identity::risk::{Computable, RiskEventType, RiskLevel, Scope, Timing};
use serde_json::{Value, json};

use crate::args::ListFormat;
use crate::command::output;
use crate::exit::{Exit, Failure};

pub(super) fn run(format: ListFormat) -> Result<Exit, Failure> {
    output::to(None, |out| match format {
        ListFormat::Json => output::json(out, &RiskEventType::all().map(object).collect::<Vec<_>>()),
        ListFormat::Table => {
            let rows: Vec<Vec<String>> = RiskEventType::all().map(row).collect();
            output::table(out, &["TYPE", "NAME", "SCOPE", "TIMING", "LICENCE", "LEVEL", "COMPUTED"], &rows)
        }
    })?;
    Ok(Exit::Done)
}

fn object(kind: RiskEventType) -> Value {
    json!({
        "riskEventType": kind.name(),
        "title": kind.title(),
        "scopes": names(kind.scopes(), Scope::name),
        "timings": names(kind.timings(), Timing::name),
        "isPremium": kind.is_premium(),
        "fixedLevel": kind.fixed_level().map(RiskLevel::name),
        "mitreTechniqueId": kind.technique(),
        "computed": computed(kind.computable()),
    })
}

fn row(kind: RiskEventType) -> Vec<String> {
    vec![
        kind.name().to_owned(),
        kind.title().to_owned(),
        names(kind.scopes(), Scope::name).join(", "),
        names(kind.timings(), Timing::name).join(", "),
        if kind.is_premium() { "P2" } else { "Free" }.to_owned(),
        kind.fixed_level().map_or("by case", RiskLevel::name).to_owned(),
        computed(kind.computable()),
    ]
}

fn names<T: Copy>(values: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    values.iter().map(|value| name(*value)).collect()
}

fn computed(computable: Computable) -> String {
    match computable {
        Computable::FromSignIns => "from sign-ins".to_owned(),
        Computable::WithList(list) => format!("with your list: {list}"),
        Computable::FromTable(table) => format!("from {table}"),
        Computable::ByAction => "by a decision".to_owned(),
        Computable::MicrosoftOnly(signals) => format!("no, it takes {signals}"),
    }
}
