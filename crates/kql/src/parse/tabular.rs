//! The clauses of the tabular operators.

use super::cursor::Parser;
use crate::ast::{
    ColumnDeclaration, EvaluateSchema, Expr, ExprKind, Find, FindColumn, FunctionBody, MvApply, MvColumn,
    Name, NamedExpr, OperatorKind, OperatorParameter, ParsePiece, PartitionBody, RenderProperty, StarPlace,
    TopNestedClause,
};
use crate::syntax::{Span, TokenKind};

impl Parser<'_> {
    /// The operator whose name, `word`, was just read; `None` if there is no such operator.
    pub(super) fn operator_kind(
        &mut self,
        word: &str,
        parameters: &mut Vec<OperatorParameter>,
    ) -> Option<OperatorKind> {
        use OperatorKind as K;
        // Operators without named expressions take any parameter.
        let any = matches!(
            word,
            "join"
                | "lookup"
                | "evaluate"
                | "consume"
                | "getschema"
                | "as"
                | "render"
                | "scan"
                | "graph-match"
                | "graph-shortest-paths"
                | "graph-mark-components"
                | "search"
                | "find"
                | "union"
                | "macro-expand"
                | "inline_external_table"
        );
        if word != "render" {
            *parameters = self.operator_parameters(any);
        }
        Some(match word {
            "as" => {
                let name = self.name();
                parameters.extend(self.operator_parameters(true));
                K::As { name }
            }
            "assert-schema" => {
                self.expect(TokenKind::LParen, "(");
                K::AssertSchema {
                    columns: self.list(TokenKind::RParen, ")", false, Self::column_declaration),
                }
            }
            "consume" => K::Consume,
            "count" => K::Count { name: self.eat_word("as").then(|| self.name()) },
            "datatable" => self.datatable(),
            "distinct" => K::Distinct { columns: self.several(Self::named_expr) },
            "evaluate" => {
                let call = self.call();
                let schema = self.eat(TokenKind::Colon).then(|| self.evaluate_schema());
                K::Evaluate { call, schema }
            }
            "execute-and-cache" | "execute_and_cache" => K::ExecuteAndCache,
            "extend" => K::Extend { columns: self.several(Self::named_expr) },
            "externaldata" | "external_data" | "inline_external_table" => self.external_data(),
            "facet" => {
                self.expect_word("by");
                let by = self.several(Self::expr);
                let with = self.eat_word("with").then(|| self.sub_pipeline());
                K::Facet { by, with }
            }
            "find" => self.find(),
            "fork" => K::Fork { branches: self.branches() },
            "getschema" => K::Getschema,
            "graph-mark-components" => K::GraphMarkComponents,
            "graph-match" => {
                let (patterns, filter, project) = self.graph_match();
                K::GraphMatch { patterns, filter, project }
            }
            "graph-shortest-paths" => {
                let (patterns, filter, project) = self.graph_match();
                K::GraphShortestPaths { patterns, filter, project }
            }
            "graph-to-table" => K::GraphToTable { outputs: self.several(Self::graph_output) },
            "graph-where-edges" => K::GraphWhereEdges { predicate: self.expr() },
            "graph-where-nodes" => K::GraphWhereNodes { predicate: self.expr() },
            "invoke" => {
                let mut call = self.call();
                // `invoke database('d').f()`: the function is the last call.
                while self.eat(TokenKind::Dot) {
                    call = self.call();
                }
                K::Invoke { call }
            }
            "join" => self.join(parameters),
            "lookup" => {
                let right = Box::new(self.table_operand());
                parameters.extend(self.operator_parameters(true));
                K::Lookup { right, on: self.on_clause() }
            }
            "macro-expand" => self.macro_expand(),
            "make-graph" => self.make_graph(),
            "make-series" => self.make_series(),
            "mv-apply" | "mvapply" => self.mv_apply(parameters),
            "mv-expand" | "mvexpand" => {
                let columns = self.several(Self::mv_column);
                let limit = self.eat_word("limit").then(|| self.expr());
                K::MvExpand { columns, limit }
            }
            "parse" | "parse-where" => {
                let value = self.expr();
                self.expect_word("with");
                K::Parse { is_where: word == "parse-where", value, pattern: self.parse_pattern() }
            }
            "parse-kv" => self.parse_kv(),
            "partition" | "__partitionby" => self.partition(word),
            "print" => K::Print { columns: self.several(Self::named_expr) },
            "project" => {
                let at_end = matches!(self.kind(), TokenKind::Pipe | TokenKind::Eof | TokenKind::RParen);
                K::Project { columns: if at_end { Vec::new() } else { self.several(Self::named_expr) } }
            }
            "project-away" => K::ProjectAway { columns: self.wildcard_columns() },
            "project-by-names" => K::ProjectByNames { columns: self.several(Self::expr) },
            "project-keep" => K::ProjectKeep { columns: self.wildcard_columns() },
            "project-rename" => K::ProjectRename { columns: self.several(Self::named_expr) },
            "project-reorder" => K::ProjectReorder {
                columns: self.several(|parser| parser.with_flags(true, false, Self::ordered)),
            },
            "range" => self.range(),
            "reduce" => self.reduce(),
            "render" => self.render(),
            "sample" => K::Sample { count: Box::new(self.expr()) },
            "sample-distinct" => {
                let count = Box::new(self.expr());
                self.expect_word("of");
                K::SampleDistinct { count, of: Box::new(self.expr()) }
            }
            "scan" => self.scan(),
            "search" => {
                let tables = if self.at_word("in") { self.in_tables() } else { Vec::new() };
                parameters.extend(self.operator_parameters(true));
                let predicate = self.with_flags(false, true, Self::expr);
                K::Search { tables, predicate: Box::new(predicate) }
            }
            "serialize" => {
                let at_end =
                    !matches!(self.kind(), TokenKind::Ident | TokenKind::LBracket | TokenKind::LParen);
                K::Serialize { columns: if at_end { Vec::new() } else { self.several(Self::named_expr) } }
            }
            "sort" | "order" => {
                self.expect_word("by");
                K::Sort { by: self.several(Self::ordered) }
            }
            "summarize" => self.summarize(),
            "take" | "limit" => K::Take { count: Box::new(self.expr()) },
            "top" => {
                let count = Box::new(self.expr());
                self.expect_word("by");
                K::Top { count, by: self.ordered() }
            }
            "top-hitters" => {
                let count = Box::new(self.expr());
                self.expect_word("of");
                let of = self.named_expr();
                K::TopHitters { count, of, by: self.eat_word("by").then(|| self.expr()) }
            }
            "top-nested" => K::TopNested { clauses: self.top_nested() },
            "union" => K::Union { tables: self.several(Self::table_reference) },
            "where" | "filter" => {
                // Kusto takes `=` for `==` here.
                self.in_where = true;
                K::Where { predicate: self.expr() }
            }
            _ => return None,
        })
    }

    /// A table with its members and calls, but no operators: a name, a call, `database('d').T*`, `(pipeline)`.
    pub(super) fn table_reference(&mut self) -> Expr {
        self.nested(|parser| parser.with_flags(true, false, Self::postfix_expr))
            .unwrap_or_else(|| self.missing())
    }

    fn table_operand(&mut self) -> Expr {
        self.nested(|parser| parser.with_flags(false, false, Self::table_operand_inner))
            .unwrap_or_else(|| self.missing())
    }

    fn table_operand_inner(&mut self) -> Expr {
        let start = self.start();
        if let Some(word) = self.word_at(0)
            && matches!(word, "datatable" | "externaldata" | "range" | "print")
            && self.peek(1).kind != TokenKind::Pipe
            && let Some(operator) = self.source_operator()
        {
            let pipeline = crate::ast::Pipeline { source: None, operators: vec![operator] };
            return Expr { kind: ExprKind::Pipeline(Box::new(pipeline)), span: self.since(start) };
        }
        self.postfix_expr()
    }

    fn wildcard_columns(&mut self) -> Vec<Expr> {
        self.several(|parser| parser.with_flags(true, false, Self::expr))
    }

    fn datatable(&mut self) -> OperatorKind {
        self.expect(TokenKind::LParen, "(");
        let columns = self.list(TokenKind::RParen, ")", true, Self::column_declaration);
        self.expect(TokenKind::LBracket, "[");
        // Kusto forgives a comma before the first value.
        while self.eat(TokenKind::Comma) {}
        let values = self.list(TokenKind::RBracket, "]", true, Self::expr);
        OperatorKind::Datatable { columns, values }
    }

    fn external_data(&mut self) -> OperatorKind {
        let columns = if self.at(TokenKind::LParen) && self.peek(1).kind != TokenKind::String {
            self.bump();
            self.list(TokenKind::RParen, ")", true, Self::column_declaration)
        } else {
            Vec::new()
        };
        let mut properties = self.operator_parameters(true);
        if self.eat_word("partition") {
            self.expect_word("by");
            self.bracketed();
        }
        if self.eat_word("pathformat") {
            self.expect(TokenKind::Assign, "=");
            self.bracketed();
        }
        properties.extend(self.operator_parameters(true));
        let uris = if self.eat(TokenKind::LBracket) {
            self.list(TokenKind::RBracket, "]", true, Self::expr)
        } else if self.eat(TokenKind::LParen) {
            self.list(TokenKind::RParen, ")", true, Self::expr)
        } else {
            self.expected("`[` and addresses");
            Vec::new()
        };
        if self.eat_word("with") {
            properties.extend(self.properties());
        }
        OperatorKind::ExternalData { columns, uris, properties }
    }

    /// Skips what stands between parentheses.
    fn bracketed(&mut self) {
        match self.closing(0) {
            Some(close) if self.at(TokenKind::LParen) => self.skip(close + 1),
            _ => self.expected("`(`"),
        }
    }

    /// `(name = value, …)`
    fn properties(&mut self) -> Vec<OperatorParameter> {
        self.expect(TokenKind::LParen, "(");
        self.list(TokenKind::RParen, ")", true, |parser| {
            let start = parser.start();
            let mut name = if parser.at(TokenKind::String) {
                let text = parser.strings();
                Name { text, span: parser.since(start) }
            } else {
                parser.name()
            };
            while parser.eat(TokenKind::Dot) {
                let member = parser.name();
                name = Name { text: format!("{}.{}", name.text, member.text), span: parser.since(start) };
            }
            parser.expect(TokenKind::Assign, "=");
            let value = if parser.at(TokenKind::LParen) && parser.closing(0).is_some() {
                parser.bump();
                let start = parser.last_end();
                let items = parser.list(TokenKind::RParen, ")", false, Self::expr);
                Expr { kind: ExprKind::EntityGroup(items), span: parser.since(start) }
            } else {
                parser.expr()
            };
            OperatorParameter { name, value }
        })
    }

    fn evaluate_schema(&mut self) -> EvaluateSchema {
        let start = self.start();
        let mut schema = EvaluateSchema { star: None, columns: Vec::new(), span: Span::empty(start) };
        self.expect(TokenKind::LParen, "(");
        let parts = self.list(TokenKind::RParen, ")", true, |parser| {
            if parser.eat(TokenKind::Star) { None } else { Some(parser.column_declaration()) }
        });
        for part in parts {
            match part {
                Some(column) => schema.columns.push(column),
                None if schema.columns.is_empty() => schema.star = Some(StarPlace::First),
                None => schema.star = Some(StarPlace::Last),
            }
        }
        schema.span = self.since(start);
        schema
    }

    fn in_tables(&mut self) -> Vec<Expr> {
        self.expect_word("in");
        self.expect(TokenKind::LParen, "(");
        self.list(TokenKind::RParen, ")", true, Self::table_reference)
    }

    fn find(&mut self) -> OperatorKind {
        let tables = if self.at_word("in") { self.in_tables() } else { Vec::new() };
        self.eat_word("where");
        let predicate = self.with_flags(false, true, Self::expr);
        let mut find = Find { tables, predicate, project: None, is_smart: false, project_away: Vec::new() };
        loop {
            if self.eat_dashed("project-smart") {
                find.is_smart = true;
            } else if self.eat_dashed("project-away") {
                find.project_away = self.wildcard_columns();
            } else if self.eat_dashed("project") {
                find.project = Some(self.several(Self::find_column));
            } else {
                return OperatorKind::Find(Box::new(find));
            }
        }
    }

    fn find_column(&mut self) -> FindColumn {
        let start = self.start();
        let name = self.name();
        let renamed = self.eat(TokenKind::Assign).then(|| self.name());
        let called = renamed.as_ref().unwrap_or(&name).text.as_str();
        if called == "pack" && self.eat(TokenKind::LParen) {
            self.expect(TokenKind::Star, "*");
            self.expect(TokenKind::RParen, ")");
            return FindColumn::Pack(renamed.map(|_| name), self.since(start));
        }
        let ty = self.eat(TokenKind::Colon).then(|| self.name());
        FindColumn::Column(name, ty)
    }

    fn branches(&mut self) -> Vec<(Option<Name>, crate::ast::Pipeline)> {
        let mut branches = Vec::new();
        while self.at(TokenKind::LParen) || self.peek(self.name_length(0)).kind == TokenKind::Assign {
            let name = (!self.at(TokenKind::LParen)).then(|| {
                let name = self.name();
                self.bump();
                name
            });
            branches.push((name, self.sub_pipeline()));
        }
        if branches.is_empty() {
            self.expected("`(`");
        }
        branches
    }

    fn join(&mut self, parameters: &mut Vec<OperatorParameter>) -> OperatorKind {
        let right = Box::new(self.table_operand());
        // Some write the kind after the table.
        parameters.extend(self.operator_parameters(true));
        if self.eat_word("where") {
            return OperatorKind::Join { right, on: Vec::new(), condition: Some(self.expr()) };
        }
        let is_cross = parameters.iter().any(|parameter| parameter.word() == Some("cross"));
        let on = if is_cross && !self.at_word("on") { Vec::new() } else { self.on_clause() };
        OperatorKind::Join { right, on, condition: None }
    }

    fn on_clause(&mut self) -> Vec<Expr> {
        if self.expect_word("on") { self.several(Self::expr) } else { Vec::new() }
    }

    fn macro_expand(&mut self) -> OperatorKind {
        let group = Box::new(self.expr());
        let name = self.eat_word("as").then(|| self.name());
        let start = self.start();
        let mut body = FunctionBody::default();
        self.expect(TokenKind::LParen, "(");
        while !matches!(self.kind(), TokenKind::RParen | TokenKind::Eof) {
            if self.eat(TokenKind::Semicolon) {
                continue;
            }
            let before = self.start();
            let statement = self.statement();
            match statement.kind {
                crate::ast::StatementKind::Expression(expr) if body.result.is_none() => {
                    body.result = Some(expr);
                }
                _ => body.statements.push(statement),
            }
            if self.start() == before {
                break;
            }
        }
        self.expect(TokenKind::RParen, ")");
        body.span = self.since(start);
        OperatorKind::MacroExpand { group, name, body }
    }

    fn mv_apply(&mut self, parameters: &mut Vec<OperatorParameter>) -> OperatorKind {
        let columns = self.several(Self::mv_column);
        let limit = self.eat_word("limit").then(|| self.expr());
        parameters.extend(self.operator_parameters(true));
        let context_id = self.eat_word("id").then(|| self.name());
        self.expect_word("on");
        let body = self.sub_pipeline();
        OperatorKind::MvApply(Box::new(MvApply { columns, limit, context_id, body }))
    }

    fn mv_column(&mut self) -> MvColumn {
        let value = self.named_expr();
        let ty = self.eat_word("to").then(|| {
            self.expect_word("typeof");
            self.expect(TokenKind::LParen, "(");
            let ty = self.name();
            self.expect(TokenKind::RParen, ")");
            ty
        });
        MvColumn { value, ty }
    }

    fn parse_pattern(&mut self) -> Vec<ParsePiece> {
        let mut pieces = Vec::new();
        loop {
            let start = self.start();
            match self.kind() {
                TokenKind::Star => {
                    self.bump();
                    pieces.push(ParsePiece::Skip(self.since(start)));
                }
                TokenKind::String => {
                    let token = self.bump();
                    let text = crate::syntax::unquote(self.text_of(token));
                    pieces.push(ParsePiece::Text(text, token.span));
                }
                TokenKind::Ident | TokenKind::LBracket if self.at_name() => {
                    let name = self.name();
                    let ty = if self.eat(TokenKind::Colon) {
                        self.name()
                    } else {
                        Name { text: String::new(), span: Span::empty(self.last_end()) }
                    };
                    pieces.push(ParsePiece::Column(ColumnDeclaration { name, ty }));
                }
                _ => break,
            }
        }
        if pieces.is_empty() {
            self.expected("a pattern");
        }
        pieces
    }

    fn parse_kv(&mut self) -> OperatorKind {
        let value = self.expr();
        self.expect_word("as");
        self.expect(TokenKind::LParen, "(");
        let columns = self.list(TokenKind::RParen, ")", true, Self::column_declaration);
        let properties = if self.eat_word("with") { self.properties() } else { Vec::new() };
        OperatorKind::ParseKv { value, columns, properties }
    }

    fn partition(&mut self, word: &str) -> OperatorKind {
        if word == "partition" {
            self.expect_word("by");
        }
        // A name, or its members; `(` begins the body.
        let mut by = self.name_expr();
        while self.eat(TokenKind::Dot) {
            let member = self.name();
            let span = by.span.to(member.span);
            by = Expr { kind: ExprKind::Path { base: Box::new(by), member }, span };
        }
        let by = Box::new(by);
        let scope = if self.eat_word("in") { Some(self.postfix_expr()) } else { None };
        let body = if self.at(TokenKind::LBrace) {
            PartitionBody::Query(self.function_body())
        } else {
            PartitionBody::Operators(self.sub_pipeline())
        };
        OperatorKind::Partition { by, scope, body }
    }

    fn name_expr(&mut self) -> Expr {
        let name = self.name();
        Expr { kind: ExprKind::Name(name.text), span: name.span }
    }

    fn range(&mut self) -> OperatorKind {
        let name = self.name();
        self.expect_word("from");
        let from = Box::new(self.expr());
        self.expect_word("to");
        let to = Box::new(self.expr());
        let step = self.eat_word("step").then(|| Box::new(self.expr()));
        OperatorKind::Range { name, from, to, step }
    }

    fn reduce(&mut self) -> OperatorKind {
        self.expect_word("by");
        let by = Box::new(self.expr());
        let mut with = Vec::new();
        if self.eat_word("with") {
            with = self.operator_parameters(true);
        }
        OperatorKind::Reduce { by, with }
    }

    fn render(&mut self) -> OperatorKind {
        let chart = self.at_name().then(|| self.name());
        let mut properties = Vec::new();
        if self.eat_word("with") {
            self.expect(TokenKind::LParen, "(");
            while !matches!(self.kind(), TokenKind::RParen | TokenKind::Eof) {
                let before = self.start();
                properties.push(self.render_property());
                self.eat(TokenKind::Comma);
                if self.start() == before {
                    break;
                }
            }
            self.expect(TokenKind::RParen, ")");
        } else {
            // The older form, without parentheses.
            while self.at(TokenKind::Ident) && self.peek(1).kind == TokenKind::Assign {
                properties.push(self.render_property());
                self.eat(TokenKind::Comma);
            }
            for word in ["by", "title"] {
                if self.eat_word(word) {
                    self.several(Self::expr);
                }
            }
        }
        OperatorKind::Render { chart, properties }
    }

    fn render_property(&mut self) -> RenderProperty {
        let name = self.name();
        self.expect(TokenKind::Assign, "=");
        let mut values = vec![self.expr()];
        // `ycolumns = a, b`: a comma before the next property ends the list.
        while self.at(TokenKind::Comma)
            && self.name_length(1) > 0
            && self.peek(1 + self.name_length(1)).kind != TokenKind::Assign
        {
            self.bump();
            values.push(self.expr());
        }
        RenderProperty { name, values }
    }

    fn summarize(&mut self) -> OperatorKind {
        let at_end = |parser: &Self| {
            matches!(
                parser.kind(),
                TokenKind::Pipe | TokenKind::Eof | TokenKind::RParen | TokenKind::Semicolon
            )
        };
        let has_aggregates = !self.at_word("by") || matches!(self.peek(1).kind, TokenKind::Assign);
        let aggregates =
            if has_aggregates && !at_end(self) { self.several(Self::named_expr) } else { Vec::new() };
        let mut bin = None;
        let mut by = Vec::new();
        if self.eat_word("by") {
            by = self.several(Self::named_expr);
            if self.at_word("bin") && self.peek(1).kind == TokenKind::Assign {
                self.skip(2);
                bin = Some(self.expr());
            }
        }
        if aggregates.is_empty() && by.is_empty() {
            self.expected("aggregates or `by`");
        }
        OperatorKind::Summarize { aggregates, by, bin }
    }

    fn top_nested(&mut self) -> Vec<TopNestedClause> {
        let mut clauses = Vec::new();
        loop {
            let count = (!self.at_word("of")).then(|| self.expr());
            self.expect_word("of");
            let of = self.named_expr();
            let others = self.eat_word("with").then(|| {
                self.expect_word("others");
                self.expect(TokenKind::Assign, "=");
                self.expr()
            });
            self.expect_word("by");
            clauses.push(TopNestedClause { count, of, others, by: self.ordered() });
            if !self.eat(TokenKind::Comma) {
                return clauses;
            }
            self.eat_dashed("top-nested");
        }
    }

    /// Names for the by-clause of series.
    pub(super) fn by_clause(&mut self) -> Vec<NamedExpr> {
        if self.eat_word("by") { self.several(Self::named_expr) } else { Vec::new() }
    }
}
