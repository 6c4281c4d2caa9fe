//! Reading a template and its parameters, whatever they are written in.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azimuth_arm::{Parameters, Source, Span};
use azimuth_diag::Diagnostic;
use serde_json::Value;

use super::bicep;
use super::diagnostics::{self, safe_lines};
use super::places::BicepText;
use crate::args::TemplateArgs;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Largest file read as a template, in bytes. The library's own limit is lower, and it says so better.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// A template ready to be expanded.
pub(super) struct Template {
    pub(super) source: Arc<Source>,
    pub(super) parameters: Parameters,
    /// What the template was compiled from.
    pub(super) bicep: Option<BicepText>,
}

/// Reads the template and the parameters that the arguments name.
pub(super) fn read(args: &TemplateArgs, ui: Ui) -> Result<Template, Failure> {
    let timeout = Duration::from_secs(args.bicep_timeout);
    let mut parameters = Parameters::none();
    let (source, bicep) = match ending(&args.template).as_str() {
        "bicep" => {
            let compiled = bicep::build(&args.template, timeout)?;
            say(&compiled.stderr, ui);
            from_bicep(&args.template, &compiled.stdout, ui)?
        }
        "bicepparam" => {
            let (compiled, said) = bicep::build_params(&args.template, timeout)?;
            say(&said, ui);
            let Some(template) = compiled.template_json else {
                return Err(Failure::input(format_args!(
                    "`{}` names no template that could be compiled",
                    args.template.display()
                ))
                .hint("pass the template first, then this file: `azimuth arm expand main.bicep main.bicepparam`"));
            };
            parameters =
                parse_parameters(&args.template.display().to_string(), &compiled.parameters_json, ui)?;
            from_bicep(&args.template, &template, ui)?
        }
        _ => (parse(&args.template.display().to_string(), &read_argument(&args.template)?, ui)?, None),
    };
    refuse_others(&source, ui)?;
    for file in &args.parameter_files {
        let text = if ending(file) == "bicepparam" {
            let (compiled, said) = bicep::build_params(file, timeout)?;
            say(&said, ui);
            compiled.parameters_json
        } else {
            read_argument(file)?
        };
        parameters = parameters.overridden_by(parse_parameters(&file.display().to_string(), &text, ui)?);
    }
    if !args.parameter.is_empty() {
        parameters = parameters.overridden_by(from_arguments(&args.parameter, &source)?);
    }
    Ok(Template { source, parameters, bicep })
}

fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// What an argument names: a file, or standard input for `-`.
fn read_argument(path: &Path) -> Result<String, Failure> {
    if path == Path::new("-") { read_from(path, || Ok(std::io::stdin().lock())) } else { read_text(path) }
}

/// A small text file.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    read_from(path, || File::open(path))
}

fn read_from<R: Read>(path: &Path, open: impl FnOnce() -> std::io::Result<R>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = open().and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes));
    read.map_err(|error| {
        Failure::new(
            Exit::Input,
            anyhow::Error::new(error).context(format!("cannot read `{}`", path.display())),
        )
    })?;
    decode(bytes).ok_or_else(|| {
        Failure::input(format_args!("`{}` is not text", path.display())).hint("save it as UTF-8")
    })
}

/// UTF-8 or, as Windows PowerShell writes files, UTF-16 with a byte order mark.
pub(crate) fn decode(bytes: Vec<u8>) -> Option<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

fn from_bicep(file: &Path, json: &str, ui: Ui) -> Result<(Arc<Source>, Option<BicepText>), Failure> {
    let source = parse(&format!("{} (compiled)", file.display()), json, ui)?;
    Ok((source, BicepText::read(file)))
}

fn parse(file: &str, text: &str, ui: Ui) -> Result<Arc<Source>, Failure> {
    Source::parse(file, text).map_err(|diagnostic| {
        diagnostics::show(&diagnostic, Some(text), ui);
        Failure::input(format_args!("`{file}` cannot be read as a template"))
    })
}

fn parse_parameters(file: &str, text: &str, ui: Ui) -> Result<Parameters, Failure> {
    Parameters::parse(file, text).map_err(|diagnostic: Box<Diagnostic>| {
        diagnostics::show(&diagnostic, None, ui);
        Failure::input(format_args!("`{file}` cannot be read as a parameter file"))
    })
}

/// Tells a template from other files that people mistake for one.
fn refuse_others(source: &Source, ui: Ui) -> Result<(), Failure> {
    let root = source.root();
    let schema = root.get("$schema").and_then(azimuth_arm::Node::as_str).unwrap_or_default().to_lowercase();
    if schema.contains("deploymentparameters.json") {
        return Err(Failure::usage(format_args!("`{}` is a parameter file", source.file()))
            .hint("the template comes first: `azimuth arm expand TEMPLATE PARAMS`"));
    }
    if root.is_object() && root.get("resources").is_none() {
        let place = source.place(Span { end: root.span.start + 1, ..root.span });
        let diagnostic =
            Diagnostic::error("arm-template", "the template has no `resources`").at(place).with_hint(
                "add `\"resources\": []`, or name the file that has them; see https://aka.ms/arm-syntax",
            );
        diagnostics::show(&diagnostic, Some(&diagnostics::covered(source)), ui);
        return Err(Failure::input(format_args!(
            "`{}` is no template: it has no `resources`",
            source.file()
        )));
    }
    Ok(())
}

/// Parameters written on the command line, each taken as its declared type wants.
fn from_arguments(arguments: &[String], template: &Source) -> Result<Parameters, Failure> {
    let mut values = serde_json::Map::new();
    for argument in arguments {
        let Some((name, text)) = argument.split_once('=') else {
            // Without the argument itself: it may be a password whose name was forgotten.
            return Err(Failure::usage("a `--parameter` has no `=`").hint("write `--parameter name=value`"));
        };
        let text = match text.strip_prefix('@') {
            Some(file) => read_text(Path::new(file))?.trim_end_matches(['\r', '\n']).to_owned(),
            None => text.to_owned(),
        };
        values.insert(name.to_owned(), typed(name, text, template)?);
    }
    let entries: serde_json::Map<String, Value> =
        values.into_iter().map(|(name, value)| (name, serde_json::json!({ "value": value }))).collect();
    Parameters::parse("--parameter", &serde_json::json!({ "parameters": entries }).to_string())
        .map_err(|diagnostic| Failure::usage(diagnostic.message))
}

fn typed(name: &str, text: String, template: &Source) -> Result<Value, Failure> {
    let declared = template.root().get("parameters").and_then(|parameters| parameters.get(name));
    let kind = declared.and_then(|node| node.get("type")).and_then(azimuth_arm::Node::as_str);
    match kind.map(str::to_lowercase).as_deref() {
        Some("string" | "securestring") => Ok(text.into()),
        Some(kind @ ("int" | "bool" | "object" | "secureobject" | "array")) => serde_json::from_str(&text)
            .map_err(|_| {
                Failure::usage(format_args!("the value of `--parameter {name}` is no {kind}"))
                    .hint("write it as JSON, or put it in a file: `--parameter name=@value.json`")
            }),
        // Declared by reference to a type, or not at all, which the expansion reports.
        _ => Ok(serde_json::from_str(&text).unwrap_or(Value::String(text))),
    }
}

/// Passes on what the compiler said.
fn say(text: &str, ui: Ui) {
    if !text.trim().is_empty() {
        ui.note(safe_lines(text.trim()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_take_the_declared_type() {
        let text = r##"{"parameters": {"a": {"type": "string"}, "n": {"type": "Int"}, "x": {"$ref": "#/definitions/t"}}}"##;
        let template = Source::parse("t.json", text).unwrap();
        let value = |name: &str, text: &str| typed(name, text.to_owned(), &template);
        assert_eq!(value("a", "7").unwrap(), Value::from("7"));
        assert_eq!(value("n", "7").unwrap(), Value::from(7));
        assert_eq!(value("x", "seven").unwrap(), Value::from("seven"));
        let error = value("n", "hunter2").unwrap_err().error.to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn utf_16_is_read() {
        let bytes = [0xff, 0xfe, b'{', 0, b'}', 0].to_vec();
        assert_eq!(decode(bytes).as_deref(), Some("{}"));
        assert_eq!(decode(vec![0xff, 0x00]), None);
    }
}
