//! `azimuth demo-estate`: the generator's files on disk.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::output;
use crate::args::DemoEstateArgs;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

pub(crate) fn run(args: &DemoEstateArgs, ui: Ui) -> Result<Exit, Failure> {
    let occupied = fs::read_dir(&args.out).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(Failure::usage(format_args!("the folder `{}` is not empty", args.out.display()))
            .hint("name a new folder; nothing is overwritten"));
    }
    let options = azimuth_demo::Options {
        size: args.size,
        seed: args.seed,
        flaws: if args.clean { azimuth_demo::Flaws::None } else { azimuth_demo::Flaws::Planted },
    };
    let bar = ui.spinner("files written");
    let manifest = azimuth_demo::generate(&options, &mut |file: azimuth_demo::File| {
        bar.inc(1);
        write(&args.out, &file.path, &file.content)
    })
    .map_err(|error| anyhow::anyhow!("{error}"))
    .with_context(|| format!("cannot write the estate to `{}`", args.out.display()))?;
    bar.finish_and_clear();
    output::to(None, |out| {
        writeln!(
            out,
            "{} resources, {} planted flaws (see flaws.json) in {}\nnext: azimuth assess {}",
            manifest.resources,
            manifest.flaws.len(),
            args.out.display(),
            args.out.display()
        )
    })?;
    Ok(Exit::Done)
}

fn write(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, content)
}
