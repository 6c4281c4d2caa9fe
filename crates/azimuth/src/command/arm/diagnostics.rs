//! Diagnostics on standard error, with the text they speak of; secrets in that text are covered.

use std::io::Write;

use azimuth_arm::{Expansion, Node, Source, declares_secret};
use azimuth_diag::{Diagnostic, Severity, render};

use super::places::BicepText;
use crate::command::output::safe;
use crate::ui::Ui;

/// Diagnostics shown before the rest is only counted.
const MAX_SHOWN: usize = 50;
/// Nested values looked into for secrets.
const MAX_DEPTH: usize = 256;

/// Shows what expansion found, errors first.
pub(super) fn show_all(expansion: &Expansion, bicep: Option<&BicepText>, ui: Ui) {
    let texts: Vec<(&str, String)> =
        expansion.origins.files().iter().map(|source| (source.file(), covered(source))).collect();
    let mut sorted: Vec<&Diagnostic> = expansion.diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    for diagnostic in sorted.iter().take(MAX_SHOWN) {
        let file = diagnostic.place.file.as_deref().unwrap_or_default();
        let text = texts.iter().find(|(name, _)| *name == file).map(|(_, text)| text.as_str());
        show(diagnostic, text, ui);
        if let Some(place) = bicep.and_then(|bicep| bicep.declaration(diagnostic.place.path.as_deref()?)) {
            line(diagnostic.severity, &format!("  from {place}"), ui);
        }
    }
    if sorted.len() > MAX_SHOWN {
        ui.note(format_args!("… and {} more", sorted.len() - MAX_SHOWN));
    }
    let is_compiled = bicep.is_some() && sorted.iter().any(|diagnostic| diagnostic.place.line.is_some());
    if is_compiled {
        ui.note("note: places marked `(compiled)` lie in the JSON that Bicep makes (`bicep build --stdout`), which says nothing about lines of the Bicep file");
    }
}

/// Shows one diagnostic. Errors are shown even when quiet.
pub(crate) fn show(diagnostic: &Diagnostic, text: Option<&str>, ui: Ui) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    let cyan = anstyle::AnsiColor::Cyan.on_default();
    let style = match diagnostic.severity {
        Severity::Error => red,
        Severity::Warning => yellow,
        Severity::Note => cyan,
    };
    for (number, text) in render(diagnostic, text).lines().enumerate() {
        let shown = safe(text);
        let shown = match (number, shown.split_once("]: ")) {
            (0, Some((head, rest))) => format!("{style}{head}]{style:#}: {rest}"),
            _ => match (shown.trim_start().strip_prefix("hint: "), shown.split_once("| ")) {
                (Some(hint), _) => format!("  {cyan}hint{cyan:#}: {hint}"),
                (None, Some((gutter, marks)))
                    if marks.contains('^') && marks.trim_matches(['^', ' ']).is_empty() =>
                {
                    format!("{gutter}| {style}{marks}{style:#}")
                }
                _ => shown.into_owned(),
            },
        };
        line(diagnostic.severity, &shown, ui);
    }
}

fn line(severity: Severity, text: &str, ui: Ui) {
    if severity == Severity::Error {
        // Standard error may be closed; there is nobody left to tell.
        let _ = writeln!(anstream::stderr(), "{text}");
    } else {
        ui.note(text);
    }
}

/// Several lines made safe for a terminal.
pub(crate) fn safe_lines(text: &str) -> String {
    text.lines().map(safe).collect::<Vec<_>>().join("\n")
}

/// The text of a template, byte for byte as long, with the defaults of secure parameters covered.
pub(crate) fn covered(source: &Source) -> String {
    let mut bytes = source.text().as_bytes().to_vec();
    cover(source.root(), source.root(), 0, &mut bytes);
    // Every covered byte became ASCII together with its whole value.
    String::from_utf8(bytes).unwrap_or_default()
}

fn cover(node: &Node, root: &Node, depth: usize, bytes: &mut [u8]) {
    if depth > MAX_DEPTH {
        return;
    }
    const TOLD: [&str; 3] = ["defaultValue", "value", "allowedValues"];
    for member in node.members() {
        let hides =
            TOLD.iter().any(|name| member.key.eq_ignore_ascii_case(name)) && declares_secret(node, root);
        let is_expression = member.value.as_str().is_some_and(azimuth_arm::is_expression);
        if hides && !is_expression {
            let span = member.value.span.start as usize..member.value.span.end as usize;
            for byte in bytes.get_mut(span).unwrap_or_default() {
                if !matches!(byte, b'\n' | b'\r') {
                    *byte = b'*';
                }
            }
        } else {
            cover(&member.value, root, depth + 1, bytes);
        }
    }
    for item in node.items() {
        cover(item, root, depth + 1, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_secret_type_says_is_covered() {
        let text = r##"{"definitions": {"pw": {"type": "securestring", "allowedValues": ["hunter2"]}}, "parameters": {"p": {"$ref": "#/definitions/pw", "defaultValue": "hunter2"}, "o": {"type": "object", "properties": {"k": {"type": "securestring"}}, "defaultValue": {"k": "hunter2"}}, "q": {"type": "string", "allowedValues": ["open"]}}}"##;
        let shown = covered(&Source::parse("t.json", text).unwrap());
        assert!(!shown.contains("hunter2") && shown.contains("open"), "{shown}");
    }

    #[test]
    fn secure_defaults_are_covered_in_place() {
        let text = r#"{"parameters": {"p": {"type": "SecureString", "defaultValue": "hünter2"}, "q": {"type": "string", "defaultValue": "open"}}}"#;
        let source = Source::parse("t.json", text).unwrap();
        let shown = covered(&source);
        assert_eq!(shown.len(), text.len());
        assert!(!shown.contains("nter2") && shown.contains("open"), "{shown}");
    }
}
