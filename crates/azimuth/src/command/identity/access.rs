//! `azimuth identity whatif`, `prove`, `compare`, `options`: sign-ins decided, and what policies guarantee.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use azimuth_identity::{
    Claim, Class, Directory, Policy, PolicySet, Session, SignIn, analyse, compare, options_report, prove,
    sign_in_of_what_if, what_if_of,
};
use serde_json::{Value, json};

use crate::args::{
    IdentityAccessCommand, IdentityCompareArgs, IdentityOptionsArgs, IdentityProveArgs, IdentityWhatifArgs,
    ListFormat, PolicySetArgs,
};
use crate::command::output;
use crate::exit::{Exit, Failure};

pub(crate) fn run(command: &IdentityAccessCommand) -> Result<Exit, Failure> {
    match command {
        IdentityAccessCommand::Whatif(args) => whatif(args),
        IdentityAccessCommand::Prove(args) => prove_claims(args),
        IdentityAccessCommand::Compare(args) => compare_sets(args),
        IdentityAccessCommand::Options(args) => options(args),
    }
}

fn whatif(args: &IdentityWhatifArgs) -> Result<Exit, Failure> {
    let set = policy_set(&args.set)?;
    let document = read(&args.sign_in)?;
    let read = match document.get("signInIdentity") {
        Some(_) => sign_in_of_what_if(&document),
        None => SignIn::from_json(&document),
    };
    let sign_in =
        read.map_err(|problem| Failure::input(format!("`{}`: {problem}", args.sign_in.display())))?;
    let answer = what_if_of(&set, &sign_in, args.applied_only);
    show(args.output, &answer, |out| {
        let decision = &answer["azimuthDecision"];
        writeln!(out, "{}", text(&decision["decision"]))?;
        for control in list(&decision["unsatisfiedControls"]) {
            writeln!(out, "  needs {}", text(control))?;
        }
        for policy in list(&answer["value"]) {
            let reason = match policy["policyApplies"] == Value::Bool(true) {
                true => String::new(),
                false => format!("  ({})", text(&policy["analysisReasons"])),
            };
            writeln!(
                out,
                "  {:<24} {}{reason}",
                text(&policy["azimuthResult"]),
                text(&policy["displayName"])
            )?;
        }
        Ok(())
    })?;
    Ok(Exit::Done)
}

fn prove_claims(args: &IdentityProveArgs) -> Result<Exit, Failure> {
    let set = policy_set(&args.set)?;
    let answer = match &args.claims {
        None => analyse(&set),
        Some(path) => {
            let document = read(path)?;
            let claims = listed(&document, "claims").ok_or_else(|| no_list(path, "claims"))?;
            let mut answers = Vec::new();
            for claim in claims {
                let claim = Claim::from_json(claim)
                    .map_err(|problem| Failure::input(format!("`{}`: {problem}", path.display())))?;
                let mut answer = prove(&set, &claim).to_json();
                answer["id"] = json!(claim.id);
                answer["question"] = json!(claim.text);
                answers.push(answer);
            }
            json!({"questions": answers})
        }
    };
    let is_refuted = list(&answer["questions"]).iter().any(|question| question["verdict"] == "refuted");
    show(args.output, &answer, |out| {
        for question in list(&answer["questions"]) {
            let name =
                if text(&question["question"]).is_empty() { &question["id"] } else { &question["question"] };
            writeln!(out, "{:<9} {}", text(&question["verdict"]), text(name))?;
            if !question["counterexample"].is_null() {
                let people = &question["peopleCount"];
                writeln!(
                    out,
                    "          {people} people, for example {}",
                    sign_in(&question["counterexample"])
                )?;
            }
            for suggestion in list(&question["suggestions"]) {
                let policy = Some(text(&suggestion["policy"])).filter(|name| !name.is_empty());
                let rest = if suggestion["isEnough"] == true { "" } else { " (leaves others)" };
                let policy = policy.map_or(String::new(), |name| format!("{name}: "));
                writeln!(out, "          to close it: {policy}{}{rest}", text(&suggestion["change"]))?;
            }
        }
        for fault in list(&answer["faults"]) {
            let with = fault["with"].as_str().map_or(String::new(), |with| format!(" with {with}"));
            writeln!(out, "{:<9} {}{with}", text(&fault["fault"]), text(&fault["policy"]))?;
        }
        if answer["lockOut"]["isLockoutRisk"] == true {
            writeln!(
                out,
                "no emergency access: no Global Administrator is free of policies that can lock out"
            )?;
        }
        Ok(())
    })?;
    Ok(if args.fail_on_refuted && is_refuted { Exit::ConditionMet } else { Exit::Done })
}

fn compare_sets(args: &IdentityCompareArgs) -> Result<Exit, Failure> {
    let directory = Arc::new(Directory::from_json(&read(&args.set.directory)?));
    let (before, after) = (policies(&args.set.policies)?, policies(&args.after)?);
    let session = Session::from_json(&json!({"methods": args.method}));
    let changes = compare(&before, &after, directory, &Class::default(), &session).map_err(Failure::input)?;
    let answer: Vec<Value> = changes.iter().map(azimuth_identity::Change::to_json).collect();
    show(args.output, &json!({"changes": answer}), |out| {
        if answer.is_empty() {
            writeln!(out, "no sign-in has another outcome")?;
        }
        for change in &answer {
            let (what, people) = (text(&change["change"]), &change["peopleCount"]);
            writeln!(out, "{what:<8} {people} people by {}", text(&change["policy"]))?;
            writeln!(out, "         for example {}", sign_in(&change["signIn"]))?;
        }
        Ok(())
    })?;
    Ok(Exit::Done)
}

fn options(args: &IdentityOptionsArgs) -> Result<Exit, Failure> {
    let set = policy_set(&args.set)?;
    let answer = options_report(&set, args.security_defaults).to_json();
    show(args.output, &answer, |out| {
        for option in list(&answer["options"]) {
            let state = if option["isInForce"] == true { "in force" } else { "not used" };
            writeln!(out, "{:<18} {state}, {} people", text(&option["option"]), option["people"])?;
            for gap in list(&option["gaps"]) {
                writeln!(out, "  gap: {}", text(gap))?;
            }
        }
        for conflict in list(&answer["conflicts"]) {
            writeln!(out, "conflict: {}", text(conflict))?;
        }
        for (number, step) in list(&answer["plan"]).iter().enumerate() {
            writeln!(out, "{}. {}", number + 1, text(step))?;
        }
        Ok(())
    })?;
    Ok(Exit::Done)
}

fn policy_set(args: &PolicySetArgs) -> Result<PolicySet, Failure> {
    let directory = Arc::new(Directory::from_json(&read(&args.directory)?));
    PolicySet::new(policies(&args.policies)?, directory).map_err(Failure::input)
}

fn policies(path: &Path) -> Result<Vec<Policy>, Failure> {
    let document = read(path)?;
    let policies = listed(&document, "policies").ok_or_else(|| no_list(path, "policies"))?;
    Ok(policies.iter().map(Policy::from_json).collect())
}

/// The array itself, or the one in `value` (Microsoft Graph) or in the named member.
fn listed<'a>(document: &'a Value, member: &str) -> Option<&'a Vec<Value>> {
    let inner = document.get("value").or_else(|| document.get(member));
    document.as_array().or_else(|| inner.and_then(Value::as_array))
}

fn no_list(path: &Path, what: &str) -> Failure {
    Failure::input(format!("`{}` holds no list of {what}", path.display()))
        .hint(format!("give an array, or an object with the member `value` or `{what}`"))
}

fn read(path: &Path) -> Result<Value, Failure> {
    let bytes = fs::read(path)
        .map_err(|error| Failure::input(format!("cannot read `{}`: {error}", path.display())))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::input(format!("`{}` is no JSON: {error}", path.display())))
}

fn show(
    format: ListFormat,
    answer: &Value,
    table: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    match format {
        ListFormat::Table => output::to(None, table),
        ListFormat::Json => output::raw(None, |out| writeln!(out, "{answer:#}")),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A sign-in in one line.
fn sign_in(value: &Value) -> String {
    let target = &value["target"];
    let target = [&target["appId"], &target["userAction"], &target["value"]];
    let device = if value["device"].is_null() { "an unknown device" } else { "a known device" };
    format!(
        "{} to {} with {} on {} ({device}) from {} ({})",
        text(&value["identity"]["userId"]),
        target.into_iter().find_map(Value::as_str).unwrap_or("several"),
        text(&value["clientAppType"]),
        text(&value["devicePlatform"]),
        text(&value["ipAddress"]),
        value["country"].as_str().unwrap_or("no country"),
    )
}
