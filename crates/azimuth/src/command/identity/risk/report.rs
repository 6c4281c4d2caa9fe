//! The reports: users at risk, risky sign-ins, risk detections, history, figures.

use azimuth_identity::risk::{
    Filter, License, RiskDetail, RiskEventType, RiskLevel, RiskState, RiskySignIn, RiskyUser,
};
use serde_json::{Value, json};

use super::replay::{cells, register};
use crate::args::{RiskFormat, RiskLicense, RiskListArgs, RiskReportArgs};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::input::parse_time;
use crate::ui::Ui;

/// A column of a table: its head and where the cell stands in the object.
type Column = (&'static str, &'static str);

const USERS: &[Column] = &[
    ("USER", "/userPrincipalName"),
    ("LEVEL", "/riskLevel"),
    ("STATE", "/riskState"),
    ("DETAIL", "/riskDetail"),
    ("UPDATED", "/riskLastUpdatedDateTime"),
    ("ID", "/id"),
];
const SERVICE_PRINCIPALS: &[Column] = &[
    ("NAME", "/displayName"),
    ("LEVEL", "/riskLevel"),
    ("STATE", "/riskState"),
    ("DETAIL", "/riskDetail"),
    ("UPDATED", "/riskLastUpdatedDateTime"),
    ("ID", "/id"),
];
const SIGN_INS: &[Column] = &[
    ("TIME", "/createdDateTime"),
    ("USER", "/userPrincipalName"),
    ("AGGREGATE", "/riskLevelAggregated"),
    ("REAL TIME", "/riskLevelDuringSignIn"),
    ("STATE", "/riskState"),
    ("DETAIL", "/riskDetail"),
    ("ADDRESS", "/ipAddress"),
    ("COUNTRY", "/location/countryOrRegion"),
    ("APPLICATION", "/appDisplayName"),
    ("TYPES", "/riskEventTypes_v2"),
    ("ID", "/id"),
];
const DETECTIONS: &[Column] = &[
    ("TIME", "/activityDateTime"),
    ("USER", "/userPrincipalName"),
    ("TYPE", "/riskEventType"),
    ("LEVEL", "/riskLevel"),
    ("STATE", "/riskState"),
    ("TIMING", "/detectionTimingType"),
    ("SOURCE", "/source"),
    ("ADDRESS", "/ipAddress"),
    ("COUNTRY", "/location/countryOrRegion"),
    ("WHY", "/why"),
];
const HISTORY: &[Column] = &[
    ("TIME", "/riskLastUpdatedDateTime"),
    ("LEVEL", "/riskLevel"),
    ("STATE", "/riskState"),
    ("DETAIL", "/riskDetail"),
    ("TYPES", "/activity/riskEventTypes"),
    ("BY", "/initiatedBy"),
];

pub(super) fn users(args: &RiskListArgs, ui: Ui) -> Result<Exit, Failure> {
    let (filter, register) = (filter(args)?, register(&args.report.source, ui)?);
    let objects: Vec<Value> = register.risky_users(&filter).into_iter().map(RiskyUser::to_json).collect();
    list(&objects, USERS, args.report.format)
}

pub(super) fn service_principals(args: &RiskListArgs, ui: Ui) -> Result<Exit, Failure> {
    let (filter, register) = (filter(args)?, register(&args.report.source, ui)?);
    let found = register.risky_service_principals(&filter);
    let objects: Vec<Value> = found.into_iter().map(RiskyUser::to_json).collect();
    list(&objects, SERVICE_PRINCIPALS, args.report.format)
}

pub(super) fn sign_ins(args: &RiskListArgs, ui: Ui) -> Result<Exit, Failure> {
    let (filter, register) = (filter(args)?, register(&args.report.source, ui)?);
    let objects: Vec<Value> =
        register.risky_sign_ins(&filter).into_iter().map(RiskySignIn::to_json).collect();
    list(&objects, SIGN_INS, args.report.format)
}

pub(super) fn detections(args: &RiskListArgs, ui: Ui) -> Result<Exit, Failure> {
    let (filter, register) = (filter(args)?, register(&args.report.source, ui)?);
    let license = match args.license {
        RiskLicense::P2 => License::P2,
        RiskLicense::P1 => License::P1,
        RiskLicense::Free => License::Free,
    };
    let detections = register.risk_detections(&filter);
    let objects: Vec<Value> = detections
        .into_iter()
        .map(|detection| {
            let mut object = detection.to_json(license);
            // In Graph's object the reason stands inside a text; tables want it by itself.
            if args.report.format != RiskFormat::Json && !object["additionalInfo"].is_null() {
                object["why"] = detection.reason.clone().into();
            }
            if args.report.format != RiskFormat::Json && detection.is_of_workload() {
                object["userPrincipalName"] = detection.user_name.clone().into();
            }
            object
        })
        .collect();
    list(&objects, DETECTIONS, args.report.format)
}

pub(super) fn history(user: &str, args: &RiskReportArgs, ui: Ui) -> Result<Exit, Failure> {
    let register = register(&args.source, ui)?;
    let all = register.risky_users(&Filter::default());
    let is_it = |text: &str| text.eq_ignore_ascii_case(user);
    let found = all.into_iter().find(|known| is_it(&known.id) || is_it(&known.name)).ok_or_else(|| {
        Failure::input(format_args!("no risk of the user `{user}` is known"))
            .hint("`azimuth identity risk users` lists who is at risk")
    })?;
    list(&found.history_json(), HISTORY, args.format)
}

pub(super) fn summary(args: &RiskReportArgs, ui: Ui) -> Result<Exit, Failure> {
    let summary = register(&args.source, ui)?.summary().to_json();
    output::to(None, |out| {
        if args.format == RiskFormat::Json {
            return output::json(out, &summary);
        }
        let mut rows = Vec::new();
        for (what, name) in [
            ("users at risk", "/usersByLevel"),
            ("users", "/usersByState"),
            ("detections", "/detectionsByType"),
        ] {
            let counts = summary.pointer(name).and_then(Value::as_object).into_iter().flatten();
            rows.extend(counts.map(|(name, count)| vec![what.to_owned(), name.clone(), count.to_string()]));
        }
        rows.push(vec!["risky sign-ins".to_owned(), String::new(), summary["riskySignIns"].to_string()]);
        for day in summary["days"].as_array().into_iter().flatten() {
            let date = day["date"].as_str().unwrap_or_default();
            for (what, name) in
                [("new risky users", "newRiskyUsers"), ("remediated users", "remediatedUsers")]
            {
                rows.push(vec![what.to_owned(), date.to_owned(), day[name].to_string()]);
            }
        }
        table(out, &["WHAT", "WHICH", "COUNT"], &rows, args.format)
    })?;
    Ok(Exit::Done)
}

fn list(objects: &[Value], columns: &[Column], format: RiskFormat) -> Result<Exit, Failure> {
    output::to(None, |out| {
        if format == RiskFormat::Json {
            return output::json(out, &json!({"value": objects}));
        }
        let heads: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
        let pointers: Vec<&str> = columns.iter().map(|(_, pointer)| *pointer).collect();
        let rows: Vec<Vec<String>> = objects.iter().map(|object| cells(object, &pointers)).collect();
        table(out, &heads, &rows, format)
    })?;
    Ok(Exit::Done)
}

fn table(
    out: &mut dyn std::io::Write,
    heads: &[&str],
    rows: &[Vec<String>],
    format: RiskFormat,
) -> std::io::Result<()> {
    if format != RiskFormat::Csv {
        return output::table(out, heads, rows);
    }
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(heads)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell).into_owned()))?;
    }
    writer.flush()
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: &str) -> std::borrow::Cow<'_, str> {
    match cell.starts_with(['=', '+', '-', '@', '\t']) {
        true => format!("'{cell}").into(),
        false => cell.into(),
    }
}

fn filter(args: &RiskListArgs) -> Result<Filter, Failure> {
    fn all<T>(names: &[String], what: &str, read: fn(&str) -> Option<T>) -> Result<Vec<T>, Failure> {
        let one =
            |name: &String| read(name).ok_or_else(|| Failure::usage(format_args!("`{name}` is no {what}")));
        names.iter().map(one).collect()
    }
    let time = |text: &Option<String>| text.as_deref().map(parse_time).transpose();
    Ok(Filter {
        levels: all(&args.level, "risk level; there are none, low, medium and high", RiskLevel::from_name)?,
        states: all(
            &args.state,
            "risk state, such as atRisk, dismissed or remediated",
            RiskState::from_name,
        )?,
        details: all(&args.detail, "risk detail of Microsoft Graph", RiskDetail::from_name)?,
        kinds: all(
            &args.kinds,
            "detection; `azimuth identity risk catalogue` lists them",
            RiskEventType::from_name,
        )?,
        user: args.user.clone(),
        since: time(&args.since)?,
        until: time(&args.until)?,
    })
}
