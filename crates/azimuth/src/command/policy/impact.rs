//! `azimuth policy impact`.

use crate::args::PolicyImpactArgs;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

pub(crate) fn run(args: &PolicyImpactArgs, ui: Ui) -> Result<Exit, Failure> {
    let estate = input::load(&args.input, ui)?;
    Err(Failure::input(format_args!(
        "{} documents read; this command is not finished",
        estate.snapshot.len()
    )))
}
