//! `azimuth controls`: the list of controls, or one explained.

use azimuth_posture::Control;
use serde_json::json;

use super::output;
use crate::args::{ControlsArgs, ListFormat};
use crate::exit::{Exit, Failure};
use crate::report::terminal;

pub(crate) fn run(args: &ControlsArgs) -> Result<Exit, Failure> {
    match &args.id {
        Some(id) => {
            let control = find(id)?;
            output::to(None, |out| match args.output {
                ListFormat::Json => output::json(out, &to_json(control)),
                ListFormat::Table => terminal::control_text(out, control, crate::ui::width()),
            })?;
        }
        None => output::to(None, |out| match args.output {
            ListFormat::Json => {
                output::json(out, &azimuth_posture::controls().iter().map(to_json).collect::<Vec<_>>())
            }
            ListFormat::Table => {
                let rows: Vec<Vec<String>> = azimuth_posture::controls()
                    .iter()
                    .map(|control| {
                        vec![control.id.to_owned(), control.area.title().to_owned(), control.title.to_owned()]
                    })
                    .collect();
                output::table(out, &["ID", "AREA", "PRACTICE"], &rows)
            }
        })?,
    }
    Ok(Exit::Done)
}

/// The control of an id, or an error with the nearest one.
pub(crate) fn find(id: &str) -> Result<&'static Control, Failure> {
    let letters = |text: &str| text.replace(['-', '_', ' '], "").to_ascii_lowercase();
    let loosely = || azimuth_posture::controls().iter().find(|control| letters(control.id) == letters(id));
    azimuth_posture::control(id).or_else(loosely).ok_or_else(|| {
        let failure = Failure::usage(format_args!("no control `{id}`"));
        match azimuth_posture::nearest_control(id) {
            Some(near) => failure.hint(format!("did you mean `{near}`? `azimuth controls` lists them all")),
            None => failure.hint("`azimuth controls` lists them all"),
        }
    })
}

fn to_json(control: &Control) -> serde_json::Value {
    json!({
        "id": control.id, "title": control.title, "area": control.area.title().to_owned(),
        "severity": control.severity, "why": control.why, "decided": control.decided, "fix": control.fix,
        "evidence": control.evidence.iter().map(|need| json!({"what": need.what, "command": need.command})).collect::<Vec<_>>(),
    })
}
