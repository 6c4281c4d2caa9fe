//! `azimuth policy`: Azure Policy over an estate.

mod impact;
mod scan;

use crate::args::PolicyCommand;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

pub(crate) fn run(command: PolicyCommand, ui: Ui) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Scan(args) => scan::run(&args, ui),
        PolicyCommand::Impact(args) => impact::run(&args, ui),
    }
}
