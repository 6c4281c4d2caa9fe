//! Joins within a window of time: `join … on key | where t2 between (t1 .. t1 + 10m)`.
//!
//! Rows whose moments are at most a window apart lie in the same stretch of time of that length, or in neighbouring ones.
//! So the stretch becomes a key of the join: of every right row its own, of every left row the two in which its partners can
//! be. Each pair meets once at most, and the condition itself is tested as before.

use azimuth_kql::ast::BinaryOp;
use azimuth_kql::bound::{Expr as Bound, ExprKind, Input, Join, JoinColumn, JoinKind, RelKind};
use azimuth_kql::types::ScalarType;
use azimuth_values::Value;
use datafusion::arrow::array::{Array, AsArray, Int64Array, Int64Builder, ListBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::logical_expr::{Expr, Volatility};
use std::sync::Arc;

use crate::functions;
use crate::stage::Stage;

/// The longest window that is worth two rows for one, in ticks: two days.
const LONGEST: i64 = 2 * 864_000_000_000;
/// Constants beyond this are left to the condition.
const MOST: i64 = 1 << 60;

/// `low <= right moment - left moment <= high` holds for every pair that a condition lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The columns of the moments
    left: usize,
    right: usize,
    low: i64,
    high: i64,
}

impl Window {
    /// The length of a stretch.
    fn length(&self) -> i64 {
        (self.high - self.low).max(1)
    }

    /// The stretches of the partners of a left row, as a list.
    pub(super) fn left_key(&self, column: impl Fn(usize) -> Expr) -> Expr {
        let (length, low) = (self.length(), self.low);
        let item = Arc::new(Field::new_list_field(DataType::Int64, true));
        let key = format!("{length}/{low}");
        let arguments = vec![column(self.left)];
        functions::call(
            "stretches",
            &key,
            Volatility::Immutable,
            DataType::List(item),
            arguments,
            move |arrays, _| {
                let moments = arrays[0].as_primitive::<Int64Type>();
                let mut out =
                    ListBuilder::with_capacity(Int64Builder::with_capacity(2 * moments.len()), moments.len());
                for row in 0..moments.len() {
                    // A row without a moment has no partner: one list of nothing.
                    if moments.is_valid(row) {
                        let first = moments.value(row).saturating_add(low).div_euclid(length);
                        out.values().append_value(first);
                        out.values().append_value(first.saturating_add(1));
                    }
                    out.append(true);
                }
                Ok(Arc::new(out.finish()))
            },
        )
    }

    /// The stretch of a right row.
    pub(super) fn right_key(&self, column: impl Fn(usize) -> Expr) -> Expr {
        let length = self.length();
        let (key, arguments) = (length.to_string(), vec![column(self.right)]);
        functions::call(
            "stretch",
            &key,
            Volatility::Immutable,
            DataType::Int64,
            arguments,
            move |arrays, _| {
                let moments = arrays[0].as_primitive::<Int64Type>();
                let stretch = |moment: i64| moment.div_euclid(length);
                Ok(Arc::new(moments.iter().map(|moment| moment.map(stretch)).collect::<Int64Array>()))
            },
        )
    }
}

/// The join below an operator that passes its rows on, and the window that conditions on these set for it.
pub(super) fn of<'r>(stage: &Stage, rel: &'r Input, conditions: &[&Bound]) -> Option<(&'r Join, Window)> {
    let join = join_below(rel)?;
    if !matches!(join.kind, JoinKind::Inner | JoinKind::InnerUnique) {
        return None;
    }
    let mut bounds = Bounds::default();
    for condition in conditions {
        bounds.narrow(stage, condition, rel);
    }
    let ((left, right), low, high) = (bounds.columns?, bounds.low?, bounds.high?);
    let is_short = low <= high && high - low <= LONGEST;
    is_short.then_some((join, Window { left, right, low, high }))
}

fn join_below(rel: &Input) -> Option<&Join> {
    match &rel.kind {
        RelKind::Join(join) => Some(join),
        RelKind::Project { input, columns } if !columns.iter().any(super::has_window) => join_below(input),
        RelKind::Filter { input, predicate } if !super::has_window(predicate) => join_below(input),
        RelKind::As { input, .. } => join_below(input),
        _ => None,
    }
}

/// What an expression is, in ticks.
#[derive(Clone, Copy)]
enum Term {
    /// The moment of a column of a side, and so much
    Moment { is_left: bool, place: usize, plus: i64 },
    /// The right moment less the left one (or the other way round), and so much
    Distance { columns: (usize, usize), is_turned: bool, plus: i64 },
    /// The size of such a distance
    Size { columns: (usize, usize), plus: i64 },
    /// A constant
    Span(i64),
}

/// The bounds of the distance between two columns.
#[derive(Default)]
struct Bounds {
    columns: Option<(usize, usize)>,
    low: Option<i64>,
    high: Option<i64>,
}

impl Bounds {
    /// Takes what a condition says, if it says something of that kind.
    fn narrow(&mut self, stage: &Stage, condition: &Bound, rel: &Input) {
        use BinaryOp as B;
        match &condition.kind {
            ExprKind::Named(named) => self.narrow(stage, &named.expr, rel),
            ExprKind::And(parts) => parts.iter().for_each(|part| self.narrow(stage, part, rel)),
            ExprKind::Binary { op, left, right } => {
                let (Some(left), Some(right)) = (term(stage, left, rel), term(stage, right, rel)) else {
                    return;
                };
                match op {
                    B::Less | B::LessOrEqual => self.at_most(left, right),
                    B::Greater | B::GreaterOrEqual => self.at_most(right, left),
                    B::Equal => {
                        self.at_most(left, right);
                        self.at_most(right, left);
                    }
                    _ => {}
                }
            }
            ExprKind::Between { is_negated: false, value, low, high } => {
                let terms = (term(stage, value, rel), term(stage, low, rel), term(stage, high, rel));
                let (Some(value), Some(low), Some(high)) = terms else { return };
                // Of a moment, the end of the range may be told as its length.
                let high = match (value, low, high) {
                    (Term::Moment { .. }, Term::Moment { .. }, Term::Span(length)) => plus(low, length),
                    _ => Some(high),
                };
                self.at_most(low, value);
                if let Some(high) = high {
                    self.at_most(value, high);
                }
            }
            _ => {}
        }
    }

    /// `left <= right` holds.
    fn at_most(&mut self, left: Term, right: Term) {
        match (left, right) {
            (
                Term::Moment { is_left: true, place: first, plus: a },
                Term::Moment { is_left: false, place: second, plus: b },
            ) => self.set((first, second), Some(a - b), None),
            (
                Term::Moment { is_left: false, place: second, plus: b },
                Term::Moment { is_left: true, place: first, plus: a },
            ) => self.set((first, second), None, Some(a - b)),
            (Term::Distance { columns, is_turned: false, plus }, Term::Span(span)) => {
                self.set(columns, None, Some(span - plus));
            }
            (Term::Span(span), Term::Distance { columns, is_turned: false, plus }) => {
                self.set(columns, Some(span - plus), None);
            }
            (Term::Distance { columns, is_turned: true, plus }, Term::Span(span)) => {
                self.set(columns, Some(plus - span), None);
            }
            (Term::Span(span), Term::Distance { columns, is_turned: true, plus }) => {
                self.set(columns, None, Some(plus - span));
            }
            // |distance + plus| <= span
            (Term::Size { columns, plus }, Term::Span(span)) => {
                self.set(columns, Some(-span - plus), Some(span - plus));
            }
            _ => {}
        }
    }

    fn set(&mut self, columns: (usize, usize), low: Option<i64>, high: Option<i64>) {
        if self.columns.is_some_and(|known| known != columns) {
            return;
        }
        self.columns = Some(columns);
        self.low = self.low.max(low);
        self.high = match (self.high, high) {
            (Some(known), Some(high)) => Some(known.min(high)),
            (known, high) => known.or(high),
        };
    }
}

/// A term and a span more.
fn plus(term: Term, span: i64) -> Option<Term> {
    let sum = |known: i64| known.checked_add(span).filter(|sum| sum.abs() < MOST);
    Some(match term {
        Term::Moment { is_left, place, plus } => Term::Moment { is_left, place, plus: sum(plus)? },
        Term::Distance { columns, is_turned, plus } => {
            Term::Distance { columns, is_turned, plus: sum(plus)? }
        }
        Term::Span(known) => Term::Span(sum(known)?),
        Term::Size { .. } => return None,
    })
}

/// What an expression over the columns of an operator is.
fn term(stage: &Stage, expr: &Bound, rel: &Input) -> Option<Term> {
    use BinaryOp as B;
    match &expr.kind {
        ExprKind::Named(named) => term(stage, &named.expr, rel),
        ExprKind::Column(place) => match &rel.kind {
            RelKind::Project { input, columns } => term(stage, columns.get(*place)?, input),
            RelKind::Filter { input, .. } | RelKind::As { input, .. } => term(stage, expr, input),
            RelKind::Join(join) => {
                let (is_left, place, side) = match *join.output.get(*place)? {
                    JoinColumn::Left(place) => (true, place, &join.left),
                    JoinColumn::Right(place) => (false, place, &join.right),
                };
                let is_moment = side.schema.columns.get(place)?.ty == ScalarType::Datetime;
                is_moment.then_some(Term::Moment { is_left, place, plus: 0 })
            }
            _ => None,
        },
        _ if expr.ty == ScalarType::Timespan && expr.is_constant() => match stage.constant(expr).ok()? {
            Value::TimeSpan(span) if span.abs() < MOST => Some(Term::Span(span)),
            _ => None,
        },
        ExprKind::Binary { op: B::Add, left, right } => {
            match (term(stage, left, rel)?, term(stage, right, rel)?) {
                (term, Term::Span(span)) | (Term::Span(span), term) => plus(term, span),
                _ => None,
            }
        }
        ExprKind::Binary { op: B::Subtract, left, right } => {
            match (term(stage, left, rel)?, term(stage, right, rel)?) {
                (term, Term::Span(span)) => plus(term, span.checked_neg()?),
                (
                    Term::Moment { is_left, place: first, plus: a },
                    Term::Moment { is_left: is_other, place: second, plus: b },
                ) if is_left != is_other => {
                    let columns = if is_left { (first, second) } else { (second, first) };
                    Some(Term::Distance { columns, is_turned: is_left, plus: a - b })
                }
                _ => None,
            }
        }
        ExprKind::Call(call) if call.function.name == "abs" => {
            match term(stage, call.arguments.first()?, rel)? {
                Term::Distance { columns, is_turned, plus } => {
                    Some(Term::Size { columns, plus: if is_turned { -plus } else { plus } })
                }
                _ => None,
            }
        }
        _ => None,
    }
}
