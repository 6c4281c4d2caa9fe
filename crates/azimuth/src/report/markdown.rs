//! Markdown for wikis and pull requests.

use std::io::{self, Write};

use azimuth_posture::Assessment;

use super::{
    Kind, by_area, count, counterexamples, counts, missing, plain, summary_line, terminal::seconds, thousands,
};

/// Counterexamples listed for each control.
const LISTED: usize = 25;

pub(crate) fn write(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    let summary = &assessment.summary;
    let name = summary.tenant_name.as_deref().or(summary.tenant_id.as_deref()).unwrap_or("the estate");
    writeln!(out, "# Azimuth assessment of {}\n", escape(name))?;
    writeln!(
        out,
        "As of {}: {}, {}, {}, {}.\n",
        seconds(assessment.as_of),
        count(summary.resources, "resource"),
        count(summary.subscriptions, "subscription"),
        count(summary.management_groups, "management group"),
        count(summary.users, "user"),
    )?;
    let counts = counts(&assessment.results);
    let words: Vec<String> =
        Kind::ALL.iter().map(|kind| format!("**{}** {}", counts[*kind as usize], kind.word())).collect();
    writeln!(out, "{}\n", words.join(" · "))?;
    for (area, results) in by_area(assessment) {
        writeln!(
            out,
            "## {}\n\n| | control | practice | verdict | rests on |\n|---|---|---|---|---|",
            area.title()
        )?;
        for result in &results {
            let kind = Kind::of(&result.verdict);
            let mark = match kind {
                Kind::Violated => "❌",
                Kind::Unknown => "❔",
                Kind::Proven => "✅",
                Kind::NotApplicable => "➖",
            };
            writeln!(
                out,
                "| {mark} | {} | {} | {} | {} |",
                result.control.id,
                escape(result.control.title),
                kind.word(),
                escape(&summary_line(&result.verdict))
            )?;
        }
        writeln!(out)?;
        for result in &results {
            let examples = counterexamples(&result.verdict);
            if !examples.is_empty() {
                writeln!(out, "### {} counterexamples\n", result.control.id)?;
                for example in examples.iter().take(LISTED) {
                    writeln!(
                        out,
                        "- {} `{}`: seen {}, wanted {}",
                        code(&example.object),
                        example.path,
                        code(&plain(&example.seen)),
                        escape(&example.wanted)
                    )?;
                }
                if examples.len() > LISTED {
                    writeln!(out, "- … and {} more", thousands(examples.len() - LISTED))?;
                }
                writeln!(out, "\nFix: {}\n", escape(result.control.fix))?;
            }
            let lacking = missing(&result.verdict);
            if !lacking.is_empty() {
                writeln!(out, "### {} missing evidence\n", result.control.id)?;
                for need in lacking.iter().take(LISTED) {
                    let command = if need.command.is_empty() {
                        String::new()
                    } else {
                        format!(": {}", code(&need.command))
                    };
                    writeln!(out, "- {}{command}", escape(&need.what))?;
                }
                if lacking.len() > LISTED {
                    writeln!(out, "- … and {} more", thousands(lacking.len() - LISTED))?;
                }
                writeln!(out)?;
            }
        }
    }
    Ok(())
}

/// Text that cannot break out of a table cell or start markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '&' => {
                out.push('\\');
                out.push(character);
            }
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

/// A code span around any text.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest == 0 { format!("{fence}{text}{fence}") } else { format!("{fence} {text} {fence}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_disarmed() {
        assert_eq!(escape("a|b<c>\n"), "a\\|b\\<c\\> ");
        assert_eq!(code("x"), "`x`");
        assert_eq!(code("a``b"), "``` a``b ```");
    }
}
