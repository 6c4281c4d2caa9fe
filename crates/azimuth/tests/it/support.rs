//! Running the command and building estates for tests.

use std::path::PathBuf;
use std::process::{Command, Output};

use azimuth_diag::{Diagnostic, Severity};
use azimuth_estate::Snapshot;
use azimuth_exports::Imported;

/// What a run of the command gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `azimuth` with arguments, without colour and without the caller's settings.
pub(crate) fn azimuth(arguments: &[&str]) -> Run {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_azimuth"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .env_remove("AZIMUTH_STORE")
        .output()
        .expect("the command starts");
    Run {
        code: status.code().expect("it ends by itself"),
        stdout: String::from_utf8(stdout).expect("output is UTF-8"),
        stderr: String::from_utf8(stderr).expect("messages are UTF-8"),
    }
}

/// Like [`azimuth`], and insists on the exit code.
pub(crate) fn expect(code: i32, arguments: &[&str]) -> Run {
    let run = azimuth(arguments);
    assert_eq!(run.code, code, "{arguments:?}\n{}\n{}", run.stdout, run.stderr);
    run
}

/// A folder that is removed with the value.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("temporary paths are UTF-8").to_owned()
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("folders can be made");
        std::fs::write(&path, content).expect("files can be written");
        self.text(name)
    }
}

/// The demo estate of a size and seed, generated in memory and imported: its snapshot and `flaws.json`.
pub(crate) fn demo(size: usize, seed: u64, flaws: azimuth_demo::Flaws) -> (Snapshot, serde_json::Value) {
    let mut imported: Vec<Imported> = Vec::new();
    let mut planted = serde_json::Value::Null;
    let options = azimuth_demo::Options { size, seed, flaws };
    azimuth_demo::generate(
        &options,
        &mut |file: azimuth_demo::File| -> Result<(), std::convert::Infallible> {
            if file.path.ends_with("flaws.json") {
                planted = serde_json::from_slice(&file.content).expect("flaws.json is JSON");
            } else if !file.path.ends_with(".txt") {
                let report =
                    azimuth_exports::read(&file.path, &file.content, &mut |document| imported.push(document));
                let broken = |found: &&Diagnostic| found.severity == Severity::Error;
                assert_eq!(report.diagnostics.iter().find(broken), None, "seed {seed}");
            }
            Ok(())
        },
    )
    .expect("nothing fails in memory");
    let merged = azimuth_exports::merge(imported);
    let mut builder = Snapshot::builder().threads(2);
    for document in merged.documents {
        builder.push(&document.key, document.body);
    }
    (builder.finish(), planted)
}

/// The folder of shared material, or `None` with a loud message; in CI its absence is a failure.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub(crate) fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("AZIMUTH_SHARED").map_or_else(
        || {
            PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
                .join("../../../shared")
        },
        PathBuf::from,
    );
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "the shared corpora are missing; set AZIMUTH_SHARED");
    eprintln!("SKIPPED: the shared corpora are missing; set AZIMUTH_SHARED");
    None
}
