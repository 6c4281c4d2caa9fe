//! `azimuth arm`: templates expanded, and held against the estate.

pub(super) mod bicep;
pub(super) mod diagnostics;
mod documents;
pub(super) mod estate;
mod expand;
pub(super) mod links;
pub(super) mod places;
mod prepare;
pub(super) mod target;
pub(super) mod template;
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
