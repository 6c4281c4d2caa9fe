//! Running other programs: shown before they run, bounded in time where a network is involved.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The command as a person would type it.
pub(crate) fn display(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut text = program.file_stem().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        text.push(' ');
        if argument.contains([' ', '*', '$']) {
            text.push_str(&format!("'{argument}'"));
        } else {
            text.push_str(&argument);
        }
    }
    text
}

/// Prints the command, then runs it with this program's own input and output.
pub(crate) fn run(command: &mut Command) -> Result<ExitStatus> {
    let shown = display(command);
    println!("$ {shown}");
    command.status().with_context(|| format!("failed to start `{shown}`"))
}

/// Like [`run`], and hands every line of the output to `see` after it was printed.
pub(crate) fn run_watched(command: &mut Command, mut see: impl FnMut(&str)) -> Result<ExitStatus> {
    let shown = display(command);
    println!("$ {shown}");
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("failed to start `{shown}`"))?;
    let mut lines = BufReader::new(child.stdout.take().expect("the output is piped"));
    let (mut line, mut stdout) = (Vec::new(), std::io::stdout());
    while lines.read_until(b'\n', &mut line)? > 0 {
        stdout.write_all(&line)?;
        see(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    child.wait().with_context(|| format!("failed to wait for `{shown}`"))
}

/// How a bounded command ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With exit code 0.
    Well,
    /// With another code, or it could not be started; the text says which, with the last line it wrote.
    Badly(String),
    /// It was stopped because the time was over.
    TimedOut,
}

/// Runs a command quietly for at most `limit`, then stops it.
pub(crate) fn run_bounded(command: &mut Command, limit: Duration) -> Ended {
    let started = Instant::now();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return Ended::Badly(format!("`{}`: {error}", command.get_program().to_string_lossy())),
    };
    let mut errors = child.stderr.take().expect("the error output is piped");
    // Read on a thread of its own: a full pipe would hold the child up for ever.
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        // A broken pipe only shortens the message.
        let _ = std::io::Read::read_to_end(&mut errors, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ended::Well,
            Ok(Some(status)) => {
                let text = reader.join().unwrap_or_default();
                let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
                return Ended::Badly(format!("{status}: {}", last.trim()));
            }
            Ok(None) if started.elapsed() < limit => std::thread::sleep(Duration::from_millis(50)),
            Ok(None) => {
                // Already gone is as good as killed. Grandchildren may keep the pipe: the reader is not joined.
                let _ = child.kill();
                let _ = child.wait();
                return Ended::TimedOut;
            }
            Err(error) => return Ended::Badly(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_typed() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["test", "--workspace", "a b"]);
        assert_eq!(display(&command), "cargo test --workspace 'a b'");
    }

    #[test]
    fn a_missing_program_ends_badly() {
        let ended = run_bounded(&mut Command::new("no-such-program-azimuth"), Duration::from_secs(5));
        assert!(matches!(ended, Ended::Badly(_)), "{ended:?}");
    }
}
