//! What is asked for: the visualisation and its properties, read from the texts that the binder delivers.
//!
//! Names and values follow the reference of the `render` operator (Kusto documentation, "render operator",
//! sections *Visualization*, *Supported properties*, *kind property*, *ysplit property*). Names of visualisations,
//! properties and their fixed values are compared without regard to case.

use crate::error::ChartError;

/// A published visualisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visualisation {
    /// `anomalychart`: a time chart with anomalies marked
    Anomaly,
    /// `areachart`
    Area,
    /// `barchart`: horizontal strips
    Bar,
    /// `card`: values of the first record
    Card,
    /// `columnchart`: vertical strips
    Column,
    /// `ladderchart`: the last two columns are the ends of a span
    Ladder,
    /// `linechart`
    Line,
    /// `piechart`
    Pie,
    /// `pivotchart`
    Pivot,
    /// `scatterchart`
    Scatter,
    /// `stackedareachart`
    StackedArea,
    /// `table`
    Table,
    /// `timechart`
    Time,
    /// `timepivot`: events on a time line
    TimePivot,
    /// `treemap`
    Treemap,
}

const NAMES: &[(&str, Visualisation)] = &[
    ("anomalychart", Visualisation::Anomaly),
    ("areachart", Visualisation::Area),
    ("barchart", Visualisation::Bar),
    ("card", Visualisation::Card),
    ("columnchart", Visualisation::Column),
    ("ladderchart", Visualisation::Ladder),
    ("linechart", Visualisation::Line),
    ("piechart", Visualisation::Pie),
    ("pivotchart", Visualisation::Pivot),
    ("scatterchart", Visualisation::Scatter),
    ("stackedareachart", Visualisation::StackedArea),
    ("table", Visualisation::Table),
    ("timechart", Visualisation::Time),
    ("timepivot", Visualisation::TimePivot),
    ("treemap", Visualisation::Treemap),
    // Older names, still in the grammar.
    ("list", Visualisation::Table),
    ("timeline", Visualisation::TimePivot),
];

/// Visualisations that are known and not drawn, with the reason.
const NOT_DRAWN: &[(&str, &str)] = &[
    ("plotly", "it is a program for the Plotly script library; select the columns and use `linechart`"),
    ("graph", "it needs the nodes and edges of a graph; use `graph-to-table` and a chart of its columns"),
    ("3dchart", "it has no published definition; use `scatterchart`"),
    ("chart3d_", "it has no published definition; use `scatterchart`"),
];

impl Visualisation {
    /// The name used in queries.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, known)| *known == self).map_or("table", |(name, _)| name)
    }

    fn parse(text: &str) -> Result<Self, ChartError> {
        let lower = text.to_ascii_lowercase();
        if let Some((_, known)) = NAMES.iter().find(|(name, _)| *name == lower) {
            return Ok(*known);
        }
        if let Some((chart, reason)) = NOT_DRAWN.iter().find(|(name, _)| *name == lower) {
            return Err(ChartError::NotDrawn { chart, reason });
        }
        let distance = |name: &&str| edit_distance(name, &lower);
        let nearest = NAMES.iter().map(|(name, _)| *name).min_by_key(distance);
        let suggestion = nearest.filter(|name| edit_distance(name, &lower) <= 3);
        Err(ChartError::UnknownVisualisation { name: text.to_owned(), suggestion })
    }
}

/// `kind`: how series of areas, bars and columns stand to each other, or that points lie on a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// `default`, `unstacked`: each on its own. For `stackedareachart` it means stacked.
    #[default]
    Default,
    /// `unstacked`
    Unstacked,
    /// `stacked`
    Stacked,
    /// `stacked100`: stacked, and stretched to the same length
    Stacked100,
    /// `map`: columns are longitude and latitude, or GeoJSON points
    Map,
}

/// `ysplit`: whether measures share a y axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum YSplit {
    /// One y axis for all.
    #[default]
    None,
    /// Several y axes in one chart.
    Axes,
    /// A chart for each y column, five at most.
    Panels,
}

/// A `render` request.
///
/// `parse` reads the texts of a query; the fields may also be set directly.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The visualisation.
    pub visualisation: Visualisation,
    /// `title`
    pub title: Option<String>,
    /// `xtitle`
    pub x_title: Option<String>,
    /// `ytitle`
    pub y_title: Option<String>,
    /// `xcolumn`
    pub x_column: Option<String>,
    /// `ycolumns`; empty means chosen by the rules
    pub y_columns: Vec<String>,
    /// `series`; empty means chosen by the rules
    pub series: Vec<String>,
    /// `anomalycolumns`
    pub anomaly_columns: Vec<String>,
    /// `kind`
    pub kind: Kind,
    /// `ysplit`
    pub y_split: YSplit,
    /// `legend = hidden`
    pub hide_legend: bool,
    /// `accumulate`
    pub accumulate: bool,
    /// `xaxis = log`
    pub x_log: bool,
    /// `yaxis = log`
    pub y_log: bool,
    /// `ymin`
    pub y_min: Option<f64>,
    /// `ymax`
    pub y_max: Option<f64>,
    /// Properties that are not published; they change nothing, and the chart says so.
    pub unknown: Vec<String>,
}

impl Request {
    /// A request without properties.
    pub fn new(visualisation: Visualisation) -> Self {
        Self {
            visualisation,
            title: None,
            x_title: None,
            y_title: None,
            x_column: None,
            y_columns: Vec::new(),
            series: Vec::new(),
            anomaly_columns: Vec::new(),
            kind: Kind::Default,
            y_split: YSplit::None,
            hide_legend: false,
            accumulate: false,
            x_log: false,
            y_log: false,
            y_min: None,
            y_max: None,
            unknown: Vec::new(),
        }
    }

    /// Reads the name of a visualisation and its properties, each with one or several values, as they stand in a
    /// query: names of columns and literals as texts. Of a property given twice the last one counts.
    ///
    /// # Errors
    ///
    /// The visualisation is unknown or not drawn here, or a property has a value that is none of those published.
    pub fn parse(chart: &str, properties: &[(String, Vec<String>)]) -> Result<Self, ChartError> {
        let mut request = Self::new(Visualisation::parse(chart)?);
        for (name, values) in properties {
            request.set(name, values)?;
        }
        Ok(request)
    }

    fn set(&mut self, name: &str, values: &[String]) -> Result<(), ChartError> {
        let first = values.first().map_or("", |value| value.trim());
        let text = || values.first().filter(|text| !text.is_empty()).cloned();
        match name.to_ascii_lowercase().as_str() {
            "title" => self.title = text(),
            "xtitle" => self.x_title = text(),
            "ytitle" => self.y_title = text(),
            "xcolumn" => self.x_column = text(),
            "ycolumns" => self.y_columns = values.to_vec(),
            "series" => self.series = values.to_vec(),
            "anomalycolumns" => self.anomaly_columns = values.to_vec(),
            "kind" => self.kind = kind(first)?,
            "ysplit" => {
                let words = [("none", YSplit::None), ("axes", YSplit::Axes), ("panels", YSplit::Panels)];
                self.y_split = one_of("ysplit", first, &words, "`none`, `axes` or `panels`")?;
            }
            "legend" => {
                let words = [("visible", false), ("hidden", true)];
                self.hide_legend = one_of("legend", first, &words, "`visible` or `hidden`")?;
            }
            "accumulate" => {
                let words = [("true", true), ("false", false), ("1", true), ("0", false)];
                self.accumulate = one_of("accumulate", first, &words, "`true` or `false`")?;
            }
            "xaxis" => self.x_log = is_log("xaxis", first)?,
            "yaxis" => self.y_log = is_log("yaxis", first)?,
            "ymin" => self.y_min = bound("ymin", first)?,
            "ymax" => self.y_max = bound("ymax", first)?,
            _ => self.unknown.push(name.to_owned()),
        }
        Ok(())
    }
}

fn kind(value: &str) -> Result<Kind, ChartError> {
    let words = [
        ("default", Kind::Default),
        ("unstacked", Kind::Unstacked),
        ("stacked", Kind::Stacked),
        ("stacked100", Kind::Stacked100),
        ("map", Kind::Map),
    ];
    one_of("kind", value, &words, "`default`, `unstacked`, `stacked`, `stacked100` or `map`")
}

fn is_log(property: &'static str, value: &str) -> Result<bool, ChartError> {
    one_of(property, value, &[("linear", false), ("log", true)], "`linear` or `log`")
}

fn one_of<T: Copy>(
    property: &'static str,
    value: &str,
    words: &[(&str, T)],
    expected: &'static str,
) -> Result<T, ChartError> {
    let known = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
    known.map(|(_, known)| *known).ok_or_else(|| ChartError::Property {
        property,
        value: value.to_owned(),
        expected,
    })
}

/// A bound of the y axis; Kusto's clients write `NaN` for none.
fn bound(property: &'static str, value: &str) -> Result<Option<f64>, ChartError> {
    match value.parse::<f64>() {
        Ok(number) if number.is_nan() => Ok(None),
        Ok(number) if number.is_finite() => {
            Ok(Some(number.clamp(-crate::table::LARGEST, crate::table::LARGEST)))
        }
        _ => Err(ChartError::Property { property, value: value.to_owned(), expected: "a number" }),
    }
}

/// Levenshtein's distance, of short texts.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, to) in right.iter().enumerate() {
            let above = row[column + 1];
            let replaced = diagonal + usize::from(from != *to);
            row[column + 1] = replaced.min(above + 1).min(row[column] + 1);
            diagonal = above;
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(chart: &str, properties: &[(&str, &[&str])]) -> Result<Request, ChartError> {
        let properties: Vec<(String, Vec<String>)> = properties
            .iter()
            .map(|(name, values)| {
                ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect())
            })
            .collect();
        Request::parse(chart, &properties)
    }

    #[test]
    fn names_and_values_do_not_mind_case() {
        let request = parse("TimeChart", &[("KIND", &["Stacked100"]), ("legend", &["Hidden"])]).unwrap();
        assert_eq!(request.visualisation, Visualisation::Time);
        assert_eq!(request.kind, Kind::Stacked100);
        assert!(request.hide_legend);
    }

    #[test]
    fn an_unknown_visualisation_gets_a_suggestion() {
        let error = parse("timchart", &[]).unwrap_err();
        assert_eq!(error.to_string(), "unknown visualisation `timchart`; did you mean `timechart`?");
        let error = parse("hologram", &[]).unwrap_err();
        assert_eq!(error.to_string(), "unknown visualisation `hologram`; `table` shows any result");
    }

    #[test]
    fn wrong_values_are_named() {
        let error = parse("barchart", &[("kind", &["pile"])]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`kind` is `pile`; expected `default`, `unstacked`, `stacked`, `stacked100` or `map`"
        );
        let error = parse("barchart", &[("ymin", &["low"])]).unwrap_err();
        assert_eq!(error.to_string(), "`ymin` is `low`; expected a number");
    }

    #[test]
    fn the_last_of_a_repeated_property_counts_and_unknown_ones_are_kept() {
        let request = parse("linechart", &[("title", &["a"]), ("title", &["b"]), ("zoom", &["2"])]).unwrap();
        assert_eq!(request.title.as_deref(), Some("b"));
        assert_eq!(request.unknown, ["zoom"]);
    }

    #[test]
    fn plotly_says_what_to_do() {
        let error = parse("plotly", &[]).unwrap_err();
        assert!(error.to_string().starts_with("`plotly` is not drawn here: "), "{error}");
    }
}
