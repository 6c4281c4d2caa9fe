//! Decisions about users and sign-ins: a file of lines that reports replay.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use azimuth_host::{Clock, SystemClock};
use azimuth_identity::risk::Action;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::args::{RiskActArgs, RiskAction};
use crate::exit::{Exit, Failure};
use crate::input::parse_time;
use crate::ui::Ui;

/// The file is read whole.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// A decision, as a line of the file holds it.
pub(super) struct Decision {
    pub(super) at: Timestamp,
    pub(super) action: Action,
    pub(super) users: Vec<String>,
    pub(super) service_principals: Vec<String>,
    pub(super) sign_ins: Vec<String>,
    pub(super) by: String,
}

pub(super) fn run(args: &RiskActArgs, ui: Ui) -> Result<Exit, Failure> {
    let at = args.at.as_deref().map(parse_time).transpose()?.unwrap_or_else(|| SystemClock.now());
    let action = match args.action {
        RiskAction::ConfirmCompromised => Action::ConfirmCompromised,
        RiskAction::ConfirmSafe => Action::ConfirmSafe,
        RiskAction::Dismiss => Action::Dismiss,
    };
    let line = json!({
        "at": at.to_string(), "action": action.name(), "userIds": args.user,
        "servicePrincipalIds": args.service_principal, "requestIds": args.sign_in, "by": args.by,
    });
    let path = &args.actions;
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    written.with_context(|| format!("cannot write `{}`", path.display()))?;
    let count = args.user.len() + args.service_principal.len() + args.sign_in.len();
    ui.note(format_args!(
        "{} written down for {count} of users, service principals and sign-ins",
        action.name()
    ));
    Ok(Exit::Done)
}

/// The decisions of a file, as they stand there.
pub(super) fn read(path: &Path) -> Result<Vec<Decision>, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::input(format_args!("cannot read `{}`: {error}", path.display()));
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(Failure::input(format_args!("`{}` is larger than 256 MiB", path.display())));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let decision = |(number, line): (usize, &str)| {
        decision(line).ok_or_else(|| {
            Failure::input(format_args!("line {} of `{}` is no decision", number + 1, path.display()))
                .hint("lines are written by `azimuth identity risk act`")
        })
    };
    lines.map(decision).collect()
}

fn decision(line: &str) -> Option<Decision> {
    let line: Value = serde_json::from_str(line).ok()?;
    let ids = |name: &str| {
        let ids = line.get(name).and_then(Value::as_array);
        ids.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Some(Decision {
        at: line.get("at")?.as_str()?.parse().ok()?,
        action: Action::from_name(line.get("action")?.as_str()?)?,
        users: ids("userIds"),
        service_principals: ids("servicePrincipalIds"),
        sign_ins: ids("requestIds"),
        by: line.get("by").and_then(Value::as_str).unwrap_or_default().to_owned(),
    })
}
