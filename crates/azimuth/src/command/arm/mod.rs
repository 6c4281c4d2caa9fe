//! `azimuth arm`: templates expanded, and held against the estate.

mod bicep;
mod diagnostics;
mod documents;
mod estate;
mod expand;
mod links;
mod places;
mod prepare;
mod target;
mod template;
mod whatif;

use crate::args::ArmCommand;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

pub(crate) use documents::template_documents;

pub(crate) fn run(command: ArmCommand, ui: Ui) -> Result<Exit, Failure> {
    match command {
        ArmCommand::Expand(args) => expand::run(&args, ui),
        ArmCommand::Whatif(args) => whatif::run(&args, ui),
    }
}
