//! Completions and manual pages, made from the command line's own definition.

use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;

use super::output;
use crate::args::Cli;
use crate::exit::{Exit, Failure};

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "azimuth", &mut script);
    output::to(None, |out| out.write_all(&script))?;
    Ok(Exit::Done)
}

pub(crate) fn man(folder: Option<&Path>) -> Result<Exit, Failure> {
    match folder {
        Some(folder) => {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
            clap_mangen::generate_to(Cli::command(), folder)
                .with_context(|| format!("cannot write manual pages to `{}`", folder.display()))?;
        }
        None => {
            let page = clap_mangen::Man::new(Cli::command());
            output::to(None, |out| page.render(out))?;
        }
    }
    Ok(Exit::Done)
}
