//! `azimuth identity password`: verdicts on passwords, and on custom lists.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use azimuth_identity::passwords::breached::{BreachHash, times_in_ordered, times_in_range};
use azimuth_identity::passwords::policy::{EntraRules, NistRules, Operation, Profile, Violation, violations};
use azimuth_identity::passwords::{BannedPasswords, Names, Place, Verdict, base_terms, custom_list};
use serde_json::{Value, json};

use crate::args::{ListFormat, PasswordCheckArgs, PasswordCommand, PasswordFailOn, PasswordProfile};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Bytes of a list of terms.
const MAX_LIST_BYTES: u64 = 64 << 20;
/// Bytes of one line of standard input.
const MAX_LINE_BYTES: u64 = 4 << 10;
/// Passwords in one call.
const MAX_PASSWORDS: usize = 1_000_000;

pub(crate) fn run(command: &PasswordCommand, ui: Ui) -> Result<Exit, Failure> {
    match command {
        PasswordCommand::Check(args) => check(args),
        PasswordCommand::CustomList { file } => check_list(file, ui),
    }
}

/// What was found about one password.
struct Found {
    reasons: Vec<String>,
    verdict: Verdict,
    /// How often lists of breaches hold it; `None` if it was not looked for.
    breached: Option<u64>,
}

fn check(args: &PasswordCheckArgs) -> Result<Exit, Failure> {
    let lists = lists(args)?;
    let mut found = Vec::new();
    let mut input = io::stdin().lock();
    while let Some(password) = line(&mut input)? {
        if found.len() >= MAX_PASSWORDS {
            return Err(Failure::input(format_args!("more than {MAX_PASSWORDS} passwords; split the input")));
        }
        found.push(judge(&password, args, &lists)?);
    }
    if found.is_empty() {
        return Err(Failure::input("standard input holds no password").hint(
            "pipe passwords in, one a line; they are no arguments, so that no process list shows them",
        ));
    }
    show(&found, args.format)?;
    let is_refused = found.iter().any(|found| !found.reasons.is_empty());
    let fails = is_refused && args.fail_on == PasswordFailOn::Refused;
    Ok(if fails { Exit::ConditionMet } else { Exit::Done })
}

/// The next line without its end.
fn line(input: &mut impl BufRead) -> Result<Option<String>, Failure> {
    let mut text = Vec::new();
    io::Read::take(input, MAX_LINE_BYTES).read_until(b'\n', &mut text)?;
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() as u64 == MAX_LINE_BYTES {
        return Err(Failure::input("a line of standard input is longer than 4,096 bytes"));
    }
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let text = std::str::from_utf8(text).map_err(|_| Failure::input("standard input is not UTF-8"))?;
    Ok(Some(text.to_owned()))
}

fn lists(args: &PasswordCheckArgs) -> Result<BannedPasswords, Failure> {
    let global = args.global_list.as_deref().map(text).transpose()?;
    let custom = args.custom_list.as_deref().map(text).transpose()?;
    let custom = terms(custom.as_deref().unwrap_or_default());
    Ok(match &global {
        Some(global) => BannedPasswords::new(terms(global), custom),
        None => BannedPasswords::new(base_terms(), custom),
    })
}

fn text(path: &Path) -> Result<String, Failure> {
    let unreadable =
        |error: io::Error| Failure::input(format_args!("cannot read `{}`: {error}", path.display()));
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_LIST_BYTES {
        return Err(Failure::input(format_args!(
            "`{}` is larger than 64 MiB, too much for a list of terms",
            path.display()
        )));
    }
    fs::read_to_string(path).map_err(unreadable)
}

/// Terms of a file: one a line, or parted by tabs as in the directory setting; `#` begins a comment line.
fn terms(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).flat_map(custom_list::from_setting).collect()
}

fn judge(password: &str, args: &PasswordCheckArgs, lists: &BannedPasswords) -> Result<Found, Failure> {
    let profile = match args.profile {
        PasswordProfile::Entra => Profile::Entra(EntraRules::default()),
        PasswordProfile::Nist => Profile::Nist(NistRules { with_second_factor: false }),
        PasswordProfile::NistMfa => Profile::Nist(NistRules { with_second_factor: true }),
    };
    let names = Names {
        given_name: args.given_name.as_deref(),
        surname: args.surname.as_deref(),
        tenant: args.tenant_name.as_deref(),
    };
    let place = if args.on_premises { Place::DomainController } else { Place::Cloud };
    let verdict = lists.check(password, &names, place);
    let breached = args.breached.as_deref().map(|path| times_breached(path, password)).transpose()?;
    let broken = violations(password, profile, Operation::Reset);
    let mut reasons: Vec<String> = broken.into_iter().map(Violation::message).collect();
    reasons.extend(verdict.rejected.as_ref().map(|reason| reason.message().to_owned()));
    if let Some(times) = breached.filter(|times| *times > 0) {
        reasons.push(format!(
            "the password was seen {times} times in breaches; choose one that nobody has used"
        ));
    }
    Ok(Found { reasons, verdict, breached })
}

fn times_breached(path: &Path, password: &str) -> Result<u64, Failure> {
    let hash = BreachHash::of(password);
    let file = if path.is_dir() { range_file(path, hash.prefix())? } else { path.to_owned() };
    let unreadable = |error: &dyn std::fmt::Display| {
        // A range file's name is part of a password's hash, so only the folder is named.
        Failure::input(format_args!("cannot use the list of breaches `{}`: {error}", path.display()))
    };
    let reader = BufReader::new(File::open(&file).map_err(|error| unreadable(&error))?);
    let times = if path.is_dir() { times_in_range(reader, &hash) } else { times_in_ordered(reader, &hash) };
    Ok(times.map_err(|error| unreadable(&error))?.unwrap_or_default())
}

/// The range file of a prefix, `ABCDE.txt` or `ABCDE`.
fn range_file(folder: &Path, prefix: &str) -> Result<std::path::PathBuf, Failure> {
    let names = [format!("{prefix}.txt"), prefix.to_owned(), format!("{}.txt", prefix.to_lowercase())];
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| {
        Failure::input(format_args!("the folder `{}` lacks a range file that is needed", folder.display()))
            .hint("a complete download has 1,048,576 files, named 00000.txt to FFFFF.txt")
    })
}

fn show(found: &[Found], format: ListFormat) -> Result<(), Failure> {
    let result = |found: &Found| if found.reasons.is_empty() { "accepted" } else { "refused" };
    output::to(None, |out| match format {
        ListFormat::Json => {
            let verdict = |(number, found): (usize, &Found)| {
                json!({
                    "line": number + 1, "result": result(found), "points": found.verdict.score.points,
                    "timesBreached": found.breached, "reasons": found.reasons,
                })
            };
            output::json(out, &found.iter().enumerate().map(verdict).collect::<Vec<Value>>())
        }
        ListFormat::Table => {
            let row = |(number, found): (usize, &Found)| {
                vec![
                    (number + 1).to_string(),
                    result(found).to_owned(),
                    found.verdict.score.points.to_string(),
                    found.breached.map_or_else(String::new, |times| times.to_string()),
                    found.reasons.join("; "),
                ]
            };
            let rows: Vec<_> = found.iter().enumerate().map(row).collect();
            output::table(out, &["LINE", "RESULT", "POINTS", "BREACHED", "WHY"], &rows)
        }
    })
}

fn check_list(path: &Path, ui: Ui) -> Result<Exit, Failure> {
    let text = text(path)?;
    let terms = terms(&text);
    let problems = custom_list::problems(terms.iter().copied());
    if problems.is_empty() {
        ui.note(format_args!("{} terms, nothing is wrong", terms.len()));
        return Ok(Exit::Done);
    }
    output::to(None, |out| problems.iter().try_for_each(|problem| writeln!(out, "{problem}")))?;
    Err(Failure::input(format_args!("`{}` is no list that Entra takes", path.display())))
}
