//! What is known of the values of expressions and columns of type `dynamic`: see [`Shape`].

use std::sync::Arc;

use super::Binder;
use super::scope::Row;
use crate::bound::{Call, Expr, ExprKind as B, NamedValue, RelKind, SummaryColumn};
use crate::functions::Returns;
use crate::types::{ScalarType as T, Schema, Shape};
use crate::values::Literal;

impl Binder<'_> {
    /// What is known of an expression over the columns of a row.
    pub(super) fn shape_of(&self, expr: &Expr, row: Row<'_>) -> Shape {
        self.shape(expr, row.schema, row.right)
    }

    fn shape(&self, expr: &Expr, left: Option<&Schema>, right: Option<&Schema>) -> Shape {
        if expr.ty != T::Dynamic {
            return Shape::of_type(expr.ty);
        }
        let column = |schema: Option<&Schema>, index: usize| {
            schema
                .and_then(|schema| schema.columns.get(index))
                .map_or(Shape::Any, |column| column.shape.clone())
        };
        let of = |expr: &Expr| self.shape(expr, left, right);
        match &expr.kind {
            B::Literal(literal) => Shape::of_literal(literal),
            B::Column(index) => column(left, *index),
            B::RightColumn(index) => column(right, *index),
            B::Shared(id) => column(self.bound.shared.get(id.0).map(|shared| &shared.rel.schema), 0),
            B::Member { base, name } => of(base).member(name),
            B::Index { base, index } => match index.as_literal() {
                Some(Literal::String(name)) => of(base).member(name),
                _ => of(base).element(),
            },
            B::Convert(inner) if inner.ty != T::Dynamic => Shape::of_type(inner.ty),
            B::Named(named) => self.named_shape(named),
            B::Call(call) | B::Aggregate(call) => self.call_shape(call, left, right),
            B::Part { call, index } => match &call.kind {
                B::Call(inner) | B::Aggregate(inner) => match inner.function.signatures.first() {
                    Some(signature) if matches!(signature.returns, Returns::Columns(_)) => Shape::array(),
                    _ => inner.arguments.get(*index).map_or(Shape::Any, of),
                },
                _ => Shape::Any,
            },
            _ => Shape::Any,
        }
    }

    fn call_shape(&self, call: &Call, left: Option<&Schema>, right: Option<&Schema>) -> Shape {
        let of = |expr: &Expr| self.shape(expr, left, right);
        let of_argument = |index: usize| call.arguments.get(index).map_or(Shape::Any, of);
        let shared = || call.arguments.iter().map(of).reduce(Shape::or).unwrap_or_default();
        match call.function.name {
            "array_concat" => return shared(),
            "pack_array" => return Shape::Array(Arc::new(shared())),
            "set_union" | "set_intersect" | "set_difference" => {
                return match shared() {
                    known @ Shape::Array(_) => known,
                    _ => Shape::array(),
                };
            }
            "bag_pack" | "pack_all" => return members(call, of),
            "bag_merge" => return merged(call, of),
            "case" => {
                let (otherwise, choices) =
                    call.arguments.split_last().map_or((None, &[][..]), |(last, rest)| (Some(last), rest));
                let values = choices.iter().skip(1).step_by(2).chain(otherwise);
                return values.map(of).reduce(Shape::or).unwrap_or_default();
            }
            _ => {}
        }
        let function = call.function;
        let signatures = if self.is_reference() && !function.reference.is_empty() {
            function.reference
        } else {
            function.signatures
        };
        let Some(signature) = signatures.first() else { return Shape::Any };
        match signature.returns {
            Returns::Array => Shape::array(),
            Returns::Bag => Shape::bag(),
            Returns::Known(known) => Shape::of_known(&known),
            Returns::ArrayOf(index) => Shape::Array(Arc::new(of_argument(index))),
            Returns::Argument(index) => of_argument(index),
            Returns::Special => of_argument(0),
            // The condition of `iff` is a bool, not dynamic.
            Returns::Common => call
                .arguments
                .iter()
                .skip(usize::from(call.function.name == "iff"))
                .map(of)
                .reduce(Shape::or)
                .unwrap_or_default(),
            _ => Shape::Any,
        }
    }

    fn named_shape(&self, named: &Arc<NamedValue>) -> Shape {
        let known = self.named_shapes.get(&Arc::as_ptr(named).addr());
        known.map_or(Shape::Any, |(_, shape)| shape.clone())
    }

    /// Remembers what is known of a value under a name.
    pub(super) fn remember_shape(&mut self, named: &Arc<NamedValue>, shape: Shape) {
        if shape != Shape::Any {
            // The value is kept, so that nothing else comes to stand at its address.
            self.named_shapes.insert(Arc::as_ptr(named).addr(), (Arc::clone(named), shape));
        }
    }

    /// Fills in what is known of the columns that an operator computes.
    pub(super) fn with_shapes(&self, kind: &RelKind, mut schema: Schema) -> Schema {
        match kind {
            RelKind::Project { input, columns } => {
                self.fill(&mut schema, columns.iter(), Some(&input.schema), 0);
            }
            RelKind::Print { columns } => self.fill(&mut schema, columns.iter(), None, 0),
            RelKind::Summarize { input, by, aggregates, output, .. } => {
                let exprs = output.iter().filter_map(|column| match column {
                    SummaryColumn::Group(index) => by.get(*index),
                    SummaryColumn::Aggregate(index) => aggregates.get(*index),
                });
                self.fill(&mut schema, exprs, Some(&input.schema), 0);
            }
            RelKind::SampleDistinct { input, of, .. } => {
                self.fill(&mut schema, std::iter::once(of), Some(&input.schema), 0);
            }
            RelKind::Union { inputs, has_source, .. } => {
                let first = usize::from(*has_source);
                for input in inputs {
                    for (column, output) in input.rel.schema.columns.iter().zip(&input.outputs) {
                        let Some(output) = output.and_then(|output| schema.columns.get_mut(output + first))
                        else {
                            continue;
                        };
                        // `Union` makes its columns anew: nothing is known yet.
                        output.shape = column.shape.clone();
                    }
                }
                for input in inputs {
                    for (column, output) in input.rel.schema.columns.iter().zip(&input.outputs) {
                        if let Some(output) = output.and_then(|output| schema.columns.get_mut(output + first))
                        {
                            output.shape = std::mem::take(&mut output.shape).or(column.shape.clone());
                        }
                    }
                }
            }
            _ => {}
        }
        schema
    }

    fn fill<'e>(
        &self,
        schema: &mut Schema,
        exprs: impl Iterator<Item = &'e Expr>,
        input: Option<&Schema>,
        from: usize,
    ) {
        for (column, expr) in schema.columns.iter_mut().skip(from).zip(exprs) {
            column.shape = if column.ty == T::Dynamic { self.shape(expr, input, None) } else { Shape::Any };
        }
    }
}

/// `bag_pack("a", x, …)`: the members whose names are known.
fn members(call: &Call, of: impl Fn(&Expr) -> Shape) -> Shape {
    // `pack_all` has a flag before its pairs.
    let pairs = call.arguments.get(call.arguments.len() % 2..).unwrap_or_default();
    let known = pairs.chunks_exact(2).filter_map(|pair| match (pair[0].as_literal(), &pair[1]) {
        (Some(Literal::String(name)), value) => Some((name.clone(), of(value))),
        _ => None,
    });
    Shape::Bag(known.collect())
}

/// `bag_merge(a, b, …)`: of members with one name the first counts.
fn merged(call: &Call, of: impl Fn(&Expr) -> Shape) -> Shape {
    let mut all: Vec<(String, Shape)> = Vec::new();
    for argument in &call.arguments {
        if let Shape::Bag(members) = of(argument) {
            for (name, shape) in members.iter() {
                if all.iter().all(|(known, _)| known != name) {
                    all.push((name.clone(), shape.clone()));
                }
            }
        }
    }
    Shape::Bag(all.into())
}
