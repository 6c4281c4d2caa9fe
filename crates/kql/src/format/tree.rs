//! Tokens with the comments around them, and brackets as a tree.

use crate::syntax::{Span, Token, TokenKind};

/// A token of the grammar.
pub(super) struct Piece<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    pub(super) span: Span,
    /// Comments on lines of their own before it.
    pub(super) leading: Vec<Comment<'a>>,
    /// A comment after it on its line.
    pub(super) trailing: Option<&'a str>,
    /// Whether an empty line stands right before it.
    pub(super) has_blank: bool,
}

/// A comment on a line of its own.
pub(super) struct Comment<'a> {
    pub(super) text: &'a str,
    /// A client directive, which has to stand at the start of its line.
    pub(super) is_directive: bool,
    /// Whether an empty line stands right before it.
    pub(super) has_blank: bool,
}

/// A token or a bracket, by the places of their tokens in [`Tree::pieces`].
pub(super) enum Node {
    Token(usize),
    Group { open: usize, children: Vec<Node>, close: usize },
}

impl Node {
    pub(super) fn first(&self) -> usize {
        match self {
            Node::Token(at) | Node::Group { open: at, .. } => *at,
        }
    }

    pub(super) fn last(&self) -> usize {
        match self {
            Node::Token(at) | Node::Group { close: at, .. } => *at,
        }
    }
}

/// A text.
pub(super) struct Tree<'a> {
    /// All tokens, ending with an empty one that holds the comments at the end.
    pub(super) pieces: Vec<Piece<'a>>,
    pub(super) nodes: Vec<Node>,
}

/// The tree of a text without syntax errors.
pub(super) fn build<'a>(text: &'a str, tokens: &[Token]) -> Tree<'a> {
    let pieces = pieces(text, tokens);
    let mut at = 0;
    let mut nodes = Vec::new();
    while at + 1 < pieces.len() {
        let node = node(&pieces, &mut at);
        nodes.push(node);
    }
    Tree { pieces, nodes }
}

fn pieces<'a>(text: &'a str, tokens: &[Token]) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece<'a>> = Vec::with_capacity(tokens.len() / 2 + 1);
    let mut leading = Vec::new();
    let mut lines = 0;
    for token in tokens {
        let words = token.span.text(text);
        match token.kind {
            TokenKind::Whitespace => lines += words.matches('\n').count().max(words.matches('\r').count()),
            TokenKind::Comment | TokenKind::Directive => {
                let words = words.trim_end();
                let is_directive = token.kind == TokenKind::Directive;
                match pieces.last_mut() {
                    Some(last) if lines == 0 && leading.is_empty() && !is_directive => {
                        last.trailing = Some(words);
                    }
                    _ => leading.push(Comment { text: words, is_directive, has_blank: lines > 1 }),
                }
                lines = 0;
            }
            _ => {
                pieces.push(Piece {
                    kind: token.kind,
                    text: words,
                    span: token.span,
                    leading: std::mem::take(&mut leading),
                    trailing: None,
                    has_blank: lines > 1,
                });
                lines = 0;
            }
        }
    }
    pieces
}

/// The token or bracket at `at`, which moves behind it. Nesting is bounded: the text was parsed.
fn node(pieces: &[Piece<'_>], at: &mut usize) -> Node {
    let open = *at;
    *at += 1;
    if !is_open(pieces[open].kind) {
        return Node::Token(open);
    }
    let mut children = Vec::new();
    while *at + 1 < pieces.len() {
        if is_close(pieces[*at].kind) {
            let close = *at;
            *at += 1;
            return Node::Group { open, children, close };
        }
        children.push(node(pieces, at));
    }
    // An open bracket without its partner, inside of a command or skipped text: a group that ends with its last token.
    match children.last().map(Node::last) {
        Some(close) => {
            children.pop();
            Node::Group { open, children, close }
        }
        None => Node::Token(open),
    }
}

pub(super) fn is_open(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace)
}

pub(super) fn is_close(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace)
}
