//! `treemap`: a hierarchy as nested rectangles.

use super::Built;
use crate::error::ChartError;
use crate::model::{Drawing, Key, Tile};
use crate::number;
use crate::request::Request;
use crate::roles::{named_all, roles};
use crate::table::{LARGEST, Table};
use crate::text::clean;

/// Levels of the hierarchy that are drawn.
const LEVELS: usize = 3;
/// Most rectangles within one.
const MOST_TILES: usize = 40;

/// Names of columns are levels, from left to right, or those in `series`; the first column of numbers is the size.
pub(super) fn build(request: &Request, table: &Table) -> Result<Built, ChartError> {
    let chosen = roles(request, table)?;
    let mut levels = named_all(table, "series", &request.series)?;
    if levels.is_empty() {
        levels.push(chosen.x);
        levels.extend(&chosen.series);
    }
    levels.truncate(LEVELS);
    let mut notes = Vec::new();
    let table = chosen.expanded.as_ref().unwrap_or(table);
    let mut root = Tile { name: String::new(), value: 0.0, children: Vec::new() };
    let mut skipped = 0_usize;
    let mut index = std::collections::HashMap::new();
    for row in &table.rows {
        let size = table.value(row, chosen.ys[0]).measure().unwrap_or(0.0);
        if size <= 0.0 {
            skipped += 1;
            continue;
        }
        let names: Vec<String> =
            levels.iter().map(|level| clean(&table.value(row, *level).label())).collect();
        add(&mut root, &mut index, &names, size);
    }
    if skipped > 0 {
        let rows = if skipped == 1 { "row has" } else { "rows have" };
        notes.push(format!("{} {rows} no size above zero", number::count(skipped)));
    }
    if root.children.is_empty() {
        let reason = if table.rows.is_empty() { "no rows" } else { "no values above zero" };
        return Ok(Built::empty(reason, notes));
    }
    trim(&mut root);
    let key = |tile: &Tile| Key { name: tile.name.clone(), is_rest: tile.name.starts_with("other (") };
    let keys = root.children.iter().map(key).collect();
    Ok(Built { drawing: Drawing::Treemap(root.children), keys, notes })
}

/// Where each path of names is, among the children of its parent.
type Index = std::collections::HashMap<Vec<String>, usize>;

fn add(root: &mut Tile, index: &mut Index, names: &[String], size: f64) {
    root.value = (root.value + size).min(LARGEST);
    let mut tile = root;
    for depth in 0..names.len() {
        let children = tile.children.len();
        let place = *index.entry(names[..=depth].to_vec()).or_insert(children);
        if place == children {
            tile.children.push(Tile { name: names[depth].clone(), value: 0.0, children: Vec::new() });
        }
        tile = &mut tile.children[place];
        tile.value = (tile.value + size).min(LARGEST);
    }
}

/// Sorts by size, and gathers the smallest in "other".
fn trim(tile: &mut Tile) {
    tile.children.sort_by(|left, right| right.value.total_cmp(&left.value));
    if tile.children.len() > MOST_TILES {
        let rest = tile.children.split_off(MOST_TILES - 1);
        let value = rest.iter().map(|tile| tile.value).sum::<f64>().min(LARGEST);
        let name = format!("other ({})", number::count(rest.len()));
        tile.children.push(Tile { name, value, children: Vec::new() });
    }
    tile.children.iter_mut().for_each(trim);
}
