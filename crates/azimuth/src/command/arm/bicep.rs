//! The user's own Bicep compiler: found, run within a time limit, its messages passed on.

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::exit::{Exit, Failure};

/// Output of a compiler beyond this is cut off, and then is no JSON.
const MAX_OUTPUT_BYTES: u64 = 64 << 20;
/// How often a running compiler is looked at.
const POLL: Duration = Duration::from_millis(10);

/// What a compiler printed.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) stdout: String,
    /// Warnings, mostly.
    pub(crate) stderr: String,
}

/// What `bicep build-params --stdout` prints.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CompiledParameters {
    pub(crate) parameters_json: String,
    /// The template that the file's `using` names; absent for `using none` and template specs.
    #[serde(default)]
    pub(crate) template_json: Option<String>,
}

/// Compiles a `.bicep` file to a template.
pub(crate) fn build(file: &Path, timeout: Duration) -> Result<Compiled, Failure> {
    compile("build", file, timeout)
}

/// Compiles a `.bicepparam` file to parameters, with the template it belongs to.
pub(crate) fn build_params(file: &Path, timeout: Duration) -> Result<(CompiledParameters, String), Failure> {
    let compiled = compile("build-params", file, timeout)?;
    let parameters = serde_json::from_str(&compiled.stdout).map_err(|error| {
        Failure::input(format_args!("what `bicep build-params` printed is not understood: {error}"))
            .hint("bring it up to date: `az bicep upgrade`, or https://aka.ms/bicep-install")
    })?;
    Ok((parameters, compiled.stderr))
}

fn compile(verb: &str, file: &Path, timeout: Duration) -> Result<Compiled, Failure> {
    std::fs::metadata(file).map_err(|error| {
        Failure::new(
            Exit::Input,
            anyhow::Error::new(error).context(format!("cannot read `{}`", file.display())),
        )
    })?;
    for (program, arguments) in candidates(verb, file) {
        let mut command = Command::new(&program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match command.spawn() {
            Ok(child) => return finish(child, &program, file, timeout),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let context = format!("cannot start `{}`", Path::new(&program).display());
                return Err(Failure::new(Exit::Outside, anyhow::Error::new(error).context(context)));
            }
        }
    }
    Err(Failure::input(format_args!(
        "`{}` is Bicep, and no Bicep compiler is installed",
        file.display()
    ))
    .hint(
        "install one (https://aka.ms/bicep-install, or `az bicep install`) so that `bicep` or `az` is on the PATH, \
         or compile elsewhere and pass the JSON",
    ))
}

/// Programs to try in turn: `bicep` on the PATH, the one that the Azure CLI has installed, the Azure CLI.
fn candidates(verb: &str, file: &Path) -> Vec<(OsString, Vec<OsString>)> {
    // A path that begins with a hyphen would be taken for an option.
    let file = if file.as_os_str().as_encoded_bytes().starts_with(b"-") {
        Path::new(".").join(file)
    } else {
        file.to_owned()
    };
    let own = |program: OsString| {
        (program, vec![OsString::from(verb), file.clone().into_os_string(), OsString::from("--stdout")])
    };
    let mut out = vec![own("bicep".into())];
    if let Some(home) = std::env::home_dir() {
        let name = if cfg!(windows) { "bicep.exe" } else { "bicep" };
        out.push(own(home.join(".azure").join("bin").join(name).into_os_string()));
    }
    let az = if cfg!(windows) { "az.cmd" } else { "az" };
    let arguments = [OsStr::new("bicep"), OsStr::new(verb), OsStr::new("--file"), file.as_os_str()];
    let arguments = arguments.iter().map(|part| (*part).to_owned()).chain(["--stdout".into()]).collect();
    out.push((az.into(), arguments));
    out
}

fn finish(mut child: Child, program: &OsStr, file: &Path, timeout: Duration) -> Result<Compiled, Failure> {
    let program = PathBuf::from(program);
    // Readers have threads of their own, and are not waited for: a grandchild may hold the pipes for ever.
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let deadline = Instant::now() + timeout;
    let Some(status) = wait(&mut child, deadline)? else {
        let _ = child.kill();
        let _ = child.wait();
        let message = format!(
            "`{}` did not compile `{}` within {} seconds",
            program.display(),
            file.display(),
            timeout.as_secs()
        );
        return Err(Failure::new(Exit::Outside, anyhow::anyhow!(message)).hint(
            "allow more with `--bicep-timeout`; modules from registries are restored by Bicep over the network",
        ));
    };
    let rest = deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
    let text = |receiver: mpsc::Receiver<Vec<u8>>| {
        String::from_utf8_lossy(&receiver.recv_timeout(rest).unwrap_or_default()).into_owned()
    };
    let compiled = Compiled { stdout: text(stdout), stderr: text(stderr) };
    if status.success() {
        return Ok(compiled);
    }
    let message = format!("`{}` could not compile `{}`", program.display(), file.display());
    let said = compiled.stderr.trim();
    let said = if said.is_empty() { format!("it ended with {status}") } else { said.to_owned() };
    Err(Failure::input(format_args!("{message}:\n{}", super::diagnostics::safe_lines(&said))))
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before a failure is still worth showing.
            let _ = pipe.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

fn wait(child: &mut Child, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_never_an_option() {
        for (_, arguments) in candidates("build", Path::new("--outfile.bicep")) {
            assert!(!arguments.contains(&"--outfile.bicep".into()), "{arguments:?}");
        }
    }
}
