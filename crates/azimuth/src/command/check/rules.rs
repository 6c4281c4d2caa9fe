//! `--list-rules` and `--explain`.

use std::io::{self, Write};

use azimuth_preflight::{Pack, RuleInfo};
use serde_json::json;

use crate::args::{CheckArgs, CheckFormat};
use crate::command::output::{self, safe};
use crate::command::policy::distance;
use crate::exit::{Exit, Failure};
use crate::ui;

/// Near misses named in a hint.
const NEAR: usize = 3;

/// So many letters may be wrong for a name to be taken for a mistyped one.
const TYPING_ERRORS: usize = 2;

pub(super) fn show(args: &CheckArgs, pack: &Pack) -> Result<Exit, Failure> {
    let path = args.out.as_deref();
    if let Some(id) = &args.explain {
        let Some(rule) = pack.rule(id) else { return Err(unknown(id, pack)) };
        output::to(path, |out| match args.format {
            CheckFormat::Json => output::json(out, rule),
            _ => explain(out, rule),
        })?;
        return Ok(Exit::Done);
    }
    output::to(path, |out| match args.format {
        CheckFormat::Json => output::json(out, &json!(pack.rules())),
        _ => list(out, pack),
    })?;
    Ok(Exit::Done)
}

fn unknown(id: &str, pack: &Pack) -> Failure {
    let wanted = azimuth_ids::fold(id);
    let words: Vec<&str> = wanted.split('-').filter(|word| *word != "az").collect();
    // Those that share most words with it; among these, those that are written most alike.
    let mut near: Vec<(usize, usize, &str)> = pack
        .rules()
        .iter()
        .map(|rule| {
            let own = azimuth_ids::fold(&rule.id);
            let shared = words.iter().filter(|word| own.split('-').any(|part| part == **word)).count();
            (shared, distance(&wanted, &own), rule.id.as_str())
        })
        .filter(|(shared, edits, _)| *shared > 0 || *edits <= TYPING_ERRORS)
        .collect();
    near.sort_by_key(|(shared, edits, id)| (*edits > TYPING_ERRORS, std::cmp::Reverse(*shared), *edits, *id));
    let names: Vec<&str> = near.iter().take(NEAR).map(|(_, _, id)| *id).collect();
    let hint = if names.is_empty() {
        "`azimuth check --list-rules` names them all".to_owned()
    } else {
        format!("did you mean {}? `--list-rules` names them all", names.join(", "))
    };
    Failure::usage(format_args!("there is no rule `{id}`")).hint(hint)
}

fn list(out: &mut dyn Write, pack: &Pack) -> io::Result<()> {
    let width = ui::width();
    let longest = pack.rules().iter().map(|rule| rule.id.chars().count()).max().unwrap_or(0);
    let room = width.map(|width| width.saturating_sub(longest + 2 + 10 + 20).max(20));
    let rows: Vec<Vec<String>> = pack
        .rules()
        .iter()
        .map(|rule| {
            let title = match room {
                Some(room) if rule.title.chars().count() > room => {
                    rule.title.chars().take(room - 1).chain(['…']).collect()
                }
                _ => rule.title.clone(),
            };
            vec![rule.id.clone(), rule.severity.name().to_owned(), rule.category.clone(), title]
        })
        .collect();
    output::table(out, &["RULE", "SEVERITY", "CATEGORY", "TITLE"], &rows)
}

fn explain(out: &mut dyn Write, rule: &RuleInfo) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    let dim = anstyle::Style::new().dimmed();
    writeln!(out, "{bold}{}{bold:#}  {}", safe(&rule.id), safe(&rule.title))?;
    let origin = if rule.is_built_in { "ships with the program" } else { "yours" };
    writeln!(out, "{dim}{} · {} · {origin}{dim:#}", rule.severity.name(), safe(&rule.category))?;
    if !rule.description.is_empty() {
        writeln!(out, "\n{}", wrapped(&safe(&rule.description)))?;
    }
    if let Some(fix) = &rule.fix {
        writeln!(out, "\n{bold}What to do{bold:#}\n{}", wrapped(&safe(fix)))?;
    }
    if let Some(url) = &rule.help_url {
        writeln!(out, "\n{bold}More{bold:#}\n{}", safe(url))?;
    }
    if !rule.equivalents.is_empty() {
        writeln!(out, "\n{bold}In other tools{bold:#}\n{}", safe(&rule.equivalents.join(", ")))?;
    }
    writeln!(out, "\n{dim}To leave it out somewhere: // azimuth:ignore {} reason{dim:#}", safe(&rule.id))
}

/// Text broken at the width of the terminal.
fn wrapped(text: &str) -> String {
    let width = ui::width().unwrap_or(100).min(100);
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}
