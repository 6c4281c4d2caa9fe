//! Visiting every node of a syntax tree, for services that ask about texts rather than about meaning.

use crate::ast::{
    Call, Expr, ExprKind, FunctionBody, MvColumn, NamedExpr, Operator, OperatorKind as O, OperatorParameter,
    Ordered, Parameter, PartitionBody, Pipeline, Query, SeriesRange, Statement, StatementKind,
};

/// How deep a visit goes. Trees of texts that people write are far from it.
const MAX_DEPTH: usize = 600;

/// What is done at the nodes, each before its children.
pub(crate) trait Visit {
    /// A statement.
    fn statement(&mut self, _statement: &Statement) {}
    /// An expression.
    fn expr(&mut self, _expr: &Expr) {}
    /// A call, of a scalar function, method, plugin or `invoke`.
    fn call(&mut self, _call: &Call) {}
    /// A pipeline: a whole one, or the body of an operator.
    fn pipeline(&mut self, _pipeline: &Pipeline) {}
    /// An operator.
    fn operator(&mut self, _operator: &Operator) {}
    /// `name = value`, `(a, b) = value` or a bare expression.
    fn named(&mut self, _named: &NamedExpr) {}
}

/// Visits a whole query.
pub(crate) fn query(visit: &mut dyn Visit, query: &Query) {
    let mut walk = Walk { visit, depth: 0 };
    for statement in &query.statements {
        walk.statement(statement);
    }
}

/// Visits an expression and what is in it.
pub(crate) fn expr(visit: &mut dyn Visit, expr: &Expr) {
    Walk { visit, depth: 0 }.expr(expr);
}

/// Visits an operator and what is in it.
pub(crate) fn operator(visit: &mut dyn Visit, operator: &Operator) {
    Walk { visit, depth: 0 }.operator(operator);
}

struct Walk<'v> {
    visit: &'v mut dyn Visit,
    depth: usize,
}

impl Walk<'_> {
    fn statement(&mut self, statement: &Statement) {
        self.visit.statement(statement);
        match &statement.kind {
            StatementKind::Let { value, .. }
            | StatementKind::Alias { value, .. }
            | StatementKind::Expression(value)
            | StatementKind::Set { value: Some(value), .. } => self.expr(value),
            StatementKind::QueryParameters(parameters) => self.parameters(parameters),
            StatementKind::Pattern(pattern) => {
                for case in &pattern.cases {
                    self.exprs(&case.arguments);
                    self.option(case.path.as_ref());
                    self.body(&case.body);
                }
            }
            StatementKind::Restrict(tables) => self.exprs(tables),
            StatementKind::Command(command) => self.option(command.query.as_ref()),
            StatementKind::Set { value: None, .. } => {}
        }
    }

    fn body(&mut self, body: &FunctionBody) {
        for statement in &body.statements {
            self.statement(statement);
        }
        self.option(body.result.as_ref());
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            self.option(parameter.default.as_ref());
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        self.visit.pipeline(pipeline);
        self.option(pipeline.source.as_deref());
        for operator in &pipeline.operators {
            self.operator(operator);
        }
    }

    fn option(&mut self, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn exprs(&mut self, exprs: &[Expr]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn named(&mut self, named: &NamedExpr) {
        self.visit.named(named);
        self.expr(&named.value);
    }

    fn several(&mut self, several: &[NamedExpr]) {
        for named in several {
            self.named(named);
        }
    }

    fn ordered(&mut self, several: &[Ordered]) {
        for ordered in several {
            self.named(&ordered.value);
        }
    }

    fn properties(&mut self, properties: &[OperatorParameter]) {
        for property in properties {
            self.expr(&property.value);
        }
    }

    fn expanded(&mut self, columns: &[MvColumn]) {
        for column in columns {
            self.named(&column.value);
        }
    }

    fn call(&mut self, call: &Call) {
        self.visit.call(call);
        for argument in &call.arguments {
            self.expr(&argument.value);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        self.visit.expr(expr);
        match &expr.kind {
            ExprKind::Path { base, .. } => self.expr(base),
            ExprKind::Method { base, call } => {
                self.expr(base);
                self.call(call);
            }
            ExprKind::Index { base, index } => {
                self.expr(base);
                self.expr(index);
            }
            ExprKind::Call(call) => self.call(call),
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::And(operands) | ExprKind::Or(operands) | ExprKind::EntityGroup(operands) => {
                self.exprs(operands);
            }
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::In { left, list, .. } => {
                self.expr(left);
                self.exprs(list);
            }
            ExprKind::Between { value, low, high, .. } => {
                self.expr(value);
                self.expr(low);
                self.expr(high);
            }
            ExprKind::Pipeline(pipeline) => self.pipeline(pipeline),
            ExprKind::Function(function) => {
                self.parameters(&function.parameters);
                self.body(&function.body);
            }
            ExprKind::Literal(_)
            | ExprKind::Name(_)
            | ExprKind::Star
            | ExprKind::Wildcard(_)
            | ExprKind::TypeOf(_)
            | ExprKind::Missing => {}
        }
        self.depth -= 1;
    }

    fn operator(&mut self, operator: &Operator) {
        self.visit.operator(operator);
        match &operator.kind {
            O::As { .. }
            | O::AssertSchema { .. }
            | O::Consume
            | O::Count { .. }
            | O::ExecuteAndCache
            | O::Getschema
            | O::GraphMarkComponents
            | O::GraphToTable { .. }
            | O::Unknown { .. } => {}
            O::Datatable { values, .. } => self.exprs(values),
            O::Distinct { columns }
            | O::Extend { columns }
            | O::Print { columns }
            | O::Project { columns }
            | O::ProjectRename { columns }
            | O::Serialize { columns } => self.several(columns),
            O::Evaluate { call, .. } | O::Invoke { call } => self.call(call),
            O::ExternalData { uris, properties, .. } => {
                self.exprs(uris);
                self.properties(properties);
            }
            O::Facet { by, with } => {
                self.exprs(by);
                if let Some(with) = with {
                    self.pipeline(with);
                }
            }
            O::Find(find) => {
                self.exprs(&find.tables);
                self.expr(&find.predicate);
                self.exprs(&find.project_away);
            }
            O::Fork { branches } => {
                for (_, branch) in branches {
                    self.pipeline(branch);
                }
            }
            O::GraphMatch { filter, project, .. } | O::GraphShortestPaths { filter, project, .. } => {
                self.option(filter.as_ref());
                self.several(project.as_deref().unwrap_or_default());
            }
            O::GraphWhereEdges { predicate } | O::GraphWhereNodes { predicate } | O::Where { predicate } => {
                self.expr(predicate);
            }
            O::Join { right, on, condition } => {
                self.expr(right);
                self.exprs(on);
                self.option(condition.as_ref());
            }
            O::Lookup { right, on } => {
                self.expr(right);
                self.exprs(on);
            }
            O::MacroExpand { group, body, .. } => {
                self.expr(group);
                self.body(body);
            }
            O::MakeGraph(graph) => {
                for nodes in &graph.nodes {
                    self.expr(&nodes.table);
                }
                if let Some((_, body)) = &graph.partitioned_by {
                    self.pipeline(body);
                }
            }
            O::MakeSeries(series) => {
                for (aggregate, default) in &series.aggregates {
                    self.named(aggregate);
                    self.option(default.as_ref());
                }
                self.named(&series.on);
                match &series.range {
                    SeriesRange::Step { from, to, step } => {
                        self.option(from.as_deref());
                        self.option(to.as_deref());
                        self.expr(step);
                    }
                    SeriesRange::InRange(bounds) => self.exprs(bounds),
                }
                self.several(&series.by);
            }
            O::MvApply(apply) => {
                self.expanded(&apply.columns);
                self.option(apply.limit.as_ref());
                self.pipeline(&apply.body);
            }
            O::MvExpand { columns, limit } => {
                self.expanded(columns);
                self.option(limit.as_ref());
            }
            O::Parse { value, .. } => self.expr(value),
            O::ParseKv { value, properties, .. } => {
                self.expr(value);
                self.properties(properties);
            }
            O::Partition { by, scope, body } => {
                self.expr(by);
                self.option(scope.as_ref());
                match body {
                    PartitionBody::Operators(pipeline) => self.pipeline(pipeline),
                    PartitionBody::Query(body) => self.body(body),
                }
            }
            O::ProjectAway { columns } | O::ProjectByNames { columns } | O::ProjectKeep { columns } => {
                self.exprs(columns);
            }
            O::ProjectReorder { columns } | O::Sort { by: columns } => self.ordered(columns),
            O::Range { from, to, step, .. } => {
                self.expr(from);
                self.expr(to);
                self.option(step.as_deref());
            }
            O::Reduce { by, with } => {
                self.expr(by);
                self.properties(with);
            }
            O::Render { properties, .. } => {
                for property in properties {
                    self.exprs(&property.values);
                }
            }
            O::Sample { count } | O::Take { count } => self.expr(count),
            O::SampleDistinct { count, of } => {
                self.expr(count);
                self.expr(of);
            }
            O::Scan(scan) => {
                self.ordered(&scan.order);
                self.exprs(&scan.partition);
                self.parameters(&scan.declare);
                for step in &scan.steps {
                    self.expr(&step.condition);
                    self.several(&step.assignments);
                }
            }
            O::Search { tables, predicate } => {
                self.exprs(tables);
                self.expr(predicate);
            }
            O::Summarize { aggregates, by, bin } => {
                self.several(aggregates);
                self.several(by);
                self.option(bin.as_ref());
            }
            O::Top { count, by } => {
                self.expr(count);
                self.named(&by.value);
            }
            O::TopHitters { count, of, by } => {
                self.expr(count);
                self.named(of);
                self.option(by.as_ref());
            }
            O::TopNested { clauses } => {
                for clause in clauses {
                    self.option(clause.count.as_ref());
                    self.named(&clause.of);
                    self.option(clause.others.as_ref());
                    self.named(&clause.by.value);
                }
            }
            O::Union { tables } => self.exprs(tables),
        }
        // Values of parameters are words; what is an expression among them are literals.
        self.properties(&operator.parameters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Names(Vec<String>);

    impl Visit for Names {
        fn expr(&mut self, expr: &Expr) {
            if let ExprKind::Name(name) = &expr.kind {
                self.0.push(name.clone());
            }
        }
    }

    #[test]
    fn every_clause_is_visited() {
        let text = "let f = (p:long = q) { T | where a in (b) }; f() | join kind=inner (U | top 3 by c) on d \
                    | mv-apply e on (extend g = h[i]) | summarize count(j) by k";
        let mut names = Names::default();
        query(&mut names, &crate::parse(text).query);
        assert_eq!(names.0.join(" "), "q T a b U c d inner e h i j k");
    }

    #[test]
    fn deep_trees_end_the_visit() {
        let text = format!("print {}1", "1 + ".repeat(399));
        query(&mut Names::default(), &crate::parse(&text).query);
    }
}
