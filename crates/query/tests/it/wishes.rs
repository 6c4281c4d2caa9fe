//! Rows that meet the conditions of a query: for each column the constants that the query compares it with. With rows by
//! chance alone, most queries would filter everything away and show nothing of what comes after.

use std::collections::{BTreeSet, HashMap, HashSet};

use azimuth_kql::ast::{BinaryOp as B, InOp};
use azimuth_kql::bind::{Catalog, Options, bind};
use azimuth_kql::bound::{Expr, ExprKind, InList, Rel, RelKind, ResultValue};
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_rows::{Row, eval, literal_value, tree};
use azimuth_values::{Json, Value, calendar, text};

use crate::support::NOW;

/// Rows of each table: the first meet the query's conditions, as far as they can be told from constants.
const ROWS: usize = 6;
const MEETING: usize = 4;

/// What a query asks of its tables.
#[derive(Default)]
pub(crate) struct Wishes {
    /// The tables it reads
    pub(crate) tables: BTreeSet<String>,
    /// Columns that only the data tell (of watchlists, of unpacked bags)
    pub(crate) open: Vec<String>,
    equal: HashMap<String, Vec<(Value, ScalarType)>>,
    parts: HashMap<String, Vec<String>>,
    least: HashMap<String, i64>,
    json: HashSet<String>,
}

impl Wishes {
    pub(crate) fn of(text: &str, catalog: &dyn Catalog) -> Self {
        let bound = bind(text, catalog, &Options::default());
        let results = bound.results.iter().filter_map(|result| match &result.value {
            ResultValue::Table(rel) => Some(rel),
            ResultValue::Scalar(_) => None,
        });
        let (mut wishes, mut rels) = (Self::default(), HashSet::new());
        for root in results.chain(bound.shared.iter().map(|shared| &shared.rel)) {
            tree::walk_deep(root, &mut rels, &mut |rel| wishes.operator(rel));
        }
        wishes.open.sort_unstable();
        wishes.open.dedup();
        wishes
    }

    fn operator(&mut self, rel: &Rel) {
        if let RelKind::Table(name) = &rel.kind {
            self.tables.insert(name.table.clone());
        }
        let empty = Schema::default();
        let schema = tree::inputs(rel).first().map_or(&empty, |input| &input.schema);
        for expr in tree::exprs(rel) {
            tree::walk_expr(expr, &mut HashSet::new(), &mut |inner| self.expression(inner, schema));
        }
    }

    fn expression(&mut self, expr: &Expr, schema: &Schema) {
        match &expr.kind {
            ExprKind::OpenColumn(name) if name != "SearchKey" => self.open.push(name.clone()),
            ExprKind::Binary { op, left, right } => {
                let (Some(column), Some(literal)) = (column(left, schema), right.as_literal()) else {
                    return;
                };
                let value = literal_value(literal);
                match op {
                    B::Equal | B::EqualTilde => {
                        self.equal.entry(column).or_default().push((value, literal.ty()));
                    }
                    B::Greater | B::GreaterOrEqual => {
                        if let Some(least) = value.as_long().filter(|_| literal.ty() == ScalarType::Long) {
                            self.least.insert(column, least.saturating_add(1));
                        }
                    }
                    B::Has
                    | B::HasCs
                    | B::HasPrefix
                    | B::HasSuffix
                    | B::Contains
                    | B::ContainsCs
                    | B::StartsWith
                    | B::StartsWithCs
                    | B::EndsWith
                    | B::EndsWithCs => {
                        self.parts.entry(column).or_default().push(text::to_string(&value));
                    }
                    _ => {}
                }
            }
            ExprKind::In { op, left, list: InList::Values(values) } => {
                let Some(column) = column(left, schema) else { return };
                for literal in values.iter().filter_map(Expr::as_literal) {
                    let value = literal_value(literal);
                    let items = match value.as_array() {
                        Some(items) => items.iter().map(Json::to_value).collect(),
                        None => vec![value.clone()],
                    };
                    for item in items {
                        if matches!(op, InOp::In | InOp::InTilde) {
                            self.equal.entry(column.clone()).or_default().push((item, literal.ty()));
                        } else if matches!(op, InOp::HasAny | InOp::HasAll) {
                            self.parts.entry(column.clone()).or_default().push(text::to_string(&item));
                        }
                    }
                }
            }
            ExprKind::Call(call) if matches!(call.function.name, "parse_json" | "todynamic") => {
                self.json.extend(call.arguments.first().and_then(|argument| column(argument, schema)));
            }
            _ => {}
        }
    }

    /// Rows of a table.
    pub(crate) fn rows(&self, schema: &Schema) -> Vec<Row> {
        (0..ROWS).map(|row| schema.columns.iter().map(|column| self.cell(column, row)).collect()).collect()
    }

    fn cell(&self, column: &Column, row: usize) -> Value {
        let usual = usual(column.ty, row);
        if row >= MEETING {
            return usual;
        }
        if let Some(known) =
            self.equal.get(&column.name).filter(|_| row != 1 || !self.parts.contains_key(&column.name))
        {
            let (value, ty) = &known[row % known.len()];
            let value = match (column.ty, ty) {
                (ScalarType::Dynamic, _) => Value::dynamic(value.to_json()),
                (ty, ScalarType::Dynamic) => eval::typed(value.clone(), ty),
                (ty, from) => eval::converted(value, *from, ty),
            };
            if !value.is_null() {
                return value;
            }
        }
        match column.ty {
            ScalarType::String => self.text(column, row, usual),
            ScalarType::Dynamic if row < 2 && !self.open.is_empty() => Value::dynamic(self.bag(row)),
            ScalarType::Int | ScalarType::Long | ScalarType::Real => match self.least.get(&column.name) {
                Some(least) => eval::converted(&Value::Long(*least), ScalarType::Long, column.ty),
                None => usual,
            },
            _ => usual,
        }
    }

    /// A text with all that is looked for in the column; of columns that hold structures, one that has the open columns.
    fn text(&self, column: &Column, row: usize, usual: Value) -> Value {
        let parts: Vec<&str> =
            self.parts.get(&column.name).into_iter().flatten().map(String::as_str).collect();
        let parts = parts.join(" ");
        if column.name == "EventData" {
            let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
            let value = if parts.is_empty() { "value".to_owned() } else { escaped(&parts) };
            let item = |name: &String| format!("<Data Name=\"{name}\">{value}</Data>");
            let items: String = self.open.iter().chain([&"other".to_owned()]).map(item).collect();
            // Agents wrap what Windows writes.
            let event = format!("<EventData>{items}</EventData>");
            return if row.is_multiple_of(2) { format!("<DataItem>{event}</DataItem>") } else { event }
                .into();
        }
        if self.json.contains(&column.name) && !self.open.is_empty() {
            let bag = self.bag(row);
            let json = if row.is_multiple_of(2) { bag } else { Json::Array(vec![bag]) };
            return json.to_text().into();
        }
        if matches!(column.name.as_str(), "SyslogMessage" | "AdditionalExtensions" | "Message") {
            let pairs: Vec<String> = self.open.iter().map(|name| format!("{name}=\"of {name}\"; ")).collect();
            return format!("{parts}; {} end", pairs.concat()).into();
        }
        if parts.is_empty() { usual } else { parts.into() }
    }

    fn bag(&self, row: usize) -> Json {
        let members = self.open.iter().map(|name| (name.as_str().into(), Json::string(format!("v{row}"))));
        Json::Object(members.collect())
    }
}

/// The column that an expression is about, through conversions and functions of one argument.
fn column(expr: &Expr, schema: &Schema) -> Option<String> {
    match &expr.kind {
        ExprKind::Column(place) => schema.columns.get(*place).map(|column| column.name.clone()),
        ExprKind::Convert(inner) => column(inner, schema),
        ExprKind::Call(call) if call.arguments.len() == 1 => column(&call.arguments[0], schema),
        _ => None,
    }
}

/// A cell that asks nothing of the query.
fn usual(ty: ScalarType, row: usize) -> Value {
    let number = row as i64;
    match ty {
        ScalarType::Bool => Value::Bool(row.is_multiple_of(2)),
        ScalarType::Int => Value::Int(row as i32),
        ScalarType::Long => Value::Long(number),
        ScalarType::Real => Value::Real(number as f64 / 2.0),
        ScalarType::Decimal => Value::Decimal(number.into()),
        ScalarType::Datetime => {
            let minutes = [5, 130, 30 * 60, 5 * 24 * 60, 12 * 24 * 60, 40 * 24 * 60][row % 6];
            Value::DateTime(NOW - minutes * calendar::MINUTE)
        }
        ScalarType::Timespan => Value::TimeSpan(number * calendar::SECOND),
        ScalarType::Guid => Value::Guid(row as u128),
        ScalarType::Dynamic | ScalarType::Unknown => {
            let texts = [
                "{\"a\":1,\"name\":\"x\"}",
                "[{\"key\":\"a\",\"value\":\"b\"}]",
                "{\"displayName\":\"x\",\"ipAddress\":\"10.0.0.1\"}",
                "\"text\"",
                "[1,2]",
                "null",
            ];
            Value::dynamic(Json::parse(texts[row % 6]).unwrap())
        }
        ScalarType::String => Value::string(
            ["10.0.0.1", "user@contoso.com", "{\"a\":[1]}", "powershell.exe -enc AAAA", "C:\\a\\b.exe", ""]
                [row % 6],
        ),
    }
}
