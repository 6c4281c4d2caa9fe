//! The `azimuth` command: assembles the engines and does the input and output they leave to it.
//!
//! One file per command under `command/`; argument types in `args.rs`; nothing here decides anything.

mod args;
mod command;
mod exit;
mod input;
mod load;
mod report;
mod source;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::ui::Ui;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ui = Ui::new(cli.quiet, cli.color);
    let result = match cli.command {
        Command::Assess(args) => command::assess::run(&args, ui),
        Command::Controls(args) => command::controls::run(&args),
        Command::Import(args) => command::import::run(&args, ui),
        Command::Export(args) => command::export::run(&args, ui),
        Command::Changes(args) => command::changes::run(&args),
        Command::Access(command) => command::access::run(command, ui),
        Command::Lab(command) => command::lab::run(&command, ui),
        Command::Arm(command) => command::arm::run(*command, ui),
        Command::Policy(command) => command::policy::run(*command, ui),
        Command::Identity(command) => command::identity::run(command, ui),
        Command::Query(args) => command::query::run(&args, ui),
        Command::Serve(args) => command::serve::run(&args, ui),
        Command::Lake(command) => command::lake::run(*command, ui),
        Command::Collect(args) => command::collect::run(*args, ui),
        Command::Logs(command) => command::logs::run(*command, ui),
        Command::DemoEstate(args) => command::demo_estate::run(&args, ui),
        Command::Check(args) => command::check::run(&args, ui),
        Command::Store(command) => command::check::store(&command),
        Command::Completions { shell } => command::shell::completions(shell),
        Command::Man { out } => command::shell::man(out.as_deref()),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            ui::print_failure(&failure);
            failure.exit.into()
        }
    }
}
