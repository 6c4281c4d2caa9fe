//! Where the cursor is: brackets, statements and pipes around it, read from the tokens before it.
//!
//! Tokens and not the syntax tree: a query that is being written is nearly always broken at the cursor.

use std::fmt::Write as _;

use crate::ast::{FunctionDeclaration, ParameterType};
use crate::bind::{Catalog, Options};
use crate::syntax::{Span, Token, TokenKind as T, lex};
use crate::types::{ScalarType, Schema};

/// Deeper brackets are not looked into.
const MAX_FRAMES: usize = 60;

/// A bracket that is open at the cursor; the outermost one is the text itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    /// The place of the bracket in [`Place::before`].
    pub(crate) open: Option<usize>,
    /// Where the current statement begins.
    pub(crate) start: usize,
    /// The pipes of the current statement.
    pub(crate) pipes: Vec<usize>,
    /// Commas since the bracket, the last pipe or the last statement.
    pub(crate) commas: usize,
    /// Statements that are complete: first token and the one after the last.
    statements: Vec<(usize, usize)>,
}

/// What is known of the cursor.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) text: &'a str,
    /// The tokens of the grammar before the word at the cursor.
    pub(crate) before: Vec<Token>,
    /// Brackets from the outside in; never empty.
    pub(crate) frames: Vec<Frame>,
    /// The word or string at the cursor, up to its end; empty between tokens.
    pub(crate) word: Span,
    /// What is written of it before the cursor.
    pub(crate) typed: Span,
    /// The cursor is inside of a string.
    pub(crate) in_string: bool,
    /// The cursor is inside of a comment or another literal: there is nothing to say.
    pub(crate) is_mute: bool,
}

/// What surrounds `offset`; offsets beyond the text or inside of a character move back.
pub(crate) fn place(text: &str, offset: usize) -> Place<'_> {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let at = u32::try_from(offset).unwrap_or(u32::MAX);
    let mut place = Place {
        text,
        before: Vec::new(),
        frames: vec![Frame::default()],
        word: Span::empty(at),
        typed: Span::empty(at),
        in_string: false,
        is_mute: false,
    };
    for token in lex(text) {
        if token.kind == T::Eof || token.span.start >= at {
            // A word that begins right at the cursor will be replaced.
            if token.kind == T::Ident && token.span.start == at && place.word.is_empty() {
                place.word = token.span;
            }
            break;
        }
        let is_inside = token.span.end > at;
        let touches = token.span.end >= at;
        match token.kind {
            T::Comment | T::Directive => place.is_mute |= touches,
            T::Whitespace => {}
            T::Ident if touches => {
                place.word = token.span;
                place.typed = Span::new(token.span.start, at);
            }
            T::String if is_inside || (token.is_broken && touches) => {
                place.in_string = true;
                place.word = token.span;
                place.typed = Span::new(token.span.start, at);
            }
            T::TypedLiteral | T::Long | T::Real | T::Timespan
                if is_inside || (token.is_broken && touches) =>
            {
                place.is_mute = true;
            }
            T::Long | T::Real | T::Timespan if touches => {
                place.is_mute = true;
                place.before.push(token);
            }
            _ => place.before.push(token),
        }
    }
    place.join_dashes(at);
    place.frames();
    place
}

impl<'a> Place<'a> {
    /// `project-aw` is one word where an operator stands.
    fn join_dashes(&mut self, at: u32) {
        let mut start = self.typed.start;
        let mut length = self.before.len();
        while let [.., word, dash] = &self.before[..length]
            && dash.kind == T::Minus
            && word.kind == T::Ident
            && dash.span.end == start
            && word.span.end == dash.span.start
        {
            start = word.span.start;
            length -= 2;
        }
        let follows_pipe =
            matches!(self.before[..length].last(), Some(token) if matches!(token.kind, T::Pipe | T::LParen));
        if length < self.before.len() && follows_pipe {
            self.before.truncate(length);
            self.typed = Span::new(start, at);
            self.word = Span::new(start, self.word.end.max(at));
        }
    }

    fn frames(&mut self) {
        for (at, token) in self.before.iter().enumerate() {
            let depth = self.frames.len();
            match token.kind {
                T::LParen | T::LBracket | T::LBrace if depth < MAX_FRAMES => {
                    self.frames.push(Frame { open: Some(at), start: at + 1, ..Frame::default() });
                    continue;
                }
                T::RParen | T::RBracket | T::RBrace if depth > 1 => {
                    self.frames.pop();
                    continue;
                }
                _ => {}
            }
            let Some(frame) = self.frames.last_mut() else { return };
            match token.kind {
                T::Semicolon => {
                    frame.statements.push((frame.start, at));
                    frame.start = at + 1;
                    frame.pipes.clear();
                    frame.commas = 0;
                }
                T::Pipe => {
                    frame.pipes.push(at);
                    frame.commas = 0;
                }
                T::LessPipe => {
                    frame.start = at + 1;
                    frame.pipes.clear();
                }
                T::Comma => frame.commas += 1,
                _ => {}
            }
        }
    }

    pub(crate) fn text_of(&self, at: usize) -> &'a str {
        self.before.get(at).map_or("", |token| token.span.text(self.text))
    }

    pub(crate) fn kind_of(&self, at: usize) -> Option<T> {
        self.before.get(at).map(|token| token.kind)
    }

    /// The last token before the word at the cursor.
    pub(crate) fn last(&self) -> Option<Token> {
        self.before.last().copied()
    }

    pub(crate) fn innermost(&self) -> usize {
        self.frames.len() - 1
    }

    /// The first token of what a frame's current statement says, `let name =` left out.
    pub(crate) fn statement_start(&self, frame: usize) -> usize {
        let start = self.frames[frame].start;
        if self.text_of(start) != "let" {
            return start;
        }
        (start..self.before.len())
            .take(6)
            .find(|at| self.kind_of(*at) == Some(T::Assign))
            .map_or(start, |assign| assign + 1)
    }

    /// The operator that the cursor is in within a frame, and the place after its name; none before the first pipe of
    /// a statement that begins with a table.
    pub(crate) fn operator(&self, frame: usize) -> Option<(String, usize)> {
        let start = match self.frames[frame].pipes.last() {
            Some(pipe) => pipe + 1,
            None => self.statement_start(frame),
        };
        if self.kind_of(start) != Some(T::Ident) {
            return None;
        }
        let mut name = self.text_of(start).to_owned();
        let mut at = start + 1;
        while self.kind_of(at) == Some(T::Minus)
            && self.kind_of(at + 1) == Some(T::Ident)
            && self.before[at - 1].span.end == self.before[at].span.start
            && self.before[at].span.end == self.before[at + 1].span.start
        {
            let _ = write!(name, "-{}", self.text_of(at + 1));
            at += 2;
        }
        let is_source = matches!(
            name.as_str(),
            "print" | "union" | "search" | "find" | "range" | "evaluate" | "datatable" | "externaldata"
        );
        let has_pipe = !self.frames[frame].pipes.is_empty() || self.is_body(frame);
        (has_pipe || is_source).then_some((name, at))
    }

    /// The called function that a parenthesis belongs to.
    pub(crate) fn called(&self, frame: usize) -> Option<&'a str> {
        let open = self.frames[frame].open?;
        let name = open.checked_sub(1)?;
        let is_call = self.kind_of(open) == Some(T::LParen)
            && self.kind_of(name) == Some(T::Ident)
            && !matches!(
                self.text_of(name),
                "in" | "by"
                    | "on"
                    | "and"
                    | "or"
                    | "join"
                    | "union"
                    | "between"
                    | "where"
                    | "has_any"
                    | "has_all"
                    | "lookup"
            );
        is_call.then(|| self.text_of(name))
    }

    /// Whether a frame is the body of `mv-apply`, `partition`, `fork` or `facet`: its rows are given.
    pub(crate) fn is_body(&self, frame: usize) -> bool {
        let Some(parent) = frame.checked_sub(1) else { return false };
        let Some(open) = self.frames[frame].open.filter(|open| self.kind_of(*open) == Some(T::LParen)) else {
            return false;
        };
        let Some((operator, _)) = self.operator(parent) else { return false };
        let before = open.checked_sub(1).map_or("", |at| self.text_of(at));
        match operator.as_str() {
            "mv-apply" | "mvapply" => before == "on",
            "facet" => before == "with",
            "fork" => true,
            "partition" => before != "by",
            _ => false,
        }
    }

    /// Whether a table has to stand in the brackets of a frame.
    pub(crate) fn takes_table(&self, frame: usize) -> bool {
        if matches!(self.called(frame), Some("materialize" | "toscalar")) {
            return true;
        }
        let Some(open) = self.frames[frame].open else { return false };
        let Some(parent) = frame.checked_sub(1) else { return false };
        if self.kind_of(open) == Some(T::LBrace) {
            return true;
        }
        let Some((operator, after)) = self.operator(parent) else { return false };
        let has_on = (after..open).any(|at| self.text_of(at) == "on");
        match operator.as_str() {
            "join" | "lookup" => !has_on,
            "union" => true,
            "find" | "search" => open.checked_sub(1).is_some_and(|at| self.text_of(at) == "in"),
            _ => false,
        }
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        match (self.before.get(from), to.checked_sub(1).and_then(|last| self.before.get(last))) {
            (Some(first), Some(last)) if from < to => first.span.to(last.span).text(self.text),
            _ => "",
        }
    }

    /// The statements before the cursor that it may refer to, and what stands for the parameters around it, up to and
    /// with this frame.
    fn declarations(&self, frame: usize) -> String {
        let mut out = String::new();
        for at in 0..=frame {
            for parameter in self.parameters(at) {
                let name = &parameter.name.text;
                let _ = match &parameter.ty {
                    ParameterType::Scalar(ty) => {
                        let ty = ScalarType::from_name(&ty.text).unwrap_or(ScalarType::Dynamic);
                        let value = match ty {
                            ScalarType::String => "''".to_owned(),
                            ty => format!("{}(null)", ty.name()),
                        };
                        writeln!(out, "let {name} = {value};")
                    }
                    ParameterType::Table { columns, .. } => {
                        let columns: Vec<String> = columns
                            .iter()
                            .map(|column| format!("['{}']:{}", column.name.text, column.ty.text))
                            .collect();
                        writeln!(out, "let {name} = datatable({})[];", columns.join(","))
                    }
                    ParameterType::None => Ok(()),
                };
            }
            for (from, to) in &self.frames[at].statements {
                let is_declaration = matches!(self.text_of(*from), "let" | "declare" | "set" | "alias");
                if is_declaration {
                    let _ = writeln!(out, "{};", self.slice(*from, *to));
                }
            }
        }
        out
    }

    /// The parameters of the function whose body a frame is.
    fn parameters(&self, frame: usize) -> Vec<crate::ast::Parameter> {
        let declared = || -> Option<FunctionDeclaration> {
            let open = self.frames[frame].open?;
            let close = open.checked_sub(1)?;
            if self.kind_of(open) != Some(T::LBrace) || self.kind_of(close) != Some(T::RParen) {
                return None;
            }
            let mut depth = 0usize;
            let begin = (0..=close).rev().find(|at| {
                match self.kind_of(*at) {
                    Some(T::RParen) => depth += 1,
                    Some(T::LParen) => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0
            })?;
            crate::parse_function(self.slice(begin, open), "{}").ok()
        };
        declared().map(|function| function.parameters).unwrap_or_default()
    }

    /// The names that `let` statements and parameters around the cursor declare.
    pub(crate) fn variables(&self) -> Vec<String> {
        let mut names = Vec::new();
        for at in 0..self.frames.len() {
            names.extend(self.parameters(at).into_iter().map(|parameter| parameter.name.text));
            for (from, to) in &self.frames[at].statements {
                if self.text_of(*from) == "let" && self.kind_of(from + 1) == Some(T::Ident) && from + 1 < *to
                {
                    names.push(self.text_of(from + 1).to_owned());
                }
            }
        }
        names
    }

    /// A query whose rows are those that the operator at the cursor gets, seen from a frame.
    fn rows_text(&self, frame: usize) -> Option<String> {
        let current = &self.frames[frame];
        let start = self.statement_start(frame);
        if let Some(pipe) = current.pipes.last() {
            let head = self.slice(start, *pipe);
            return match self.given(frame) {
                Some(given) => Some(format!("{given}\n| {head}")),
                None => Some(head.to_owned()),
            };
        }
        if self.is_body(frame) {
            return self.given(frame);
        }
        let is_own = self.takes_table(frame) || current.open.is_none();
        if is_own { None } else { self.rows_text(frame.checked_sub(1)?) }
    }

    /// The rows given to a body.
    fn given(&self, frame: usize) -> Option<String> {
        if !self.is_body(frame) {
            return None;
        }
        let parent = frame - 1;
        let rows = self.rows_text(parent)?;
        let (operator, after) = self.operator(parent)?;
        if operator != "mv-apply" && operator != "mvapply" {
            return Some(rows);
        }
        let open = self.frames[frame].open?;
        let columns = self.slice(after, open - 1);
        Some(format!("{rows}\n| mv-expand {columns}"))
    }

    /// The columns that the operator at the cursor gets; `None` where there are no rows.
    pub(crate) fn rows(&self, catalog: &dyn Catalog) -> Option<Schema> {
        let frame = self.innermost();
        let rows = self.rows_text(frame)?;
        schema_of(&format!("{}{rows}", self.declarations(frame)), catalog)
    }

    /// The columns of the right side of the `join` or `lookup` at the cursor.
    pub(crate) fn right_rows(&self, catalog: &dyn Catalog) -> Option<Schema> {
        let frame = self.innermost();
        let (operator, after) = self.operator(frame)?;
        if !matches!(operator.as_str(), "join" | "lookup") {
            return None;
        }
        let mut depth = 0usize;
        let on = (after..self.before.len()).find(|at| {
            match self.kind_of(*at) {
                Some(T::LParen) => depth += 1,
                Some(T::RParen) => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && self.text_of(*at) == "on"
        })?;
        // Parameters in front of the table.
        let mut from = after;
        while let Some(assign) =
            [from + 1, from + 3].into_iter().find(|at| self.kind_of(*at) == Some(T::Assign) && *at + 2 <= on)
        {
            from = assign + 2;
        }
        schema_of(&format!("{}{}", self.declarations(frame), self.slice(from, on)), catalog)
    }

    /// The type of a scalar expression at the cursor.
    pub(crate) fn type_of(&self, expr: &str, catalog: &dyn Catalog) -> Option<ScalarType> {
        let frame = self.innermost();
        let declarations = self.declarations(frame);
        let query = match self.rows_text(frame) {
            Some(rows) => format!("{declarations}{rows}\n| project x = {expr}"),
            None => format!("{declarations}print x = {expr}"),
        };
        let schema = schema_of(&query, catalog)?;
        let ty = schema.columns.first()?.ty;
        (ty != ScalarType::Unknown).then_some(ty)
    }

    /// The columns of a table that the text names.
    pub(crate) fn table(&self, expr: &str, catalog: &dyn Catalog) -> Option<Schema> {
        let query = format!("{}{expr} | where true", self.declarations(self.innermost()));
        schema_of(&query, catalog).filter(|schema| !schema.columns.is_empty())
    }
}

fn schema_of(query: &str, catalog: &dyn Catalog) -> Option<Schema> {
    let bound = crate::bind(query, catalog, &Options::default());
    match &bound.results.last()?.value {
        crate::bound::ResultValue::Table(rel) => Some(rel.schema.clone()),
        crate::bound::ResultValue::Scalar(_) => None,
    }
}
