//! `--aliases`: what providers say of their resource types.

use std::path::PathBuf;

use anyhow::Context;
use azimuth_policy::Catalogue;

use super::lint::files::text_of;
use crate::exit::{Exit, Failure};

/// The bundled aliases with those of the files over them.
pub(crate) fn catalogue(aliases: &[PathBuf]) -> Result<Catalogue, Failure> {
    let mut catalogue = Catalogue::bundled();
    for path in aliases {
        let text = text_of(path)?;
        let added = catalogue.add_providers(&text).map_err(anyhow::Error::new);
        added.with_context(|| format!("`{}` holds no aliases", path.display())).map_err(|error| {
            Failure::new(Exit::Input, error).hint(
                "export them with `az provider list --expand \"resourceTypes/aliases\" > providers.json`",
            )
        })?;
    }
    Ok(catalogue)
}
