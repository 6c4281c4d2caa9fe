//! Azimuth's side of the comparison of query engines, and the maker of its data; `benches/kql/run` starts it.
//!
//! - `kql-bench generate FOLDER SCALE` writes the tables and `parameters.json`, the facts of them that queries name;
//! - `kql-bench serve FOLDER` answers requests, a line of JSON each, as `engines.py` does for the peers.

mod flow;
mod random;
mod serve;
mod signins;
mod syslog;
mod terms;
mod write;

use std::path::Path;
use std::process::ExitCode;

/// What ends the program early.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["generate", folder, scale] => generate(Path::new(folder), scale),
        ["serve", folder] => serve::serve(Path::new(folder)),
        _ => Err("say `generate FOLDER SCALE` or `serve FOLDER`".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            write::tell(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

fn generate(folder: &Path, scale: &str) -> Result<(), Failure> {
    let scale: f64 = scale.parse()?;
    if !(0.0001..=100.0).contains(&scale) {
        return Err("a scale between 0.0001 and 100".into());
    }
    let rows = |full: f64| (full * scale).ceil() as u64;
    let mut facts = flow::generate(folder, rows(6e6))?;
    facts.extend([syslog::generate(folder, rows(3e6))?]);
    facts.extend(signins::generate(folder, rows(4e5))?);
    // Written last: data without this file is not complete.
    std::fs::write(folder.join("parameters.json"), serde_json::to_string(&facts)?)?;
    Ok(())
}
