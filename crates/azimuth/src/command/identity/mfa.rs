//! `azimuth identity mfa`: how far multifactor authentication reaches.

use std::io;

use azimuth_identity::registration::{Coverage, CoverageCounts, CoverageReport, RegisteredUser};

use super::rows;
use crate::args::{ListFormat, MfaArgs};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Names of people that the table lists; the JSON has all.
const SHOWN: usize = 20;

pub(crate) fn run(args: &MfaArgs, ui: Ui) -> Result<Exit, Failure> {
    let mut users = Vec::new();
    let mut left_out = 0_u64;
    rows::read(&args.registration, &mut |object| match RegisteredUser::from_json(&object) {
        Some(user) => users.push(user),
        None => left_out += 1,
    })?;
    if users.is_empty() {
        return Err(Failure::input("the registration files hold no user")
            .hint("export `/reports/authenticationMethods/userRegistrationDetails` of Microsoft Graph"));
    }
    if left_out > 0 {
        ui.note(format_args!("note: {left_out} objects without an id are left out"));
    }
    let mut report = CoverageReport::default();
    rows::read(&args.sign_ins, &mut |object| report.observe(&rows::sign_in_row(object)))?;
    let coverage = report.finish(&users);
    output::to(None, |out| match args.format {
        ListFormat::Json => output::json(out, &coverage.to_json()),
        ListFormat::Table => table(out, &coverage),
    })?;
    Ok(Exit::Done)
}

fn table(out: &mut dyn io::Write, coverage: &Coverage) -> io::Result<()> {
    let groups = [("all", &coverage.all), ("administrators", &coverage.admins), ("guests", &coverage.guests)];
    let rows: Vec<Vec<String>> = groups.iter().map(|(name, counts)| row(name, counts)).collect();
    let head = [
        "GROUP",
        "USERS",
        "REGISTERED",
        "CAPABLE",
        "PASSWORDLESS",
        "PHISHING-RESISTANT",
        "SIGNED IN",
        "CHALLENGED",
        "PASSWORD ONLY",
    ];
    output::table(out, &head, &rows)?;
    writeln!(out)?;
    let methods = coverage.registered_methods.iter().map(|(method, users)| {
        let used = coverage.used_methods.get(method).copied().unwrap_or_default();
        vec![output::safe(method).into_owned(), users.to_string(), used.to_string()]
    });
    let others =
        coverage.used_methods.iter().filter(|(method, _)| !coverage.registered_methods.contains_key(*method));
    let others = others.map(|(method, used)| vec![method.clone(), "0".to_owned(), used.to_string()]);
    output::table(out, &["METHOD", "REGISTERED BY", "USED"], &methods.chain(others).collect::<Vec<_>>())?;
    writeln!(out)?;
    writeln!(
        out,
        "sign-ins: {}, with a second factor {}, phishing-resistant {}",
        coverage.sign_ins,
        share(coverage.sign_ins_with_mfa, coverage.sign_ins),
        share(coverage.sign_ins_phishing_resistant, coverage.sign_ins),
    )?;
    people(out, "administrators who cannot do multifactor authentication", &coverage.admins_without_mfa)?;
    people(out, "capable, but never challenged", &coverage.capable_but_never_challenged)
}

fn people(out: &mut dyn io::Write, what: &str, names: &[String]) -> io::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| output::safe(name)).collect();
    let more =
        if names.len() > SHOWN { format!(" … and {} more", names.len() - SHOWN) } else { String::new() };
    writeln!(out, "{what}: {}{more}", shown.join(", "))
}

fn row(name: &str, counts: &CoverageCounts) -> Vec<String> {
    let of_users = |count| share(count, counts.users);
    let of_seen = |count| share(count, counts.signed_in);
    vec![
        name.to_owned(),
        counts.users.to_string(),
        of_users(counts.registered),
        of_users(counts.capable),
        of_users(counts.passwordless),
        of_users(counts.phishing_resistant),
        of_users(counts.signed_in),
        of_seen(counts.challenged),
        of_seen(counts.password_only),
    ]
}

/// A count with its share in percent.
fn share(count: u64, of: u64) -> String {
    match of {
        0 => count.to_string(),
        _ => format!("{count} ({:.0} %)", count as f64 * 100.0 / of as f64),
    }
}
