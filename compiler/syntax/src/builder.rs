//! Events, tokens and trivia to a lossless tree.
//!
//! Blanks and comments stand outside the nodes they touch; documentation is the exception: it stands at the
//! start of the declaration, field or operation that it belongs to.

use cstree::build::GreenNodeBuilder;
use cstree::green::{GreenNode, GreenToken};
use cstree::util::NodeOrToken;
use cstree::{RawSyntaxKind, Syntax};
use flow_source::FileId;

use crate::grammar::Event;
use crate::lexer::Token;
use crate::stream::Stream;
use crate::validate::Validator;
use crate::{SyntaxKind, SyntaxNode};

/// Builds the tree of a text; the validator hears of every node and token.
pub(crate) fn build(
    text: &str,
    tokens: &[Token],
    stream: &Stream,
    events: &[Event],
    validator: Validator<'_, '_>,
) -> SyntaxNode {
    let mut walk = Walk {
        text,
        tokens,
        validator,
        starts: Starts::new(stream.kinds.len(), events),
        events,
        leaves: GreenNodeBuilder::new(),
        steps: Vec::with_capacity(tokens.len() + 2 * events.len()),
        open: Vec::new(),
        next: 0,
    };
    walk.leaves.start_node(SyntaxKind::Root);
    for (index, (kind, range)) in stream.kinds.iter().zip(&stream.ranges).enumerate() {
        walk.token(index, *kind, *range);
    }
    walk.leaves_until(tokens.len());
    walk.leaves.finish_node();
    let Walk { leaves, steps, .. } = walk;
    let (flat, cache) = leaves.finish();
    let root = assemble(&flat, &steps);
    match cache.and_then(|cache| cache.into_interner()) {
        Some(interner) => SyntaxNode::new_root_with_resolver(root, interner),
        // The builder owns its cache, and the cache its interner.
        None => SyntaxNode::new_root_with_resolver(root, cstree::interning::new_interner()),
    }
}

/// A tree of one token that nothing is known of: a text that is too large to read.
pub(crate) fn unread(file: FileId, text: &str) -> SyntaxNode {
    let token = Token {
        kind: SyntaxKind::ErrorToken,
        meant: SyntaxKind::Whitespace,
        start: 0,
        end: u32::try_from(text.len()).unwrap_or(u32::MAX),
    };
    let stream = Stream::default();
    let mut nothing = Vec::new();
    let validator = Validator::new(file, text, &[], &stream, &mut nothing);
    build(text, &[token], &stream, &[], validator)
}

/// For each token the nodes that start with it, the outermost first: linked lists in two vectors.
struct Starts {
    first: Vec<u32>,
    next: Vec<u32>,
}

/// The end of a list in [`Starts`].
const NONE: u32 = u32::MAX;

impl Starts {
    fn new(tokens: usize, events: &[Event]) -> Self {
        let mut starts = Self { first: vec![NONE; tokens + 1], next: vec![NONE; events.len()] };
        // Children come before parents, so that the last event at a token is the outermost node.
        for (index, event) in events.iter().enumerate() {
            if let Event::Node { start, .. } = event
                && let Some(first) = starts.first.get_mut(*start as usize)
                && let Some(next) = starts.next.get_mut(index)
            {
                *next = std::mem::replace(first, index as u32);
            }
        }
        starts
    }

    fn at(&self, token: usize) -> Option<u32> {
        self.first.get(token).copied().filter(|index| *index != NONE)
    }

    fn after(&self, event: u32) -> Option<u32> {
        self.next.get(event as usize).copied().filter(|index| *index != NONE)
    }
}

/// One step of building.
enum Step {
    Open(SyntaxKind),
    Leaf,
    Close,
}

struct Walk<'t, 'd> {
    text: &'t str,
    validator: Validator<'t, 'd>,
    tokens: &'t [Token],
    events: &'t [Event],
    starts: Starts,
    /// The tokens as one flat node.
    leaves: GreenNodeBuilder<'static, 'static, SyntaxKind>,
    steps: Vec<Step>,
    /// Kind and end of the nodes that are open.
    open: Vec<(SyntaxKind, u32)>,
    /// The first lexed token that has no leaf yet.
    next: usize,
}

impl Walk<'_, '_> {
    /// Takes one token of the parser: opens the nodes that start with it, closes those that end with it.
    fn token(&mut self, index: usize, kind: SyntaxKind, (first, end): (u32, u32)) {
        let (first, end) = (first as usize, end as usize);
        let docs = self.docs_before(first);
        let mut docs_due = docs < first;
        self.leaves_until(docs);
        let mut event = self.starts.at(index);
        if event.is_none() {
            self.leaves_until(first);
        }
        while let Some(at) = event {
            if let Some(Event::Node { kind, end, .. }) = self.events.get(at as usize) {
                if docs_due && !self.documented_ahead(at) {
                    self.leaves_until(first);
                    docs_due = false;
                }
                self.steps.push(Step::Open(*kind));
                self.validator.open(*kind, index);
                self.open.push((*kind, *end));
                if docs_due && is_documented(*kind) {
                    self.leaves_until(first);
                    docs_due = false;
                }
            }
            event = self.starts.after(at);
        }
        let in_name = matches!(
            self.open.last(),
            Some((SyntaxKind::Name | SyntaxKind::NameRef | SyntaxKind::RecordKey, _))
        );
        self.validator.token(index, kind);
        let as_name = kind == SyntaxKind::Ident || (in_name && kind.is_word());
        self.leaves(end, as_name);
        while self.open.pop_if(|(_, end)| *end as usize <= index + 1).is_some() {
            self.steps.push(Step::Close);
            self.validator.close();
        }
    }

    /// Where the documentation begins that stands directly before a token; the token itself if there is none.
    fn docs_before(&self, token: usize) -> usize {
        let mut docs = token;
        let mut lines = 0;
        for index in (self.next..token).rev() {
            match self.tokens.get(index).map(|token| token.kind) {
                Some(SyntaxKind::DocComment) => (docs, lines) = (index, 0),
                Some(SyntaxKind::Newline) => lines += 1,
                Some(kind) if kind.is_trivia() => {}
                _ => break,
            }
            // A blank line parts documentation from what follows.
            if lines > 1 {
                break;
            }
        }
        docs
    }

    /// Whether this node, or one inside that starts at the same token, can have documentation.
    fn documented_ahead(&self, event: u32) -> bool {
        let mut event = Some(event);
        while let Some(at) = event {
            if matches!(self.events.get(at as usize), Some(Event::Node { kind, .. }) if is_documented(*kind))
            {
                return true;
            }
            event = self.starts.after(at);
        }
        false
    }

    fn leaves_until(&mut self, end: usize) {
        self.leaves(end, false);
    }

    /// Adds leaves for the lexed tokens up to one.
    fn leaves(&mut self, end: usize, as_name: bool) {
        while self.next < end {
            let Some(token) = self.tokens.get(self.next) else { break };
            let is_name = as_name && self.next + 1 == end && token.kind.is_word();
            let kind = if is_name { SyntaxKind::Ident } else { token.kind };
            self.leaves.token(kind, self.text.get(token.range()).unwrap_or(""));
            self.steps.push(Step::Leaf);
            self.next += 1;
        }
    }
}

/// Whether documentation stands inside a node of this kind.
fn is_documented(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::Import
            | SyntaxKind::ImportApi
            | SyntaxKind::ConfigDecl
            | SyntaxKind::ConfigEntry
            | SyntaxKind::ErrorDecl
            | SyntaxKind::RetryDecl
            | SyntaxKind::TypeDecl
            | SyntaxKind::ApiDecl
            | SyntaxKind::Operation
            | SyntaxKind::OperationOverride
            | SyntaxKind::Property
            | SyntaxKind::Parameter
            | SyntaxKind::Field
            | SyntaxKind::Variant
            | SyntaxKind::StatusCase
            | SyntaxKind::WorkflowDecl
            | SyntaxKind::FnDecl
            | SyntaxKind::SignalDecl
            | SyntaxKind::PublishDecl
            | SyntaxKind::ScheduleDecl
            | SyntaxKind::ObjectiveDecl
            | SyntaxKind::TestDecl
    )
}

/// Puts the leaves into nodes.
///
/// Not left to cstree's builder: that shares small nodes by kind, length and a 32-bit hash of their children,
/// without comparing the children, so that in a large file one node could stand for another.
fn assemble(flat: &GreenNode, steps: &[Step]) -> GreenNode {
    let mut leaves = flat.children();
    let mut open: Vec<(SyntaxKind, usize)> = Vec::new();
    let mut done: Vec<NodeOrToken<GreenNode, GreenToken>> = Vec::new();
    for step in steps {
        match step {
            Step::Open(kind) => open.push((*kind, done.len())),
            Step::Leaf => done.extend(leaves.next().map(|leaf| match leaf {
                NodeOrToken::Node(node) => NodeOrToken::Node(node.clone()),
                NodeOrToken::Token(token) => NodeOrToken::Token(token.clone()),
            })),
            Step::Close => {
                if let Some((kind, first)) = open.pop() {
                    let node = green(kind, done.drain(first..));
                    done.push(NodeOrToken::Node(node));
                }
            }
        }
    }
    green(SyntaxKind::Root, done.into_iter())
}

fn green(
    kind: SyntaxKind,
    children: impl ExactSizeIterator<Item = NodeOrToken<GreenNode, GreenToken>>,
) -> GreenNode {
    let raw: RawSyntaxKind = kind.into_raw();
    GreenNode::new(raw, children)
}
