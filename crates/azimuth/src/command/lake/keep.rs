//! `azimuth lake tables|check|repair|compact|retain|hold|replay`.

use azimuth_lake::{Hold, Lake, Plan};

use super::failed;
use crate::args::{LakeHoldArgs, LakePlan, LakeRetainArgs};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

pub(super) async fn tables(lake: &Lake) -> Result<Exit, Failure> {
    let settings = lake.settings().await;
    let facts = lake.tables();
    let width = facts.iter().map(|table| table.name.len()).max().unwrap_or(0).max(5);
    output::to(None, |out| {
        writeln!(
            out,
            "{:width$}  {:>12}  {:>6}  {:>10}  {:>12}  kept",
            "table", "rows", "files", "MB", "rows in log"
        )?;
        for table in &facts {
            let kept =
                settings.retention(&table.name).map_or("for ever".to_owned(), |days| format!("{days} d"));
            writeln!(
                out,
                "{:width$}  {:>12}  {:>6}  {:>10.1}  {:>12}  {kept}, {:?}",
                table.name,
                table.file_rows + table.memory_rows,
                table.files,
                table.file_bytes as f64 / 1e6,
                table.memory_rows,
                settings.plan(&table.name)
            )?;
        }
        for hold in &settings.holds {
            let table = hold.table.as_deref().unwrap_or("all tables");
            let day = |day: &Option<String>| day.clone().unwrap_or_else(|| "…".to_owned());
            writeln!(out, "hold {}: {table}, {} to {}", hold.name, day(&hold.from), day(&hold.to))?;
        }
        Ok(())
    })?;
    Ok(Exit::Done)
}

pub(super) async fn check(lake: &Lake, ui: Ui) -> Result<Exit, Failure> {
    let checked = lake.check().await.map_err(failed)?;
    output::to(None, |out| {
        for found in &checked.findings {
            writeln!(out, "{}: {}: {}", found.table, found.path, found.wrong)?;
        }
        writeln!(
            out,
            "{} tables, {} files and {} indexes read, {:.1} MB, {} rows",
            checked.tables,
            checked.files,
            checked.indexes,
            checked.bytes as f64 / 1e6,
            checked.rows
        )
    })?;
    if checked.findings.is_empty() {
        return Ok(Exit::Done);
    }
    ui.note(format_args!(
        "{} files are not as they were written; `azimuth lake repair` mends",
        checked.findings.len()
    ));
    Ok(Exit::ConditionMet)
}

pub(super) async fn repair(lake: &Lake, ui: Ui) -> Result<Exit, Failure> {
    let repaired = lake.repair().await.map_err(failed)?;
    output::to(None, |out| {
        for gone in &repaired.removed {
            writeln!(out, "{}: {}: {}; {} rows are lost", gone.table, gone.path, gone.wrong, gone.rows)?;
        }
        writeln!(out, "{} indexes made anew, {} files taken out", repaired.indexes, repaired.removed.len())
    })?;
    if repaired.lost_rows() > 0 {
        ui.note("damaged files lie in `quarantine`; take the rows in again from their source");
    }
    Ok(Exit::Done)
}

pub(super) async fn compact(lake: &Lake, ui: Ui) -> Result<Exit, Failure> {
    let flushed = lake.flush_all().await.map_err(failed)?;
    let mut replaced = 0;
    for table in lake.tables() {
        replaced += lake.compact(&table.name).await.map_err(failed)?;
    }
    let deleted = lake.vacuum().await.map_err(failed)?;
    ui.note(format_args!(
        "{flushed} rows brought to files, {replaced} files put together, {deleted} deleted"
    ));
    Ok(Exit::Done)
}

pub(super) async fn retain(lake: &Lake, args: &LakeRetainArgs, ui: Ui) -> Result<Exit, Failure> {
    let mut settings = lake.settings().await;
    let days = args.days.map(|days| (days > 0).then_some(days));
    match &args.table {
        Some(table) => {
            let of_table = settings.tables.entry(table.clone()).or_default();
            of_table.retention_days = days.unwrap_or(of_table.retention_days);
            of_table.plan = match args.plan {
                Some(LakePlan::Analytics) => Plan::Analytics,
                Some(LakePlan::Basic) => Plan::Basic,
                Some(LakePlan::Auxiliary) => Plan::Auxiliary,
                None => of_table.plan,
            };
        }
        None => settings.retention_days = days.unwrap_or(settings.retention_days),
    }
    lake.set_settings(settings).await.map_err(failed)?;
    lake.flush_all().await.map_err(failed)?;
    let ended = lake.retain().await.map_err(failed)?;
    let deleted = lake.vacuum().await.map_err(failed)?;
    ui.note(format_args!("{ended} files given up, {deleted} deleted"));
    Ok(Exit::Done)
}

pub(super) async fn hold(lake: &Lake, args: LakeHoldArgs, ui: Ui) -> Result<Exit, Failure> {
    let mut settings = lake.settings().await;
    let before = settings.holds.len();
    settings.holds.retain(|hold| hold.name != args.name);
    if args.release && settings.holds.len() == before {
        return Err(Failure::input(format_args!("there is no hold `{}`", args.name))
            .hint("`azimuth lake tables` lists them"));
    }
    if !args.release {
        settings.holds.push(Hold { name: args.name, table: args.table, from: args.from, to: args.to });
    }
    lake.set_settings(settings).await.map_err(failed)?;
    ui.note(if args.release { "released" } else { "held" });
    Ok(Exit::Done)
}

pub(super) async fn replay(lake: &Lake, ui: Ui) -> Result<Exit, Failure> {
    let receipt = lake.replay_dead_letters().await.map_err(failed)?;
    lake.flush_all().await.map_err(failed)?;
    ui.note(format_args!("{} rows read, {} records still cannot be", receipt.rows, receipt.dead_lettered));
    Ok(Exit::Done)
}
