//! Fixes for eyes and for programs.

use std::io::{self, Write};

use azimuth_policy::effect_name;
use azimuth_policy::fix::{Edit, Fix, FixReport, RelatedFix};
use azimuth_policy::suite::show_evaluated;
use serde_json::{Value, json};

use super::Question;
use crate::command::output::{self, safe};
use crate::report::count;

/// Lines of an unchanged part around a change.
const AROUND: usize = 2;

pub(super) fn terminal(out: &mut dyn Write, question: &Question<'_>, report: &FixReport) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let green = anstyle::AnsiColor::Green.on_default().bold();
    if report.violations.is_empty() {
        return writeln!(out, "{green}nothing to fix{green:#}: no policy is violated");
    }
    let policies = match report.violations.len() {
        1 => "1 policy is violated".to_owned(),
        number => format!("{number} policies are violated"),
    };
    writeln!(out, "{red}{policies}{red:#}")?;
    for violation in &report.violations {
        writeln!(out, "  {} ({})", safe(&name(question, violation.policy)), effect_name(violation.effect))?;
        for found in &violation.evaluated {
            writeln!(out, "    {}", safe(&show_evaluated(found)))?;
        }
    }
    for (index, fix) in report.fixes.iter().enumerate() {
        writeln!(out)?;
        if index == 0 {
            let verb = if fix.edits.len() == 1 { "makes" } else { "make" };
            let changes = count(fix.edits.len(), "change");
            writeln!(out, "{green}{changes} {verb} it comply, confirmed by the engine{green:#}")?;
            whole(out, question, fix)?;
        } else {
            let changes: Vec<String> = fix.edits.iter().map(Edit::describe).collect();
            writeln!(out, "{bold}or{bold:#} {}", safe(&changes.join(", ")))?;
        }
    }
    for found in &report.related {
        related(out, question, found)?;
    }
    if !report.obstacles.is_empty() {
        writeln!(out, "\n{red}no change to the resource makes it comply{red:#}")?;
        for sentence in &report.obstacles {
            writeln!(out, "  {}", safe(sentence))?;
        }
        if report.needs_new_resource {
            writeln!(out, "  with another location or kind it would comply, which means to deploy it anew")?;
        }
        if report.violations.len() > 1 {
            writeln!(out, "  one of the policies alone may have an answer: ask for it with `--policy NAME`")?;
        }
        if !report.is_exhausted {
            writeln!(
                out,
                "  the search was given up before everything was tried; `--max-changes` and `--policy` narrow it"
            )?;
        }
    }
    Ok(())
}

fn whole(out: &mut dyn Write, question: &Question<'_>, fix: &Fix) -> io::Result<()> {
    for edit in &fix.edits {
        writeln!(out, "  {}", safe(&edit.describe()))?;
    }
    writeln!(out)?;
    for line in diff(&question.before, &fix.after) {
        let style = match line.chars().next() {
            Some('+') => anstyle::AnsiColor::Green.on_default(),
            Some('-') => anstyle::AnsiColor::Red.on_default(),
            _ => anstyle::Style::new(),
        };
        writeln!(out, "  {style}{}{style:#}", safe(&line))?;
    }
    writeln!(out, "\n  JSON patch\n  {}", safe(&fix.patch.to_string()))?;
    match &fix.az {
        Some(command) => writeln!(out, "\n  Azure CLI\n  {}", safe(command)),
        None => writeln!(
            out,
            "\n  `az resource update` cannot express a name with special characters; use the patch"
        ),
    }
}

fn related(out: &mut dyn Write, question: &Question<'_>, found: &RelatedFix) -> io::Result<()> {
    let green = anstyle::AnsiColor::Green.on_default().bold();
    let what = if found.is_own { "the policy's own template" } else { "a resource like this" };
    let surety = if found.is_verified {
        ", confirmed by the engine"
    } else {
        "; whether that is enough shows only when it is deployed"
    };
    writeln!(out, "\n{green}deploy {what} for `{}`{surety}{green:#}", safe(&name(question, found.policy)))?;
    for line in format!("{:#}", found.template).lines() {
        writeln!(out, "  {}", safe(line))?;
    }
    if found.parameters.as_object().is_some_and(|values| !values.is_empty()) {
        writeln!(out, "  parameters")?;
        for line in format!("{:#}", found.parameters).lines() {
            writeln!(out, "  {}", safe(line))?;
        }
    }
    Ok(())
}

fn name(question: &Question<'_>, policy: azimuth_policy::PolicyId) -> String {
    let bound = question.governance.program().policy(policy);
    let definition = bound.definition();
    let name = definition.display_name.clone().or_else(|| definition.name.clone());
    name.unwrap_or_else(|| definition.id.clone().unwrap_or_default())
}

pub(super) fn json(out: &mut dyn Write, question: &Question<'_>, report: &FixReport) -> io::Result<()> {
    let violations: Vec<Value> = report
        .violations
        .iter()
        .map(|violation| {
            json!({
                "policy": name(question, violation.policy),
                "policyDefinitionId": question.governance.program().policy(violation.policy).definition().id,
                "effect": effect_name(violation.effect),
                "evaluated": violation.evaluated.iter().map(azimuth_policy::Evaluated::to_json).collect::<Vec<_>>(),
            })
        })
        .collect();
    let fixes: Vec<Value> = report
        .fixes
        .iter()
        .map(|fix| {
            json!({
                "changes": fix.edits.iter().map(Edit::describe).collect::<Vec<_>>(),
                "patch": fix.patch,
                "command": fix.az,
                "templateFragment": fix.fragment,
                "after": fix.after,
            })
        })
        .collect();
    let related: Vec<Value> = report
        .related
        .iter()
        .map(|found| {
            json!({
                "policy": name(question, found.policy),
                "resourceType": found.query.resource_type,
                "template": found.template,
                "parameters": found.parameters,
                "confirmed": found.is_verified,
                "ownTemplate": found.is_own,
            })
        })
        .collect();
    output::json(
        out,
        &json!({
            "violations": violations, "fixes": fixes, "related": related, "obstacles": report.obstacles,
            "needsNewResource": report.needs_new_resource, "exhausted": report.is_exhausted,
        }),
    )
}

/// Lines before and after, with a little of what stays around each change.
fn diff(before: &Value, after: &Value) -> Vec<String> {
    let (before, after) = (format!("{before:#}"), format!("{after:#}"));
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let mut out = Vec::new();
    out.extend(old[start.saturating_sub(AROUND)..start].iter().map(|line| format!(" {line}")));
    // Within the part that differs, lines common to both in order stay; the parts are short.
    let (left, right) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    out.extend(middle(left, right));
    let tail = &old[old.len() - end..];
    out.extend(tail.iter().take(AROUND).map(|line| format!(" {line}")));
    out
}

/// The longest common lines stay, the rest goes or comes.
fn middle(left: &[&str], right: &[&str]) -> Vec<String> {
    const MOST: usize = 1_000;
    if left.len() > MOST || right.len() > MOST {
        let gone = left.iter().map(|line| format!("-{line}"));
        return gone.chain(right.iter().map(|line| format!("+{line}"))).collect();
    }
    let mut longest = vec![vec![0_u16; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            longest[i][j] = if left[i] == right[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            out.push(format!(" {}", left[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            out.push(format!("-{}", left[i]));
            i += 1;
        } else {
            out.push(format!("+{}", right[j]));
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_their_surroundings() {
        let before = json!({"a": 1, "b": 2, "c": {"d": 3, "e": 4}});
        let after = json!({"a": 1, "b": 2, "c": {"d": 5, "e": 4}});
        assert_eq!(
            diff(&before, &after),
            ["   \"b\": 2,", "   \"c\": {", "-    \"d\": 3,", "+    \"d\": 5,", "     \"e\": 4", "   }"]
        );
    }
}
