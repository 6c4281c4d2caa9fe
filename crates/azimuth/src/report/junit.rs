//! JUnit XML: one suite per area, one case per control. Violated is a failure, unknown is skipped.

use std::io::{self, Write};

use azimuth_posture::{Assessment, Verdict};

use super::{by_area, counterexamples, missing, plain, summary_line};

pub(crate) fn write(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    let failed = |verdict: &Verdict| !counterexamples(verdict).is_empty();
    let skipped =
        |verdict: &Verdict| matches!(verdict, Verdict::Unknown { .. } | Verdict::NotApplicable { .. });
    let results = &assessment.results;
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="azimuth" tests="{}" failures="{}" skipped="{}">"#,
        results.len(),
        results.iter().filter(|result| failed(&result.verdict)).count(),
        results.iter().filter(|result| skipped(&result.verdict)).count()
    )?;
    for (area, results) in by_area(assessment) {
        writeln!(
            out,
            r#"  <testsuite name="{}" tests="{}" failures="{}" skipped="{}" timestamp="{}">"#,
            escape(area.title()),
            results.len(),
            results.iter().filter(|result| failed(&result.verdict)).count(),
            results.iter().filter(|result| skipped(&result.verdict)).count(),
            assessment.as_of
        )?;
        for result in results {
            let name = escape(&format!("{} {}", result.control.id, result.control.title));
            write!(out, r#"    <testcase classname="azimuth.{}" name="{name}""#, result.control.id)?;
            let summary = escape(&summary_line(&result.verdict));
            if failed(&result.verdict) {
                writeln!(out, ">\n      <failure type=\"violated\" message=\"{summary}\">")?;
                for example in counterexamples(&result.verdict) {
                    let line = format!(
                        "{} {}: seen {}, wanted {}",
                        example.object,
                        example.path,
                        plain(&example.seen),
                        example.wanted
                    );
                    writeln!(out, "{}", escape(&line))?;
                }
                writeln!(out, "      </failure>\n    </testcase>")?;
            } else if skipped(&result.verdict) {
                writeln!(out, ">\n      <skipped message=\"{summary}\"/>")?;
                if let [first, ..] = missing(&result.verdict) {
                    writeln!(out, "      <system-out>{}</system-out>", escape(&first.command))?;
                }
                writeln!(out, "    </testcase>")?;
            } else {
                writeln!(out, "/>")?;
            }
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// Text for XML 1.0; characters that it cannot hold become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\r' | '\t' => out.push(' '),
            character if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}');
            }
            character => out.push(character),
        }
    }
    out
}
