//! From a request and a table to a [`Chart`]: the published rules of each visualisation.

mod bars;
mod card;
mod gather;
mod map;
mod pie;
mod plot;
mod spans;
mod thin;
mod treemap;

pub(crate) use card::texts;
pub(crate) use plot::bounds;

use crate::error::ChartError;
use crate::model::{Chart, Drawing, Key};
use crate::request::{Kind, Request, Visualisation};
use crate::table::Table;
use crate::text::clean;

/// Resolves a request over a table: roles of columns, series, stacking, limits, axes.
///
/// The rules are those of the reference of the `render` operator; where it leaves a choice to the user agent, the
/// choice is documented at the place that makes it, and what is left out stands in [`Chart::notes`]. A table
/// without rows is a chart that says so.
///
/// # Errors
///
/// The result cannot be drawn as asked: a column is missing or has the wrong type.
///
/// ```
/// use azimuth_chart::{Column, ColumnType, Request, Table, Value, chart, svg};
///
/// let table = Table {
///     columns: vec![Column::new("State", ColumnType::Text), Column::new("count_", ColumnType::Number)],
///     rows: vec![vec![Value::Text("Texas".into()), Value::Long(4701)]],
/// };
/// let request = Request::parse("barchart", &[("title".into(), vec!["Storms".into()])])?;
/// let picture = svg(&chart(&request, &table)?, &Default::default());
/// assert!(picture.starts_with("<svg"));
/// # Ok::<(), azimuth_chart::ChartError>(())
/// ```
pub fn chart(request: &Request, table: &Table) -> Result<Chart, ChartError> {
    use Visualisation as V;
    let built = match request.visualisation {
        V::Scatter | V::Pie if request.kind == Kind::Map => map::build(request, table)?,
        V::Time | V::Line | V::Anomaly | V::Area | V::StackedArea | V::Scatter => {
            plot::build(request, table)?
        }
        V::Bar | V::Column | V::Pivot => bars::build(request, table)?,
        V::Pie => pie::build(request, table)?,
        V::Ladder => spans::ladder(request, table)?,
        V::TimePivot => spans::time_pivot(request, table)?,
        V::Treemap => treemap::build(request, table)?,
        V::Card => card::card(request, table)?,
        V::Table => card::grid(table),
    };
    let Built { drawing, keys, mut notes } = built;
    for name in &request.unknown {
        notes.push(format!("the property `{}` is not known and was ignored", clean(name)));
    }
    Ok(Chart {
        title: request.title.as_deref().map(clean),
        kind: words(request.visualisation, request.kind),
        drawing,
        keys,
        hide_legend: request.hide_legend,
        notes,
    })
}

/// What a builder returns.
struct Built {
    drawing: Drawing,
    keys: Vec<Key>,
    notes: Vec<String>,
}

impl Built {
    fn empty(reason: &str, notes: Vec<String>) -> Self {
        Self { drawing: Drawing::Empty(reason.to_owned()), keys: Vec::new(), notes }
    }
}

fn words(visualisation: Visualisation, kind: Kind) -> &'static str {
    use Visualisation as V;
    match (visualisation, kind) {
        (V::Scatter | V::Pie, Kind::Map) => "map",
        (V::Anomaly, _) => "anomaly chart",
        (V::Area, Kind::Stacked | Kind::Stacked100) | (V::StackedArea, _) => "stacked area chart",
        (V::Area, _) => "area chart",
        (V::Bar, Kind::Stacked | Kind::Stacked100) => "stacked bar chart",
        (V::Bar, _) => "bar chart",
        (V::Card, _) => "card",
        (V::Column, Kind::Stacked | Kind::Stacked100) => "stacked column chart",
        (V::Column, _) => "column chart",
        (V::Ladder, _) => "ladder chart",
        (V::Line, _) => "line chart",
        (V::Pie, _) => "pie chart",
        (V::Pivot, _) => "pivot chart",
        (V::Scatter, _) => "scatter chart",
        (V::Table, _) => "table",
        (V::Time, _) => "time chart",
        (V::TimePivot, _) => "time pivot",
        (V::Treemap, _) => "treemap",
    }
}
