//! The `render` operator of KQL, drawn: in a terminal, as SVG, and as an HTML page.
//!
//! ```text
//!   query result ─▶ Table ─┐
//!                          ├─ chart() ─▶ Chart ─┬─ terminal() ─▶ text of so many columns and lines
//!   render … with (…) ─▶ Request                ├─ svg() ──────▶ a picture
//!                                               └─ html() ─────▶ a page with pictures and tables
//! ```
//!
//! [`chart`] applies the published rules once: which columns are x, y and series, arrays of `make-series` expanded,
//! stacking, limits. What is drawn from the [`Chart`] is only a matter of pixels and cells, so all three show the same.
//! The crate is pure: it reads nothing and writes nothing, and the same input gives the same bytes.
//!
//! ```
//! use azimuth_chart::{Column, ColumnType, Request, Table, TerminalOptions, Value, chart, terminal};
//!
//! let table = Table {
//!     columns: vec![Column::new("Protocol", ColumnType::Text), Column::new("count_", ColumnType::Number)],
//!     rows: vec![
//!         vec![Value::Text("ssh".into()), Value::Long(30)],
//!         vec![Value::Text("rdp".into()), Value::Long(60)],
//!     ],
//! };
//! let request = Request::parse("barchart", &[])?;
//! let options = TerminalOptions { width: 40, colour: false, ..TerminalOptions::default() };
//! let text = terminal(&chart(&request, &table)?, &options);
//! assert!(text.contains("ssh"));
//! # Ok::<(), azimuth_chart::ChartError>(())
//! ```
//!
//! # Why no charting library
//!
//! A theme in CSS (light, dark, print), names from logs that an attacker may have chosen, and pages without a script
//! are the three musts here. The well-kept libraries fail at least one: `plotters` writes absolute colours and no
//! tooltips or descriptions, `charming` and `plotly` need their script libraries, `textplots` and the widgets of
//! `ratatui` know no times, no logarithms and no stacks. What is left to write is small: scales, ticks and shapes.

mod build;
mod error;
mod expand;
mod html;
mod markup;
mod model;
mod number;
mod palette;
mod request;
mod roles;
mod scale;
mod svg;
mod table;
mod terminal;
mod text;
mod time;

pub use build::chart;
pub use error::ChartError;
pub use html::{Page, html};
pub use model::Chart;
pub use request::{Kind, Request, Visualisation, YSplit};
pub use svg::{SvgOptions, svg};
pub use table::{Column, ColumnType, Table, Value};
pub use terminal::{TerminalOptions, terminal};
