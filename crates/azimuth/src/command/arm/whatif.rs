//! `azimuth arm whatif`: what deploying a template would change.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use azimuth_arm::{
    Certainty, Change, ChangeType, Mode, PropertyChange, PropertyChangeType, WhatIf, WhatIfOptions, whatif,
};
use azimuth_estate::{Evidence, Snapshot};
use azimuth_ids::{IdKind, IdRef};
use serde_json::Value;

use super::diagnostics;
use super::estate::SnapshotView;
use super::prepare::{How, prepare, refuse_errors};
use crate::args::{ArmWhatifArgs, DeploymentMode, ListFormat};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Longest value of a property shown on a terminal, in characters.
const MAX_VALUE: usize = 100;
/// Types named in the note about lists that may not be complete.
const MAX_TYPES: usize = 4;

pub(super) fn run(args: &ArmWhatifArgs, ui: Ui) -> Result<Exit, Failure> {
    if args.template.estate.is_empty() && args.template.store.is_none() {
        return Err(Failure::usage("what-if needs the estate to compare with")
            .hint("pass `--estate PATH` (exported files) or `--store FILE` (made by `azimuth import`)"));
    }
    let mode = match args.mode {
        DeploymentMode::Incremental => Mode::Incremental,
        DeploymentMode::Complete => Mode::Complete,
    };
    // A refused deployment changes nothing, so the values count as final.
    let prepared = prepare(&args.template, How { mode, must_be_real: true, is_strict: true }, ui)?;
    diagnostics::show_all(&prepared.expansion, prepared.bicep.as_ref(), ui);
    refuse_errors(&prepared)?;
    let Some(estate) = &prepared.estate else {
        return Err(Failure::usage("what-if needs the estate to compare with"));
    };
    let options = WhatIfOptions { mode, ..WhatIfOptions::default() };
    let view = SnapshotView(&estate.snapshot);
    let result = whatif(&prepared.expansion, &view, &prepared.target, &options);
    note_gaps(&result, &estate.snapshot, ui);
    output::to(None, |out| match args.output {
        ListFormat::Json => output::json(out, &result.to_json()),
        ListFormat::Table => {
            let scope = prepared.target.id().to_string();
            write(out, &result, scope.trim_matches('"'), args.all)
        }
    })?;
    // The process ends here: taking a large estate apart again would cost more than the comparison.
    std::mem::forget(prepared);
    Ok(Exit::Done)
}

/// Says where the estate may not hold what exists: what is missing in it looks as if it were new.
fn note_gaps(result: &WhatIf, snapshot: &Snapshot, ui: Ui) {
    let evidence = Evidence::from_snapshot(snapshot);
    let mut doubtful: BTreeMap<String, usize> = BTreeMap::new();
    for change in result.changes.iter().filter(|change| change.change_type == ChangeType::Create) {
        let Ok(id) = IdRef::parse(&change.resource_id) else { continue };
        let kind = id.resource_type();
        if !evidence.complete(kind.as_str(), id.scope()) {
            *doubtful.entry(kind.as_str().to_owned()).or_default() += 1;
        }
    }
    if !doubtful.is_empty() {
        let count: usize = doubtful.values().sum();
        let mut types: Vec<&str> = doubtful.keys().map(String::as_str).take(MAX_TYPES).collect();
        if doubtful.len() > MAX_TYPES {
            types.push("…");
        }
        ui.note(format_args!(
            "note: new means that the estate does not hold it; nothing proves that it lists everything of {} ({count} to create)",
            types.join(", ")
        ));
    }
}

fn write(out: &mut dyn Write, result: &WhatIf, target: &str, all: bool) -> io::Result<()> {
    let bold = Style::new().bold();
    let shown: Vec<&Change> =
        result.changes.iter().filter(|change| all || change.change_type != ChangeType::NoChange).collect();
    let mut scopes: Vec<String> = Vec::new();
    for change in &shown {
        let scope = scope_of(change);
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    writeln!(out, "{bold}Deploying to {}{bold:#}", output::safe(target))?;
    for scope in &scopes {
        writeln!(out, "\n{bold}{}{bold:#}", output::safe(scope))?;
        for change in shown.iter().filter(|change| scope_of(change) == *scope) {
            write_change(out, change, all)?;
        }
    }
    if !result.potential_changes.is_empty() {
        writeln!(out, "\n{bold}Only if their conditions hold, which the running deployment decides{bold:#}")?;
        for change in &result.potential_changes {
            write_change(out, change, all)?;
        }
    }
    for note in &result.diagnostics {
        let yellow = AnsiColor::Yellow.on_default();
        writeln!(
            out,
            "\n{yellow}{}{yellow:#}: {} ({})",
            note.code,
            output::safe(&note.message),
            output::safe(&note.target)
        )?;
    }
    writeln!(out, "\n{}", summary(result))
}

/// The scope that a change is listed under.
fn scope_of(change: &Change) -> String {
    IdRef::parse(&change.resource_id).map_or_else(|_| String::new(), |id| id.scope().as_str().to_owned())
}

fn write_change(out: &mut dyn Write, change: &Change, all: bool) -> io::Result<()> {
    let (symbol, style) = mark(change.change_type);
    let name = relative(&change.resource_id);
    write!(out, "  {style}{symbol} {}{style:#}", output::safe(&name))?;
    match &change.unsupported_reason {
        Some(reason) => writeln!(out, "  ({})", output::safe(reason))?,
        None => writeln!(out)?,
    }
    if change.change_type == ChangeType::Create
        && let Some(after) = &change.after
    {
        write_new(out, after, style)?;
    }
    let mut hidden = 0;
    for delta in &change.delta {
        if delta.certainty == Certainty::DefaultNoise && !all {
            hidden += 1;
        } else {
            write_delta(out, delta, 6, "", all)?;
        }
    }
    if hidden > 0 && change.change_type != ChangeType::NoChange {
        let dim = Style::new().dimmed();
        let word = if hidden == 1 { "difference is a default" } else { "differences are defaults" };
        writeln!(out, "      {dim}· {hidden} {word} of the platform (`--all` shows more){dim:#}")?;
    }
    Ok(())
}

/// The id without the scope that it is listed under.
fn relative(id: &str) -> String {
    let scope = IdRef::parse(id).map_or("", |parsed| {
        if parsed.kind() == IdKind::ResourceGroup { "" } else { parsed.scope().as_str() }
    });
    let rest = id.strip_prefix(scope).unwrap_or(id);
    let rest = rest.strip_prefix("/providers/").unwrap_or(rest);
    if rest.is_empty() { id.to_owned() } else { rest.to_owned() }
}

/// What a new resource will be, leaf by leaf.
fn write_new(out: &mut dyn Write, after: &Value, style: Style) -> io::Result<()> {
    const NAMES: [&str; 3] = ["id", "name", "type"];
    let Some(members) = after.as_object() else { return Ok(()) };
    for (name, value) in members.iter().filter(|(name, _)| !NAMES.contains(&name.as_str())) {
        leaves(name, value, &mut |path, value| {
            writeln!(out, "      {style}+ {}: {}{style:#}", output::safe(path), output::safe(&cut(value)))
        })?;
    }
    Ok(())
}

/// Visits the values of a document that are no objects, with their dotted paths.
fn leaves(
    path: &str,
    value: &Value,
    visit: &mut dyn FnMut(&str, &Value) -> io::Result<()>,
) -> io::Result<()> {
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().try_for_each(|(name, value)| leaves(&format!("{path}.{name}"), value, visit))
        }
        _ => visit(path, value),
    }
}

fn write_delta(
    out: &mut dyn Write,
    delta: &PropertyChange,
    indent: usize,
    prefix: &str,
    all: bool,
) -> io::Result<()> {
    let (symbol, colour) = match delta.property_change_type {
        PropertyChangeType::Create => ('+', Some(AnsiColor::Green)),
        PropertyChangeType::Delete => ('-', Some(AnsiColor::Red)),
        PropertyChangeType::Modify | PropertyChangeType::Array => ('~', Some(AnsiColor::Magenta)),
        PropertyChangeType::NoEffect => ('x', None),
    };
    let style = match (delta.certainty, colour) {
        (Certainty::Unknown, _) => AnsiColor::Yellow.on_default(),
        (Certainty::DefaultNoise, _) | (_, None) => Style::new().dimmed(),
        (Certainty::Certain, Some(colour)) => colour.on_default(),
    };
    let doubt = match delta.certainty {
        Certainty::Certain => String::new(),
        Certainty::DefaultNoise => format!("  (no change: {})", delta.reason),
        Certainty::Unknown => format!("  (not certain: {})", delta.reason),
    };
    let values = match (&delta.before, &delta.after) {
        (Some(before), Some(after)) => format!(": {} => {}", cut(before), cut(after)),
        (Some(one), None) | (None, Some(one)) => format!(": {}", cut(one)),
        (None, None) => ":".to_owned(),
    };
    let path = if delta.path.is_empty() { prefix.to_owned() } else { format!("{prefix}{}", delta.path) };
    // Items of an array whose members differ are told member by member.
    let values = if delta.children.is_empty() { values } else { ":".to_owned() };
    let line = format!("{path}{values}");
    writeln!(out, "{:indent$}{style}{symbol} {}{style:#}{}", "", output::safe(&line), output::safe(&doubt))?;
    for child in &delta.children {
        if all || child.certainty != Certainty::DefaultNoise {
            write_delta(out, child, indent + 2, "", all)?;
        }
    }
    Ok(())
}

fn cut(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > MAX_VALUE {
        text.chars().take(MAX_VALUE - 1).chain(['…']).collect()
    } else {
        text
    }
}

fn mark(change_type: ChangeType) -> (char, Style) {
    match change_type {
        ChangeType::Create => ('+', AnsiColor::Green.on_default()),
        ChangeType::Delete => ('-', AnsiColor::Red.on_default()),
        ChangeType::Modify => ('~', AnsiColor::Magenta.on_default()),
        ChangeType::Deploy => ('!', AnsiColor::Blue.on_default()),
        ChangeType::NoChange => ('=', Style::new().dimmed()),
        ChangeType::Ignore => ('*', Style::new().dimmed()),
        ChangeType::Unsupported => ('x', AnsiColor::Yellow.on_default()),
    }
}

/// How many changes of each kind there are, and how sure the property changes are.
fn summary(result: &WhatIf) -> String {
    const WORDS: [(ChangeType, &str); 7] = [
        (ChangeType::Create, "to create"),
        (ChangeType::Delete, "to delete"),
        (ChangeType::Modify, "to modify"),
        (ChangeType::Deploy, "to deploy"),
        (ChangeType::NoChange, "no change"),
        (ChangeType::Ignore, "to ignore"),
        (ChangeType::Unsupported, "unsupported"),
    ];
    let counts = WORDS.iter().filter_map(|(kind, word)| {
        let count = result.changes.iter().filter(|change| change.change_type == *kind).count();
        (count > 0).then(|| format!("{} {count} {word}", mark(*kind).0))
    });
    let counts: Vec<String> = counts.collect();
    let mut text = if counts.is_empty() {
        "No resources".to_owned()
    } else {
        format!("Resources: {}", counts.join(", "))
    };
    let sure = |certainty: Certainty| {
        let deltas = result.changes.iter().flat_map(|change| &change.delta);
        deltas.filter(|delta| delta.certainty == certainty).count()
    };
    let (certain, unknown, noise) =
        (sure(Certainty::Certain), sure(Certainty::Unknown), sure(Certainty::DefaultNoise));
    if certain + unknown + noise > 0 {
        let word = if noise == 1 { "default" } else { "defaults" };
        text.push_str(&format!(
            "\nProperties: {certain} certain, {unknown} not certain, {noise} {word} of the platform"
        ));
    }
    text
}
