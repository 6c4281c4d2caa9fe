//! `azimuth lake`: telemetry taken in, kept and looked after.

mod ingest;
mod keep;

use std::path::Path;

use azimuth_lake::{Config, Lake, LakeError};
use tokio::runtime::Runtime;

use crate::args::LakeCommand;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

pub(crate) fn run(command: LakeCommand, ui: Ui) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    runtime.block_on(async {
        match command {
            LakeCommand::Ingest(args) => ingest::run(&args, ui).await,
            LakeCommand::Tables(args) => keep::tables(&open(&args.lake, false, ui).await?).await,
            LakeCommand::Check(args) => keep::check(&open(&args.lake, false, ui).await?, ui).await,
            LakeCommand::Repair(args) => {
                keep::repair(&open(&args.lake.lake, args.salvage, ui).await?, ui).await
            }
            LakeCommand::Compact(args) => keep::compact(&open(&args.lake, false, ui).await?, ui).await,
            LakeCommand::Retain(args) => {
                keep::retain(&open(&args.lake.lake, false, ui).await?, &args, ui).await
            }
            LakeCommand::Hold(args) => keep::hold(&open(&args.lake.lake, false, ui).await?, args, ui).await,
            LakeCommand::Replay(args) => keep::replay(&open(&args.lake, false, ui).await?, ui).await,
        }
    })
}

/// Opens a lake that is there, for queries.
pub(crate) fn for_queries(folder: &Path, runtime: &Runtime, ui: Ui) -> Result<Lake, Failure> {
    runtime.block_on(open(folder, false, ui))
}

/// Opens a lake that is there.
async fn open(folder: &Path, is_salvage: bool, ui: Ui) -> Result<Lake, Failure> {
    if !folder.join("log").is_dir() {
        return Err(Failure::input(format_args!("`{}` is no lake", folder.display()))
            .hint("`azimuth lake ingest --lake DIR FILE` makes one"));
    }
    opened(Config { is_salvage, ..Config::new(folder) }, ui).await
}

async fn opened(config: Config, ui: Ui) -> Result<Lake, Failure> {
    let lake = Lake::open(config).await.map_err(failed)?;
    let found = lake.opened();
    if found.torn_bytes > 0 {
        ui.note(format_args!(
            "{} bytes of writes that a crash had cut were put aside; none of them was acknowledged",
            found.torn_bytes
        ));
    }
    Ok(lake)
}

/// What an error of the lake means to people.
fn failed(error: LakeError) -> Failure {
    let hint = match &error {
        LakeError::InUse(_) => Some("its tables can be read all the same: `--table DIR/tables/NAME`"),
        LakeError::DamagedLog { .. } => Some("`azimuth lake repair --salvage` reads it as far as it goes"),
        _ => None,
    };
    let exit = match &error {
        LakeError::Refused(_) | LakeError::NoSuchTable(_) => Exit::Input,
        _ => Exit::Outside,
    };
    let failure = Failure::new(exit, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
