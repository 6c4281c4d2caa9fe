//! Calls of built-in functions: finding the function, checking the arguments, typing the result.

use std::sync::Arc;

use super::scope::{Entry, Row, Value};
use super::{Binder, Scope};
use crate::ast::{Argument, Call as AstCall, Expr as Ast, ExprKind as A};
use crate::bound::{Call, Expr, ExprKind as B, Rel, TableName};
use crate::functions::{self, Accepts, Form, Function, FunctionKind, Parameter, Returns, Signature, Use};
use crate::suggest::closest;
use crate::syntax::Span;
use crate::types::{ScalarType as T, Shape};
use crate::values::{Dynamic, Literal};

impl Binder<'_> {
    /// A call in a place where scalars and tables are welcome.
    pub(super) fn call(&mut self, call: &AstCall, span: Span, row: Row<'_>, env: &Scope) -> Value {
        let name = call.name.text.as_str();
        if let Some(Entry::Pattern(pattern)) = env.get(name).cloned() {
            return self.pattern_call(&pattern, call, None, span, env);
        }
        // Functions of the query hide built-in ones.
        if let Some(Entry::Function(function)) = env.get(name).cloned() {
            return self.let_function(&function, &call.arguments, None, span, row, env);
        }
        if let Some(value) = self.special_call(call, span, row, env) {
            return value;
        }
        if row.in_aggregate
            && let Some(function) = functions::lookup(Use::Aggregate, name)
        {
            return Value::Scalar(self.builtin(function, call, span, row, env));
        }
        if let Some(function) = functions::lookup(Use::Scalar, name) {
            return Value::Scalar(self.builtin(function, call, span, row, env));
        }
        if let Some(function) = self.catalog.function(name) {
            return self.stored_function(&function, &call.arguments, None, span, row, env);
        }
        if let Some(value) = self.declared(name, call.name.span, row, env)
            && call.arguments.is_empty()
        {
            return value;
        }
        if functions::lookup(Use::Aggregate, name).is_some() {
            self.error_with_hint(
                "kql-aggregate-place",
                call.name.span,
                format!("the aggregate `{name}` cannot be used here"),
                Some("aggregates belong into `summarize`".into()),
            );
            return Value::Scalar(Expr::error(self.at(span)));
        }
        self.unknown_function(name, call.name.span, env, Use::Scalar);
        for argument in &call.arguments {
            if !matches!(argument.value.kind, A::Star) {
                self.value(&argument.value, row, env);
            }
        }
        Value::Scalar(Expr::error(self.at(span)))
    }

    pub(super) fn unknown_function(&mut self, name: &str, span: Span, env: &Scope, usage: Use) {
        let stored = self.catalog.function_names();
        let builtin =
            functions::all(usage).chain(functions::all(Use::Aggregate)).map(|function| function.name);
        let declared =
            env.entries().filter(|(_, entry)| matches!(entry, Entry::Function(_))).map(|(name, _)| name);
        let hint = closest(name, builtin.chain(stored.iter().map(String::as_str)).chain(declared))
            .map(|near| format!("did you mean `{near}`?"));
        let what = if usage == Use::Plugin { "plugin" } else { "function" };
        self.error_with_hint("kql-unknown-function", span, format!("there is no {what} `{name}`"), hint);
    }

    /// Functions whose meaning is more than a signature.
    fn special_call(&mut self, call: &AstCall, span: Span, row: Row<'_>, env: &Scope) -> Option<Value> {
        let shown = self.at(span);
        let first = call.arguments.first().map(|argument| &argument.value);
        Some(match (call.name.text.as_str(), first) {
            ("toscalar", Some(first)) => Value::Scalar(match self.value(first, Row::none(), env) {
                Value::Scalar(expr) => expr,
                Value::Table(rel) => {
                    let ty = rel.schema.columns.first().map_or(T::Unknown, |column| column.ty);
                    let id = self.share(rel, Some(ty));
                    Expr { kind: B::Shared(id), ty, span: shown }
                }
                Value::Place { .. } => Expr::error(shown),
            }),
            ("materialize", Some(first)) => {
                let rel = self.table(first, env);
                let schema = rel.schema.clone();
                let id = self.share(rel, None);
                Value::Table(self.rel(crate::bound::RelKind::Shared(id), schema, span))
            }
            ("view", Some(first)) if call.arguments.len() == 1 => Value::Table(self.table(first, env)),
            ("cluster", Some(first)) => {
                let name = self.constant_text(first, env);
                Value::Place { cluster: Some(name), database: None }
            }
            ("database" | "workspace" | "app" | "resource", Some(first)) => {
                let name = self.constant_text(first, env);
                if let (true, Some(Entry::Place { cluster, database })) =
                    (call.name.text == "database", env.get(&name))
                {
                    return Some(Value::Place { cluster: cluster.clone(), database: database.clone() });
                }
                Value::Place { cluster: None, database: Some(name) }
            }
            ("arg" | "adx", Some(_)) => {
                let message = format!("`{}` asks another service, which is not supported", call.name.text);
                self.error("kql-unsupported", call.name.span, message);
                Value::Table(self.error_rel(span))
            }
            ("table" | "materialized_view", Some(first)) => {
                let table = self.constant_text(first, env);
                // In a function nobody calls, a parameter has no value.
                Value::Table(if table.is_empty() {
                    self.error_rel(span)
                } else {
                    self.named_table(&table, first.span, env)
                })
            }
            ("external_table" | "stored_query_result", Some(first)) => {
                let name = self.constant_text(first, env);
                let known = self.known_schema(span);
                let schema = known.unwrap_or(crate::types::Schema { columns: Vec::new(), is_open: true });
                let arguments = vec![Expr::literal(Literal::String(name), shown)];
                let kind = crate::bound::RelKind::HostFunction { name: call.name.text.clone(), arguments };
                Value::Table(self.rel(kind, schema, span))
            }
            ("column_ifexists" | "columnifexists", Some(first)) => {
                Value::Scalar(self.column_if_exists(call, first, shown, row, env))
            }
            ("iscolumnexists", Some(first)) => {
                let name = self.constant_text(first, env);
                let is_there = row.schema.is_some_and(|schema| schema.column(&name).is_some());
                Value::Scalar(Expr::literal(Literal::Bool(Some(is_there)), shown))
            }
            ("column_names_of", Some(first)) => {
                let rel = self.table(first, env);
                let name = |column: &crate::types::Column| Dynamic::String(column.name.clone());
                let names = rel.schema.columns.iter().map(name).collect();
                Value::Scalar(Expr::literal(Literal::Dynamic(Dynamic::Array(names)), shown))
            }
            ("all" | "any" | "map", Some(first)) if row.parts.is_some() && call.arguments.len() == 2 => {
                Value::Scalar(self.over_elements(call, first, shown, row, env))
            }
            ("pack_all", _) if row.schema.is_some() => Value::Scalar(self.pack_all(first, shown, row, env)),
            ("ingestion_time", None) => {
                let hidden = row.schema.and_then(|schema| schema.index_of(super::INGESTION_TIME));
                Value::Scalar(Expr::column(hidden?, T::Datetime, shown))
            }
            ("bin_auto", Some(first)) if self.option("query_bin_auto_size").is_some() => {
                Value::Scalar(self.bin_auto(first, shown, row, env))
            }
            ("bag_pack_columns", Some(_)) => Value::Scalar(self.pack_columns(call, shown, row, env)),
            ("estimate_data_size", Some(first)) if matches!(first.kind, A::Star) && row.schema.is_some() => {
                let columns = row.schema.iter().flat_map(|schema| &schema.columns).enumerate();
                let arguments =
                    columns.map(|(index, column)| Expr::column(index, column.ty, shown)).collect();
                Value::Scalar(called("estimate_data_size", arguments, T::Long, shown))
            }
            _ => return None,
        })
    }

    /// `all(path, …)`, `any(…)`, `map(…)`: the second argument is an expression over the columns of the elements of
    /// the first, [`ExprKind::Column`](crate::bound::ExprKind::Column) in it.
    fn over_elements(&mut self, call: &AstCall, first: &Ast, span: Span, row: Row<'_>, env: &Scope) -> Expr {
        let (name, is_inner) = match &first.kind {
            A::Call(inner) if inner.name.text == "inner_nodes" => {
                (inner.arguments.first().map(|argument| &argument.value.kind), true)
            }
            kind => (Some(kind), false),
        };
        let parts = row.parts.unwrap_or_default();
        let part = match name {
            Some(A::Name(name)) => parts.iter().find(|part| &part.name == name),
            _ => None,
        };
        let Some(part) = part else {
            self.error("kql-graph", first.span, "a variable of the pattern is expected here");
            return Expr::error(span);
        };
        let schema = if is_inner { part.inner.clone() } else { part.schema.clone() };
        let elements = self.scalar(first, row, env);
        let id = self.new_row();
        let over = Row::of(&schema, id);
        let value = match &call.arguments[1].value {
            value if call.name.text == "map" => self.scalar(value, over, env),
            value => self.predicate(value, over, env),
        };
        let Some(function) = functions::lookup(Use::Scalar, &call.name.text) else {
            return Expr::error(span);
        };
        let ty = if call.name.text == "map" { T::Dynamic } else { T::Bool };
        Expr { kind: B::Call(Call { function, arguments: vec![elements, value] }), ty, span }
    }

    pub(super) fn constant_text(&mut self, ast: &Ast, env: &Scope) -> String {
        let expr = self.scalar(ast, Row::none(), env);
        match expr.as_literal() {
            Some(Literal::String(text)) => text.clone(),
            _ => {
                if !matches!(expr.kind, B::Error | B::Parameter(_)) {
                    self.error("kql-constant-expected", ast.span, "a constant text is expected here");
                }
                String::new()
            }
        }
    }

    fn column_if_exists(
        &mut self,
        call: &AstCall,
        first: &Ast,
        span: Span,
        row: Row<'_>,
        env: &Scope,
    ) -> Expr {
        let name = match &first.kind {
            A::Literal(Literal::String(name)) => name.clone(),
            _ => self.constant_text(first, env),
        };
        let column = row.schema.and_then(|schema| Some((schema.index_of(&name)?, schema)));
        let other = call.arguments.get(1).map(|argument| self.scalar(&argument.value, row, env));
        match (column, other) {
            // The type is that of the other value, whatever the column's.
            (Some((index, schema)), other) => {
                let column = Expr::column(index, schema.columns[index].ty, span);
                match other {
                    Some(other) => self.converted(column, other.ty),
                    None => column,
                }
            }
            (None, Some(other)) => match row.schema {
                // Only the data can tell which of both it is.
                Some(schema) if schema.is_open => {
                    let column = Expr { kind: B::OpenColumn(name), ty: other.ty, span };
                    self.converted(column, other.ty)
                }
                _ => other,
            },
            (None, None) => {
                self.error("kql-argument-count", call.name.span, "`column_ifexists` asks for 2 arguments");
                Expr::error(span)
            }
        }
    }

    /// The value of a `set` statement.
    fn option(&self, name: &str) -> Option<Literal> {
        self.bound.options.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// `bin_auto(x)`: a bin of the size that `query_bin_auto_size` sets, counted from `query_bin_auto_at`.
    fn bin_auto(&mut self, value: &Ast, span: Span, row: Row<'_>, env: &Scope) -> Expr {
        let value = self.scalar(value, row, env);
        let ty = value.ty;
        let literal = |option: Option<Literal>| option.map(|literal| Expr::literal(literal, span));
        let (size, at) = (self.option("query_bin_auto_size"), self.option("query_bin_auto_at"));
        let name = if at.is_some() { "bin_at" } else { "bin" };
        let arguments = [Some(value), literal(size), literal(at)].into_iter().flatten().collect();
        called(name, arguments, ty, span)
    }

    /// `bag_pack_columns(a, b)`: a bag of the columns under their names.
    fn pack_columns(&mut self, call: &AstCall, span: Span, row: Row<'_>, env: &Scope) -> Expr {
        let mut arguments = Vec::new();
        for argument in &call.arguments {
            let value = self.scalar(&argument.value, row, env);
            let (A::Name(name), B::Column(_) | B::OpenColumn(_) | B::Error) =
                (&argument.value.kind, &value.kind)
            else {
                self.error(
                    "kql-column-expected",
                    argument.value.span,
                    "`bag_pack_columns` takes columns only",
                );
                return Expr::error(span);
            };
            arguments.extend([Expr::literal(Literal::String(name.clone()), span), value]);
        }
        called("bag_pack", arguments, T::Dynamic, span)
    }

    /// `pack_all(ignore)`: the function with a name and a value for each column.
    fn pack_all(&mut self, ignore: Option<&Ast>, span: Span, row: Row<'_>, env: &Scope) -> Expr {
        let flag = match ignore {
            Some(ignore) => self.scalar(ignore, row, env),
            None => Expr::literal(Literal::Bool(Some(false)), span),
        };
        let mut arguments = vec![flag];
        for (index, column) in row.schema.iter().flat_map(|schema| &schema.columns).enumerate() {
            arguments.push(Expr::literal(Literal::String(column.name.clone()), span));
            arguments.push(Expr::column(index, column.ty, span));
        }
        called("pack_all", arguments, T::Dynamic, span)
    }

    /// `database('d').table('t')`, `cluster('c').database('d')`.
    pub(super) fn method(
        &mut self,
        ast: &Ast,
        base: &Ast,
        call: &AstCall,
        row: Row<'_>,
        env: &Scope,
    ) -> Value {
        let shown = self.at(ast.span);
        match self.value(base, row, env) {
            Value::Place { cluster, database } => match (call.name.text.as_str(), call.arguments.first()) {
                ("database", Some(first)) => {
                    let name = self.constant_text(&first.value, env);
                    Value::Place { cluster, database: Some(name) }
                }
                ("table" | "external_table" | "materialized_view", Some(first)) => {
                    let table = self.constant_text(&first.value, env);
                    Value::Table(self.remote_table(TableName { cluster, database, table }, ast.span, env))
                }
                _ => match self.catalog.function(&call.name.text) {
                    Some(_)
                        if !self.is_reference()
                            && !self.catalog.is_default(cluster.as_deref(), database.as_deref()) =>
                    {
                        let name = TableName { cluster, database, table: call.name.text.clone() };
                        self.unreachable("function", &name, ast.span);
                        Value::Table(self.error_rel(ast.span))
                    }
                    Some(function) => {
                        self.stored_function(&function, &call.arguments, None, ast.span, row, env)
                    }
                    None => {
                        self.unknown_function(&call.name.text, call.name.span, env, Use::Scalar);
                        Value::Table(self.error_rel(ast.span))
                    }
                },
            },
            Value::Scalar(value) => {
                if !matches!(value.kind, B::Error) {
                    self.error("kql-member", call.name.span, "a scalar has no functions of its own");
                }
                Value::Scalar(Expr::error(shown))
            }
            Value::Table(_) => {
                self.error("kql-member", call.name.span, "a table has no functions of its own");
                Value::Table(self.error_rel(ast.span))
            }
        }
    }

    /// Reports something of another database.
    fn unreachable(&mut self, what: &str, name: &TableName, span: Span) {
        let place = match (&name.database, &name.cluster) {
            (Some(database), Some(cluster)) => format!("`{database}` of `{cluster}`"),
            (Some(place), None) | (None, Some(place)) => format!("`{place}`"),
            (None, None) => "another database".to_owned(),
        };
        self.error_with_hint(
            "kql-unreachable",
            span,
            format!("the {what} `{}` of {place} is not at hand", name.table),
            Some("queries reach the tables of this database only".into()),
        );
    }

    /// A built-in scalar function or aggregate.
    pub(super) fn builtin(
        &mut self,
        function: &'static Function,
        call: &AstCall,
        span: Span,
        row: Row<'_>,
        env: &Scope,
    ) -> Expr {
        let shown = self.at(span);
        let is_aggregate = function.kind == FunctionKind::Aggregate;
        // `search not("x")`: a text is a test there too.
        let is_search = row.is_search && function.name == "not";
        let inner = Row { in_aggregate: row.in_aggregate && !is_aggregate, is_search, ..row };
        let signatures = self.signatures(function);
        let arguments = in_order(function, &call.arguments);
        let Some(signature) = signatures.iter().find(|signature| takes(signature, arguments.len())) else {
            self.wrong_count(function, call);
            for argument in &call.arguments {
                if !matches!(argument.value.kind, A::Star) {
                    self.value(&argument.value, inner, env);
                }
            }
            let returned = signatures.first().and_then(|signature| signature.returns.fixed());
            let ty = returned.unwrap_or(T::Unknown);
            return Expr { kind: B::Error, ty, span: shown };
        };
        let mut bound = Vec::new();
        for (index, ast) in arguments.iter().enumerate() {
            let parameter = parameter_of(signature, index, arguments.len());
            bound.push(self.argument(parameter, ast, inner, env));
        }
        let types: Vec<T> = bound.iter().map(|expr| expr.ty).collect();
        let given: Vec<(T, Shape)> = bound.iter().map(|expr| (expr.ty, self.shape_of(expr, inner))).collect();
        let signature = self.signature_for(function, &arguments, &given);
        let fits = |signature: &&Signature| {
            takes(signature, given.len())
                && (0..given.len())
                    .all(|index| is_accepted(parameter_of(signature, index, given.len()), index, &given))
        };
        // Arguments of unknown type may leave it open which signature is meant.
        let is_unclear = types.contains(&T::Unknown) && {
            let mut meant = signatures.iter().filter(fits).map(|signature| signature.returns.fixed());
            let first = meant.next().flatten();
            meant.any(|other| other.is_none() || other != first)
        };
        let ty = match self.returned(function, signature, &bound, &types, call) {
            _ if is_unclear => T::Unknown,
            ty => ty,
        };
        let bound = self.with_conversions(signature, bound, ty);
        let call = Call { function, arguments: bound };
        let kind = if is_aggregate { B::Aggregate(call) } else { B::Call(call) };
        Expr { kind, ty, span: shown }
    }

    /// The signatures that count under the rules of this binding.
    fn signatures(&self, function: &'static Function) -> &'static [Signature] {
        if self.is_reference() && !function.reference.is_empty() {
            function.reference
        } else {
            function.signatures
        }
    }

    fn argument(&mut self, parameter: &Parameter, ast: &Ast, row: Row<'_>, env: &Scope) -> Expr {
        if matches!(ast.kind, A::Star) && parameter.form == Form::ColumnOrStar {
            return Expr::literal(Literal::String("*".into()), self.at(ast.span));
        }
        if parameter.accepts == Accepts::Table {
            let rel = self.table(ast, env);
            let ty = T::Dynamic;
            let id = self.share(rel, None);
            return Expr { kind: B::Shared(id), ty, span: self.at(ast.span) };
        }
        let expr = self.scalar(ast, row, env);
        let is_fixed = matches!(parameter.form, Form::Constant | Form::Literal);
        if is_fixed && !expr.is_constant() && !matches!(expr.kind, B::Error) {
            let message = format!("`{}` has to be a constant", parameter.name);
            self.error("kql-constant-expected", ast.span, message);
        }
        if !parameter.values.is_empty()
            && let Some(Literal::String(text)) = expr.as_literal()
            && !parameter.values.contains(&text.to_ascii_lowercase().as_str())
        {
            let hint =
                closest(text, parameter.values.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{}` is one of {}", parameter.name, parameter.values.join(", "));
            self.error_with_hint("kql-argument-value", ast.span, message, hint);
        }
        expr
    }

    /// The first signature that the types fit; if none does, the first with the right count, and an error.
    fn signature_for(
        &mut self,
        function: &'static Function,
        asts: &[&Ast],
        given: &[(T, Shape)],
    ) -> &'static Signature {
        let count = given.len();
        let candidates: Vec<&'static Signature> =
            self.signatures(function).iter().filter(|signature| takes(signature, count)).collect();
        let misfit = |signature: &Signature| {
            (0..count).find(|index| !is_accepted(parameter_of(signature, *index, count), *index, given))
        };
        if let Some(signature) = candidates.iter().find(|signature| misfit(signature).is_none()) {
            return signature;
        }
        // What fits longest is what was meant.
        let best =
            candidates.iter().max_by_key(|signature| misfit(signature)).copied().unwrap_or(&NO_SIGNATURE);
        if let Some(index) = misfit(best)
            && let Some(ast) = asts.get(index)
        {
            let parameter = parameter_of(best, index, count);
            let wanted = wanted(parameter, given);
            let (ty, shape) = &given[index];
            let given = shape.noun().filter(|_| *ty == T::Dynamic).unwrap_or_else(|| format!("a {ty}"));
            let message =
                format!("`{}` asks for {wanted} as `{}`, this is {given}", function.name, parameter.name);
            let hint = conversion_to(parameter.accepts).map(|name| format!("`{name}` converts it"));
            self.error_with_hint("kql-argument-type", ast.span, message, hint);
        }
        best
    }

    fn returned(
        &mut self,
        function: &Function,
        signature: &Signature,
        bound: &[Expr],
        types: &[T],
        call: &AstCall,
    ) -> T {
        match signature.returns {
            Returns::Type(ty) => ty,
            Returns::Array | Returns::Bag | Returns::Known(_) | Returns::ArrayOf(_) => T::Dynamic,
            Returns::Argument(index) => types.get(index).copied().unwrap_or(T::Unknown),
            Returns::ArgumentLong(index) => match types.get(index).copied().unwrap_or(T::Unknown) {
                T::Int => T::Long,
                ty => ty,
            },
            Returns::Common => {
                let marked = (0..bound.len())
                    .filter(|index| parameter_of(signature, *index, bound.len()).accepts == Accepts::Common)
                    .map(|index| types[index]);
                // `coalesce` does not take dynamic and other values together.
                let is_mixed = function.name == "coalesce"
                    && types.contains(&T::Dynamic)
                    && types.iter().any(|ty| !matches!(ty, T::Dynamic | T::Unknown));
                common(marked).filter(|_| !is_mixed).unwrap_or_else(|| {
                    if matches!(function.name, "iff" | "case") {
                        return T::Dynamic;
                    }
                    if is_mixed {
                        self.mixed_arguments(types, call);
                        return T::Dynamic;
                    }
                    let message = format!("the arguments of `{}` have no common type", function.name);
                    self.error("kql-argument-type", call.name.span, message);
                    T::Unknown
                })
            }
            Returns::Widest => types
                .iter()
                .copied()
                .filter(|ty| ty.is_number())
                .reduce(|left, right| left.common(right).unwrap_or(left))
                .map_or(T::Unknown, |ty| if self.is_reference() && ty == T::Int { T::Long } else { ty }),
            Returns::ForWord(index, word, ty, otherwise) => {
                let given = bound.get(index).and_then(Expr::as_literal).and_then(Literal::as_str);
                if given.is_some_and(|given| given.eq_ignore_ascii_case(word)) { ty } else { otherwise }
            }
            Returns::Named(index, otherwise) => match bound.get(index).and_then(Expr::as_literal) {
                Some(Literal::String(name)) => T::from_name(name).unwrap_or(otherwise),
                _ => otherwise,
            },
            Returns::Columns(columns) => match columns {
                [(_, ty)] => *ty,
                _ => columns.first().map_or(T::Unknown, |(_, ty)| *ty),
            },
            Returns::Computed(compute) => compute(types),
            Returns::Special => types.first().copied().unwrap_or(T::Unknown),
            Returns::Table => T::Unknown,
        }
    }

    /// Dynamic and other values together where one type is asked for.
    fn mixed_arguments(&mut self, types: &[T], call: &AstCall) {
        for (argument, ty) in call.arguments.iter().zip(types) {
            if !matches!(ty, T::Dynamic | T::Unknown) {
                self.error_with_hint(
                    "kql-argument-type",
                    argument.value.span,
                    format!("`{}` has dynamic arguments, this is a {ty}", call.name.text),
                    Some("convert the dynamic ones, for instance with `tostring()`".into()),
                );
            }
        }
    }

    fn with_conversions(&self, signature: &Signature, bound: Vec<Expr>, ty: T) -> Vec<Expr> {
        let count = bound.len();
        let convert = |(index, expr): (usize, Expr)| match parameter_of(signature, index, count).accepts {
            Accepts::Type(wanted) => self.converted(expr, wanted),
            Accepts::Text if expr.ty == T::Dynamic => self.converted(expr, T::String),
            Accepts::AnyText => self.converted(expr, T::String),
            Accepts::Common if matches!(signature.returns, Returns::Common) => self.converted(expr, ty),
            _ => expr,
        };
        bound.into_iter().enumerate().map(convert).collect()
    }

    fn wrong_count(&mut self, function: &Function, call: &AstCall) {
        let counts: Vec<(usize, usize)> = function.signatures.iter().map(bounds).collect();
        let least = counts.iter().map(|(least, _)| *least).min().unwrap_or(0);
        let most = counts.iter().map(|(_, most)| *most).max().unwrap_or(0);
        let wanted = match (least, most) {
            (least, most) if least == most => format!("{least}"),
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        let plural = if wanted == "1" { "" } else { "s" };
        let message = format!(
            "`{}` asks for {wanted} argument{plural}, there are {}",
            call.name.text,
            call.arguments.len()
        );
        self.error("kql-argument-count", call.name.span, message);
    }

    /// A table by its name, and nothing but a table.
    pub(super) fn remote_table(&mut self, name: TableName, span: Span, env: &Scope) -> Arc<Rel> {
        if name.table.contains('*') {
            return self.error_rel(span);
        }
        if let Some(Value::Table(table)) = env.get(&name.table).cloned().and_then(|entry| match entry {
            Entry::Table(table) if name.database.is_none() => Some(Value::Table(table)),
            _ => None,
        }) {
            return table;
        }
        if let Some(schema) = self.catalog.table(&name) {
            return self.scoped_table(name, (*schema).clone(), span);
        }
        let known = self.known_schema(span);
        if known.is_none() && !self.is_reference() {
            self.unreachable("table", &name, span);
            return self.error_rel(span);
        }
        // Another cluster's or database's table may be anything.
        let schema = known.unwrap_or(crate::types::Schema { columns: Vec::new(), is_open: true });
        self.rel(crate::bound::RelKind::Table(name), schema, span)
    }
}

static NO_SIGNATURE: Signature = Signature { parameters: &[], returns: Returns::Type(T::Unknown) };
static ANY_PARAMETER: Parameter = functions::p("value", Accepts::Any);

/// Arguments in the order of the parameters: named ones at their places.
fn in_order<'a>(function: &Function, arguments: &'a [Argument]) -> Vec<&'a Ast> {
    if arguments.iter().all(|argument| argument.name.is_none()) {
        return arguments.iter().map(|argument| &argument.value).collect();
    }
    let parameters = function.signatures.first().map(|signature| signature.parameters).unwrap_or_default();
    let mut ordered: Vec<(usize, &Ast)> = Vec::new();
    for (place, argument) in arguments.iter().enumerate() {
        let named = argument
            .name
            .as_ref()
            .and_then(|name| parameters.iter().position(|known| known.name == name.text));
        ordered.push((named.unwrap_or(place), &argument.value));
    }
    ordered.sort_by_key(|(place, _)| *place);
    ordered.into_iter().map(|(_, ast)| ast).collect()
}

/// How many arguments a signature takes.
fn bounds(signature: &Signature) -> (usize, usize) {
    let least = signature.parameters.iter().map(|parameter| parameter.least).sum();
    let most =
        signature.parameters.iter().fold(0usize, |most, parameter| most.saturating_add(parameter.most));
    (least, most)
}

fn takes(signature: &Signature, count: usize) -> bool {
    let (least, most) = bounds(signature);
    let group = signature.parameters.iter().filter(|parameter| parameter.most == usize::MAX).count();
    let fixed = signature.parameters.iter().filter(|parameter| parameter.most == 1).count();
    (least..=most).contains(&count) && (group < 2 || count >= fixed && (count - fixed).is_multiple_of(group))
}

/// The parameter that the argument at `index` of `count` is for.
fn parameter_of(signature: &Signature, index: usize, count: usize) -> &Parameter {
    let parameters = signature.parameters;
    let Some(group) = parameters.iter().position(|parameter| parameter.most > 1) else {
        return parameters.get(index).unwrap_or(&ANY_PARAMETER);
    };
    let length = parameters[group..].iter().take_while(|parameter| parameter.most > 1).count();
    let after = parameters.len() - group - length;
    if index < group {
        &parameters[index]
    } else if index + after >= count && after > 0 && count > group {
        &parameters[parameters.len() - (count - index)]
    } else {
        &parameters[group + (index - group) % length]
    }
}

fn is_accepted(parameter: &Parameter, index: usize, given: &[(T, Shape)]) -> bool {
    let (ty, shape) = &given[index];
    let ty = *ty;
    if ty == T::Unknown {
        return true;
    }
    match parameter.accepts {
        Accepts::Any | Accepts::AnyText | Accepts::Common | Accepts::Table => true,
        Accepts::NotDynamic => ty != T::Dynamic,
        Accepts::Type(wanted) => ty.widens_to(wanted),
        Accepts::OneOf(types) => types.contains(&ty),
        Accepts::Text | Accepts::TextAsIs => ty == T::String || ty == T::Dynamic && *shape == Shape::Any,
        Accepts::TextOrDynamic => matches!(ty, T::String | T::Dynamic),
        Accepts::TextOrArray => {
            let is_text = |shape: &Shape| matches!(shape, Shape::Any | Shape::Scalar(T::String));
            ty == T::String || ty == T::Dynamic && (is_text(shape) || is_text_array(shape, is_text))
        }
        Accepts::Number => ty.is_number(),
        Accepts::Integer => ty.is_integer(),
        Accepts::Summable => ty.is_summable(),
        Accepts::NumberOrBool => ty.is_number() || matches!(ty, T::Bool | T::Timespan),
        Accepts::Dynamic => ty == T::Dynamic,
        Accepts::Array => ty == T::Dynamic && matches!(shape, Shape::Any | Shape::Array(_)),
        Accepts::Bag => ty == T::Dynamic && matches!(shape, Shape::Any | Shape::Bag(_)),
        Accepts::SameAs(other) => given.get(other).is_none_or(|(other, _)| ty.common(*other).is_some()),
    }
}

fn is_text_array(shape: &Shape, is_text: impl Fn(&Shape) -> bool) -> bool {
    matches!(shape, Shape::Array(element) if is_text(element))
}

fn wanted(parameter: &Parameter, given: &[(T, Shape)]) -> String {
    match parameter.accepts {
        Accepts::Any | Accepts::AnyText | Accepts::Common => "a scalar".into(),
        Accepts::NotDynamic => "anything but dynamic".into(),
        Accepts::Type(ty) => format!("a {ty}"),
        Accepts::OneOf(types) => {
            let names: Vec<&str> = types.iter().map(|ty| ty.name()).collect();
            format!("one of {}", names.join(", "))
        }
        Accepts::Text | Accepts::TextAsIs => "a string".into(),
        Accepts::TextOrDynamic => "a string or dynamic".into(),
        Accepts::TextOrArray => "a string or an array of strings".into(),
        Accepts::Number => "a number".into(),
        Accepts::Integer => "a whole number".into(),
        Accepts::Summable => "a number, timespan or datetime".into(),
        Accepts::NumberOrBool => "a number, bool or timespan".into(),
        Accepts::Dynamic => "a dynamic".into(),
        Accepts::Array => "an array".into(),
        Accepts::Bag => "a property bag".into(),
        Accepts::SameAs(other) => format!("a {}", given.get(other).map_or(T::Unknown, |(other, _)| *other)),
        Accepts::Table => "a table".into(),
    }
}

fn conversion_to(accepts: Accepts) -> Option<&'static str> {
    Some(match accepts {
        Accepts::Text | Accepts::TextAsIs | Accepts::TextOrDynamic | Accepts::Type(T::String) => "tostring()",
        Accepts::Number | Accepts::Type(T::Real) => "toreal()",
        Accepts::Integer | Accepts::Type(T::Long) => "tolong()",
        Accepts::Type(T::Datetime) => "todatetime()",
        Accepts::Type(T::Timespan) => "totimespan()",
        Accepts::Type(T::Bool) => "tobool()",
        Accepts::Dynamic | Accepts::Array | Accepts::Bag => "parse_json()",
        _ => return None,
    })
}

/// The type that all go together in; dynamic ones give way to others. `None` if there is none.
pub(super) fn common(types: impl Iterator<Item = T>) -> Option<T> {
    let (mut result, mut any_dynamic) = (None, false);
    for ty in types {
        match ty {
            T::Unknown => {}
            T::Dynamic => any_dynamic = true,
            ty => match result {
                None => result = Some(ty),
                Some(before) => result = Some(ty.common(before)?),
            },
        }
    }
    Some(match result {
        Some(ty) => ty,
        None if any_dynamic => T::Dynamic,
        None => T::Unknown,
    })
}

/// A call of a scalar function with arguments that fit.
fn called(name: &str, arguments: Vec<Expr>, ty: T, span: Span) -> Expr {
    match functions::lookup(Use::Scalar, name) {
        Some(function) => Expr { kind: B::Call(Call { function, arguments }), ty, span },
        None => Expr { kind: B::Error, ty, span },
    }
}
