//! Where lines are broken.
//!
//! A sequence of tokens stays on its line if it fits there and nothing in it asks for lines of its own: pipes,
//! statements, comments, texts over several lines. Otherwise it is broken at the loosest place: operators, then the
//! items of its list, then `or`, `and`, then brackets.

use super::FormatOptions;
use super::spacing::{Facts, Head};
use super::tree::{Node, Tree};
use crate::syntax::TokenKind as T;

/// The whole text.
pub(super) fn print(tree: &Tree<'_>, facts: &Facts, options: &FormatOptions) -> String {
    let mut printer = Printer {
        tree,
        facts,
        options,
        out: String::new(),
        column: 0,
        indent: 0,
        must_break: false,
        keeps_blank: true,
    };
    printer.statements(&tree.nodes, 0);
    printer.indent = 0;
    printer.comments_before(tree.pieces.len() - 1);
    printer.out
}

struct Printer<'t, 'a> {
    tree: &'t Tree<'a>,
    facts: &'t Facts,
    options: &'t FormatOptions,
    out: String,
    /// Characters on the current line.
    column: usize,
    /// Of the next line.
    indent: usize,
    /// The next token begins a line.
    must_break: bool,
    /// An empty line before the next token is kept.
    keeps_blank: bool,
}

impl Printer<'_, '_> {
    fn break_line(&mut self, indent: usize) {
        self.must_break = true;
        self.indent = indent;
    }

    /// The next line, if this one is broken later on, is indented like this.
    fn continue_at(&mut self, indent: usize) {
        if !self.must_break && !self.out.is_empty() {
            self.indent = indent;
        }
    }

    fn deeper(&self, indent: usize) -> usize {
        indent + self.options.indent
    }

    fn new_line(&mut self, indent: usize) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
        self.must_break = false;
    }

    fn write(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rsplit_once('\n') {
            Some((_, last)) => self.column = last.chars().count(),
            None => self.column += text.chars().count(),
        }
    }

    /// The comments on lines of their own before a token.
    fn comments_before(&mut self, at: usize) {
        let tree = self.tree;
        for comment in &tree.pieces[at].leading {
            if comment.has_blank && !self.out.is_empty() {
                self.out.push('\n');
            }
            self.new_line(if comment.is_directive { 0 } else { self.indent });
            self.write(comment.text);
            self.must_break = true;
        }
    }

    /// A token with its comments.
    fn put(&mut self, at: usize) {
        let tree = self.tree;
        let piece = &tree.pieces[at];
        self.comments_before(at);
        if self.must_break {
            if self.keeps_blank && piece.has_blank && !self.out.is_empty() {
                self.out.push('\n');
            }
            self.new_line(self.indent);
        } else if !self.out.is_empty() && self.facts.has_blank(&tree.pieces, at) {
            self.write(" ");
        }
        self.keeps_blank = false;
        self.write(piece.text);
        if let Some(comment) = piece.trailing {
            self.write(" ");
            self.write(comment);
            self.must_break = true;
        }
    }

    fn kind(&self, node: &Node) -> Option<T> {
        match node {
            Node::Token(at) => Some(self.tree.pieces[*at].kind),
            Node::Group { .. } => None,
        }
    }

    fn is_word(&self, node: &Node, words: &[&str]) -> bool {
        self.kind(node) == Some(T::Ident) && words.contains(&self.tree.pieces[node.first()].text)
    }

    fn has(&self, nodes: &[Node], kind: T) -> bool {
        nodes.iter().any(|node| self.kind(node) == Some(kind))
    }

    fn has_word(&self, nodes: &[Node], word: &str) -> bool {
        nodes.iter().any(|node| self.is_word(node, &[word]))
    }

    /// How wide it is on one line; none if it cannot be on one. Comments before the first token and after the last one
    /// do not count.
    fn flat(&self, nodes: &[Node]) -> Option<usize> {
        let (first, last) = (nodes.first()?.first(), nodes.last()?.last());
        let mut width = 0;
        for at in first..=last {
            let piece = &self.tree.pieces[at];
            let has_comment =
                (at > first && !piece.leading.is_empty()) || (at < last && piece.trailing.is_some());
            // Single pipes and statements are the caller's; inside of brackets they are not.
            if has_comment || piece.text.contains('\n') {
                return None;
            }
            if at > first && self.facts.has_blank(&self.tree.pieces, at) {
                width += 1;
            }
            width += piece.text.chars().count();
            if width > self.options.width {
                return None;
            }
        }
        (!nodes.iter().any(|node| self.has_lines(node))).then_some(width)
    }

    /// Whether it holds pipes or statements in brackets.
    fn has_lines(&self, node: &Node) -> bool {
        let Node::Group { children, .. } = node else { return false };
        self.has(children, T::Pipe)
            || self.has(children, T::Semicolon)
            || children.iter().any(|child| self.has_lines(child))
    }

    /// Whether it fits on the rest of the line.
    fn fits(&self, nodes: &[Node]) -> bool {
        let Some(first) = nodes.first() else { return true };
        let column = if self.must_break { self.indent } else { self.column };
        let blank = usize::from(!self.must_break && self.facts.has_blank(&self.tree.pieces, first.first()));
        self.flat(nodes).is_some_and(|width| column + blank + width <= self.options.width)
    }

    fn put_flat(&mut self, nodes: &[Node]) {
        if let (Some(first), Some(last)) = (nodes.first(), nodes.last()) {
            for at in first.first()..=last.last() {
                self.put(at);
            }
        }
    }

    fn statements(&mut self, nodes: &[Node], indent: usize) {
        let is_end = |node: &Node| self.kind(node) == Some(T::Semicolon);
        let statements: Vec<&[Node]> = nodes.split_inclusive(is_end).collect();
        for statement in statements {
            if !self.out.is_empty() {
                self.break_line(indent);
            }
            self.keeps_blank = true;
            self.pipeline(statement, indent);
        }
    }

    fn pipeline(&mut self, nodes: &[Node], indent: usize) {
        let is_let = nodes.first().is_some_and(|first| self.is_word(first, &["let"]));
        let pipes = if is_let { self.deeper(indent) } else { indent };
        let mut at_pipe = nodes.first().is_some_and(|first| self.kind(first) == Some(T::Pipe));
        let mut rest = nodes;
        while !rest.is_empty() {
            let skip = usize::from(at_pipe);
            let length = rest[skip..]
                .iter()
                .position(|node| self.kind(node) == Some(T::Pipe))
                .map_or(rest.len(), |found| found + skip);
            let (clause, after) = rest.split_at(length);
            let level = if at_pipe { pipes } else { indent };
            if at_pipe {
                self.break_line(pipes);
                self.put(clause[0].first());
            }
            self.continue_at(self.deeper(level));
            self.clause(&clause[skip..], level);
            rest = after;
            at_pipe = true;
        }
    }

    /// An operator or another sequence without pipes.
    fn clause(&mut self, nodes: &[Node], indent: usize) {
        let Some(first) = nodes.first() else { return };
        if self.fits(nodes) {
            return self.put_flat(nodes);
        }
        let deeper = self.deeper(indent);
        let start = self.tree.pieces[first.first()].span.start;
        let Some((end, head)) = self.facts.heads.get(&start).copied() else {
            return self.item(nodes, indent);
        };
        let length = nodes.iter().take_while(|node| self.tree.pieces[node.first()].span.start < end).count();
        let (name, body) = nodes.split_at(length);
        self.continue_at(deeper);
        self.put_flat(name);
        self.continue_at(deeper);
        match head {
            Head::List(words) => self.lists(body, words, deeper),
            Head::Other => self.item(body, indent),
        }
    }

    /// The lists of an operator, each but the first beginning with its word.
    fn lists(&mut self, nodes: &[Node], words: &[&str], indent: usize) {
        let mut rest = nodes;
        let mut is_first = true;
        while !rest.is_empty() {
            let starts_with_word = self.is_word(&rest[0], words);
            let skip = usize::from(starts_with_word);
            let length = rest[skip..]
                .iter()
                .position(|node| self.is_word(node, words))
                .map_or(rest.len(), |found| found + skip);
            let (list, after) = rest.split_at(length);
            let is_alone = is_first && after.is_empty();
            let items = self.items(&list[skip..]);
            if starts_with_word {
                // `summarize by …` keeps its word on the line.
                if !is_first {
                    self.break_line(indent);
                }
                self.put(list[0].first());
                self.continue_at(self.deeper(indent));
            }
            if items.len() == 1 && (is_alone || starts_with_word) {
                let level = indent - if is_alone && !starts_with_word { self.options.indent } else { 0 };
                self.item(items[0], level);
            } else if starts_with_word && self.fits(&list[1..]) {
                self.put_flat(&list[1..]);
            } else {
                let level = if starts_with_word { self.deeper(indent) } else { indent };
                for item in items {
                    self.break_line(level);
                    self.item(item, level);
                }
            }
            rest = after;
            is_first = false;
        }
    }

    /// Split behind commas.
    fn items<'n>(&self, nodes: &'n [Node]) -> Vec<&'n [Node]> {
        nodes.split_inclusive(|node| self.kind(node) == Some(T::Comma)).collect()
    }

    /// An expression: on the line if it fits, else broken before `or` or `and`, else in its brackets. Lines after the
    /// first are deeper than `indent`.
    fn item(&mut self, nodes: &[Node], indent: usize) {
        let deeper = self.deeper(indent);
        self.continue_at(deeper);
        if self.fits(nodes) {
            return self.put_flat(nodes);
        }
        let Some(word) = ["or", "and"].into_iter().find(|word| self.has_word(nodes, word)) else {
            return self.in_brackets(nodes, indent);
        };
        let mut rest = nodes;
        let mut is_first = true;
        while !rest.is_empty() {
            let skip = usize::from(!is_first);
            let length = rest[skip..]
                .iter()
                .position(|node| self.is_word(node, &[word]))
                .map_or(rest.len(), |found| found + skip);
            // A text that begins with the word has nothing before it.
            let length = length.max(1);
            let (part, after) = rest.split_at(length);
            if !is_first {
                self.break_line(deeper);
                self.put(part[0].first());
            }
            // The first part goes on with its line.
            let level = if is_first { indent } else { deeper };
            self.item(&part[skip..], level);
            rest = after;
            is_first = false;
        }
    }

    fn in_brackets(&mut self, nodes: &[Node], indent: usize) {
        for node in nodes {
            match node {
                Node::Token(at) => self.put(*at),
                Node::Group { open, children, close } => {
                    if self.fits(std::slice::from_ref(node)) {
                        self.put_flat(std::slice::from_ref(node));
                    } else {
                        self.group(*open, children, *close, indent);
                    }
                }
            }
            self.continue_at(self.deeper(indent));
        }
    }

    fn group(&mut self, open: usize, children: &[Node], close: usize, indent: usize) {
        let deeper = self.deeper(indent);
        self.put(open);
        if !children.is_empty() {
            self.break_line(deeper);
            self.content(open, children, deeper);
        }
        self.indent = deeper;
        self.comments_before(close);
        self.break_line(indent);
        self.put_without_comments(close);
    }

    /// A token whose comments are written already.
    fn put_without_comments(&mut self, at: usize) {
        let tree = self.tree;
        let piece = &tree.pieces[at];
        self.new_line(self.indent);
        self.keeps_blank = false;
        self.write(piece.text);
        if let Some(comment) = piece.trailing {
            self.write(" ");
            self.write(comment);
            self.must_break = true;
        }
    }

    /// What stands in brackets that are broken; the first token begins a line.
    fn content(&mut self, open: usize, nodes: &[Node], indent: usize) {
        let bracket = &self.tree.pieces[open];
        let is_json = self.facts.is_json(bracket);
        let is_body = bracket.kind == T::LBrace && !is_json;
        if is_body || self.has(nodes, T::Pipe) || self.has(nodes, T::Semicolon) {
            return self.statements(nodes, indent);
        }
        let start = self.tree.pieces[nodes[0].first()].span.start;
        if self.facts.heads.contains_key(&start) {
            return self.clause(nodes, indent);
        }
        let items = self.items(nodes);
        if let Some(width) = self.facts.tables.get(&bracket.span.start).copied().filter(|width| *width > 0) {
            for row in items.chunks(width) {
                self.break_line(indent);
                for item in row {
                    self.item(item, indent);
                }
            }
            return;
        }
        let is_short = |item: &&[Node]| item.len() <= 2 && self.flat(item).is_some();
        if items.len() > 3 && items.iter().all(is_short) {
            for (at, item) in items.iter().enumerate() {
                if at > 0 && !self.fits(item) {
                    self.break_line(indent);
                }
                self.put_flat(item);
                self.continue_at(indent);
            }
            return;
        }
        for item in items {
            self.break_line(indent);
            self.item(item, indent);
        }
    }
}
