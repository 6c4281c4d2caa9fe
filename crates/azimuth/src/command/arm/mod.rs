//! `azimuth arm`: templates expanded, and held against the estate.

mod bicep;
mod diagnostics;
#[allow(dead_code, reason = "used by the reader of export files")]
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

#[allow(unused_imports, reason = "the door for the reader of export files")]
pub(crate) use documents::template_documents;

pub(crate) fn run(command: ArmCommand, ui: Ui) -> Result<Exit, Failure> {
    match command {
        ArmCommand::Expand(args) => expand::run(&args, ui),
        ArmCommand::Whatif(args) => whatif::run(&args, ui),
    }
}
