//! From files to a register: sign-ins, activities and decisions, in the order of their time.

use std::path::Path;

use azimuth_identity::risk::{
    Action, AddressList, Detection, Detector, Lists, Register, SignIn, Target, observe_activity,
};
use jiff::Timestamp;
use serde_json::Value;

use super::act::{self, Decision};
use crate::args::RiskSourceArgs;
use crate::command::identity::rows;
use crate::exit::Failure;
use crate::input::parse_time;
use crate::ui::Ui;

/// Sign-ins in one call; they are sorted in memory.
const MAX_SIGN_INS: usize = 2_000_000;
/// Bytes of a list of addresses.
const MAX_LIST_BYTES: u64 = 256 << 20;

enum Happening {
    SignIn(Box<SignIn>),
    Activity(Vec<Detection>),
    Decision(Decision),
}

/// Replays everything, and ages the register to the moment asked for.
pub(super) fn register(args: &RiskSourceArgs, ui: Ui) -> Result<Register, Failure> {
    let lists = Lists {
        anonymous: list(args.anonymous.as_deref())?,
        malicious: list(args.malicious.as_deref())?,
        threat_actors: list(args.threat_actors.as_deref())?,
        trusted: list(args.trusted.as_deref())?,
    };
    let as_of = args.as_of.as_deref().map(parse_time).transpose()?;
    let mut happenings = happenings(args, &lists, ui)?;
    happenings.retain(|(at, _)| as_of.is_none_or(|as_of| *at <= as_of));
    // Decisions come after the sign-ins of the same moment.
    happenings.sort_by_key(|(at, what)| (*at, matches!(what, Happening::Decision(_))));
    let now = as_of.or_else(|| happenings.last().map(|(at, _)| *at)).unwrap_or_default();
    let (mut detector, mut register) = (Detector::new(lists), Register::default());
    for (_, happening) in happenings {
        match happening {
            Happening::SignIn(sign_in) => detector.observe(&sign_in).into_iter().for_each(|found| {
                register.record(found);
            }),
            Happening::Activity(detections) => detections.into_iter().for_each(|found| {
                register.record(found);
            }),
            Happening::Decision(decision) => decide(&decision, &mut register, &mut detector, ui),
        }
    }
    register.age(now);
    Ok(register)
}

fn happenings(args: &RiskSourceArgs, lists: &Lists, ui: Ui) -> Result<Vec<(Timestamp, Happening)>, Failure> {
    let mut happenings = Vec::new();
    let (mut left_out, mut is_full) = (0_u64, false);
    rows::read(&args.paths, &mut |object| {
        if happenings.len() >= MAX_SIGN_INS {
            is_full = true;
            return;
        }
        if object.get("OfficeWorkload").is_some() || object["Type"] == "OfficeActivity" {
            let detections = observe_activity(&object, lists);
            if let Some(first) = detections.first() {
                happenings.push((first.activity_at, Happening::Activity(detections)));
            }
            return;
        }
        match SignIn::from_row(&rows::sign_in_row(object)) {
            Some(sign_in) => happenings.push((sign_in.at, Happening::SignIn(Box::new(sign_in)))),
            None => left_out += 1,
        }
    })?;
    if is_full {
        return Err(Failure::input(format_args!("more than {MAX_SIGN_INS} sign-ins"))
            .hint("give fewer days; what is learnt needs fourteen"));
    }
    if happenings.is_empty() {
        return Err(Failure::input("the files hold no sign-ins of users")
            .hint("give rows of SigninLogs, or `/auditLogs/signIns` of Microsoft Graph"));
    }
    if left_out > 0 {
        ui.note(format_args!("note: {left_out} objects that are no sign-ins of users are left out"));
    }
    if let Some(path) = &args.actions {
        let decisions = act::read(path)?;
        happenings.extend(decisions.into_iter().map(|decision| (decision.at, Happening::Decision(decision))));
    }
    Ok(happenings)
}

/// Carries a decision out; one that cannot be carried out is told and left out.
fn decide(decision: &Decision, register: &mut Register, detector: &mut Detector, ui: Ui) {
    let users = decision.users.iter().map(|id| Target::User(id));
    let sign_ins = decision.sign_ins.iter().map(|id| Target::SignIn(id));
    let principals = decision.service_principals.iter().map(|id| Target::ServicePrincipal(id));
    for target in users.chain(principals).chain(sign_ins) {
        if let Err(error) = register.act(target, decision.action, decision.at, &decision.by) {
            ui.note(format_args!(
                "warning: {} of {} is left out: {error}",
                decision.action.name(),
                decision.at
            ));
        }
        if let (Target::User(id) | Target::ServicePrincipal(id), Action::ConfirmSafe) =
            (target, decision.action)
        {
            detector.relearn(id);
        }
    }
}

fn list(path: Option<&Path>) -> Result<AddressList, Failure> {
    let Some(path) = path else { return Ok(AddressList::default()) };
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::input(format_args!("cannot use `{}`: {error}", path.display()))
    };
    if std::fs::metadata(path).map_err(|error| unreadable(&error))?.len() > MAX_LIST_BYTES {
        return Err(unreadable(&"it is larger than 256 MiB"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    AddressList::parse(&text).map_err(|error| unreadable(&error))
}

/// The text members of an object, for a table or a spreadsheet.
pub(super) fn cells(object: &Value, pointers: &[&str]) -> Vec<String> {
    let cell = |pointer: &&str| match object.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Some(other) => other.to_string(),
    };
    pointers.iter().map(cell).collect()
}
