//! The rules to check by: those that ship with the program and the user's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use azimuth_arm::Value;
use azimuth_diag::Severity;
use azimuth_preflight::{Pack, PackBuilder};

use crate::args::CheckArgs;
use crate::command::arm::template::read_text;
use crate::command::policy::aliases;
use crate::exit::{Exit, Failure};
use crate::report::count;
use crate::ui::Ui;

/// Deepest folder looked into for policies.
const MAX_DEPTH: usize = 16;
/// Most policy files read.
const MAX_FILES: usize = 50_000;

pub(super) fn build(args: &CheckArgs, ui: Ui) -> Result<Pack, Failure> {
    let mut builder = PackBuilder::new().with_catalogue(Arc::new(aliases::catalogue(&args.aliases)?));
    if !args.no_pack {
        builder.add_built_in();
    }
    for path in &args.policy {
        let mut files = Vec::new();
        gather(path, 0, &mut files)?;
        let is_folder = path.is_dir();
        let mut count = 0;
        for file in &files {
            let text = read_text(file)?;
            // A folder may hold other JSON too; a file that is named is meant.
            if !is_folder || text.contains("policy") {
                count += builder.add(&file.display().to_string(), &text);
            }
        }
        if count == 0 {
            return Err(Failure::input(format_args!(
                "no policy definition, initiative or assignment could be read from `{}`",
                path.display()
            ))
            .hint("write them as `az policy definition show` prints them, one to a file or as a list"));
        }
    }
    for written in &args.policy_parameter {
        let (rule, name, value) = parameter(written)?;
        builder.set_parameter(rule, name, value);
    }
    builder.select(&args.rule, &args.skip_rule);
    let (pack, diagnostics) = builder.finish();
    for diagnostic in &diagnostics {
        let text = azimuth_diag::render(diagnostic, None);
        match diagnostic.severity {
            Severity::Error => ui.error(text.trim_end()),
            Severity::Warning | Severity::Note => ui.note(text.trim_end()),
        }
    }
    let errors = diagnostics.iter().filter(|finding| finding.severity == Severity::Error).count();
    if errors > 0 {
        return Err(Failure::input(format_args!(
            "{} with the policies to check by",
            count(errors, "problem")
        )));
    }
    let needs_rules = args.estate.is_empty() && args.store.is_none();
    if pack.rules().is_empty() && (needs_rules || !args.rule.is_empty()) {
        return Err(Failure::usage("no rule is left to check by")
            .hint("see `azimuth check --list-rules`, or name your own with `--policy`"));
    }
    Ok(pack)
}

/// The rule, name and value of a `--policy-parameter`.
fn parameter(written: &str) -> Result<(Option<&str>, &str, Value), Failure> {
    let parts = written.split_once('=').map(|(name, value)| {
        let (rule, name) =
            name.rsplit_once(':').map_or((None, name), |(rule, name)| (Some(rule.trim()), name));
        (rule, name.trim(), value.trim())
    });
    let Some((rule, name, text)) = parts.filter(|(_, name, _)| !name.is_empty()) else {
        return Err(Failure::usage(format_args!("`{written}` gives no parameter a value"))
            .hint("write `--policy-parameter NAME=VALUE` or `--policy-parameter RULE:NAME=VALUE`"));
    };
    let text = match text.strip_prefix('@') {
        Some(file) => read_text(Path::new(file))?,
        None => text.to_owned(),
    };
    let value = serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text));
    Ok((rule, name, Value::from_json(&value)))
}

fn gather(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        let context = format!("cannot read `{}`", path.display());
        Failure::new(Exit::Input, anyhow::Error::new(error).context(context))
    };
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).map_err(unreadable)?;
    let mut entries: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        let is_link = std::fs::symlink_metadata(&entry).is_ok_and(|metadata| metadata.is_symlink());
        if entry.is_dir() && !is_link && depth < MAX_DEPTH {
            gather(&entry, depth + 1, files)?;
        } else if entry.extension().is_some_and(|ending| {
            ["json", "jsonl", "ndjson"].iter().any(|known| ending.eq_ignore_ascii_case(known))
        }) {
            files.push(entry);
        }
        if files.len() > MAX_FILES {
            return Err(Failure::input(format_args!("more than {MAX_FILES} policy files")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_for_all_or_for_one_rule() {
        let read =
            |written| parameter(written).map(|(rule, name, value)| (rule, name, value.to_string())).ok();
        assert_eq!(read("effect = Deny"), Some((None, "effect", "\"Deny\"".to_owned())));
        assert_eq!(read("set/one:skus=[1]"), Some((Some("set/one"), "skus", "[1]".to_owned())));
        assert_eq!(read("at=10:30"), Some((None, "at", "\"10:30\"".to_owned())));
        assert!(read("effect").is_none() && read("one:=x").is_none());
    }
}
