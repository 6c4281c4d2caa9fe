//! Talking to people: standard error, colour, progress.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::ColorWhen;
use crate::exit::Failure;

/// How to talk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    quiet: bool,
}

impl Ui {
    pub(crate) fn new(quiet: bool, color: ColorWhen) -> Self {
        match color {
            ColorWhen::Auto => {}
            ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
            ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self { quiet }
    }

    /// A line on standard error, unless quiet.
    pub(crate) fn note(self, line: impl std::fmt::Display) {
        if !self.quiet {
            // Standard error may be closed; there is nobody left to tell.
            let _ = writeln!(anstream::stderr(), "{line}");
        }
    }

    /// A line on standard error, quiet or not.
    pub(crate) fn error(self, line: impl std::fmt::Display) {
        let _ = writeln!(anstream::stderr(), "{line}");
    }

    /// A bar for work of a known length; hidden when quiet or standard error is no terminal.
    pub(crate) fn bar(self, what: &'static str, length: u64, bytes: bool) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let template = if bytes {
            "{msg:<14} {bar:32.cyan/dim} {bytes}/{total_bytes} {bytes_per_sec} {eta}"
        } else {
            "{msg:<14} {bar:32.cyan/dim} {human_pos}/{human_len} {eta}"
        };
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        let bar = ProgressBar::new(length).with_style(style.progress_chars("━╸─")).with_message(what);
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// A spinner for work of unknown length.
    pub(crate) fn spinner(self, what: &'static str) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style =
            ProgressStyle::with_template("{spinner} {msg} {human_pos}").expect("the template is well formed");
        let bar = ProgressBar::new_spinner().with_style(style).with_message(what);
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

/// Prints the failure: the error, its chain, the hint.
pub(crate) fn print_failure(failure: &Failure) {
    let mut err = anstream::stderr();
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let cyan = anstyle::AnsiColor::Cyan.on_default();
    let _ = writeln!(err, "{red}error{red:#}: {}", failure.error);
    for cause in failure.error.chain().skip(1) {
        let _ = writeln!(err, "  caused by: {cause}");
    }
    if let Some(hint) = &failure.hint {
        let _ = writeln!(err, "\n{cyan}hint{cyan:#}: {hint}");
    }
}

/// The width that text for eyes should keep to: that of the terminal behind standard output, or `COLUMNS`. `None`
/// when nobody looks: then nothing is cut.
pub(crate) fn width() -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let terminal =
        || terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    let stdout_is_terminal = std::io::stdout().is_terminal();
    columns.or_else(|| stdout_is_terminal.then(terminal).flatten()).map(|width| width.clamp(40, 400))
}
