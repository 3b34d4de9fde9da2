//! Sentences at random: a walk through the rules of the grammar.
//!
//! The walk keeps the grammar's stack, so that it knows what the place permits. Other lookaheads it does not
//! understand; the few sentences that break one are refused by the grammar and dropped.

use std::collections::BTreeMap;

use pest_meta::ast::Expr;

use crate::random::Random;
use crate::rules::{parts, rules};

/// From this depth of rules on, the shortest way out is taken.
const DEPTH_MAX: usize = 60;
/// From this length in bytes on, too.
const LENGTH_MAX: usize = 250;
/// Stands for a blank that may be left out, or become a line end.
const BLANK: char = '\u{1}';
/// Stands for a blank on a line that may not end.
const INLINE_BLANK: char = '\u{2}';

const NAMES: &[&str] =
    &["a", "b", "orders", "Created", "x1", "_y", "v2", "timeout", "start", "key", "Page", "status"];
const WORDS: &[&str] = &["a", "b", "id", "in", "return", "type", "until", "post", "as", "v1", "string"];
const STRING_CHARS: &[&str] = &["a", "Z", " ", "}", "'", "é", "☃", "/", "."];
const DATES: &[&str] = &["@2026-01-31", "@2028-02-29"];
const TIMESTAMPS: &[&str] = &["@2026-01-31T09:00:00Z", "@2026-01-31T09:00:00.25+02:00"];
const DURATIONS: &[&str] = &["250ms", "2s", "5m", "1h30m", "7d"];
const FLOATS: &[&str] = &["1.5e3", "2e-7"];
const SCALARS: &[&str] = &["41", "1F600"];

/// Makes sentences.
pub(crate) struct Generator {
    rules: BTreeMap<String, Expr>,
    /// How deep the shortest derivation of each rule is.
    heights: BTreeMap<String, usize>,
}

struct Walk<'g> {
    generator: &'g Generator,
    random: Random,
    /// The grammar's stack: yes or no.
    stack: Vec<bool>,
    depth: usize,
    text: String,
}

impl Generator {
    pub(crate) fn new() -> Self {
        let rules = rules();
        let mut heights = BTreeMap::new();
        loop {
            let before = heights.len();
            for (name, expr) in &rules {
                if let Some(height) = height(expr, &heights)
                    && heights.get(name).is_none_or(|known| height + 1 < *known)
                {
                    heights.insert(name.clone(), height + 1);
                }
            }
            if heights.len() == before {
                return Self { rules, heights };
            }
        }
    }

    /// A file of one declaration or two.
    pub(crate) fn sentence(&self, seed: u64) -> String {
        let random = Random::new(seed);
        let mut walk = Walk { generator: self, random, stack: Vec::new(), depth: 0, text: String::new() };
        walk.rule("enter_file");
        for _ in 0..=walk.random.below(2) {
            let code = if walk.random.once_in(4) { "test_decl" } else { "workflow_decl" };
            let rule = if walk.random.once_in(2) { code } else { "declaration" };
            walk.rule(rule);
            walk.text.push('\n');
        }
        walk.finish()
    }
}

/// How many rules deep the shortest derivation is; `None` where no way out is known yet.
fn height(expr: &Expr, heights: &BTreeMap<String, usize>) -> Option<usize> {
    match expr {
        Expr::Ident(name) if name.chars().all(|c| c.is_ascii_uppercase() || c == '_') => Some(0),
        Expr::Ident(name) => heights.get(name).copied(),
        Expr::Choice(left, right) => match (height(left, heights), height(right, heights)) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        },
        Expr::Opt(_) | Expr::Rep(_) | Expr::RepMax(_, _) | Expr::PosPred(_) | Expr::NegPred(_) => Some(0),
        expr => {
            let mut highest = 0;
            for part in parts(expr) {
                highest = highest.max(height(part, heights)?);
            }
            Some(highest)
        }
    }
}

impl Walk<'_> {
    fn is_tired(&self) -> bool {
        self.depth > DEPTH_MAX || self.text.len() > LENGTH_MAX
    }

    fn flag(&self, from_top: usize) -> bool {
        self.stack.len().checked_sub(from_top).and_then(|at| self.stack.get(at)).copied().unwrap_or(false)
    }

    /// What the stack says of an expression before it is tried: `false` where it cannot match.
    fn is_possible(&self, expr: &Expr, steps: usize) -> bool {
        match expr {
            Expr::PosPred(inner) => match inner.as_ref() {
                Expr::PeekSlice(start, _) => self.flag(start.unsigned_abs() as usize),
                _ => true,
            },
            Expr::Seq(first, second) => {
                self.is_possible(first, steps) && (!is_predicate(first) || self.is_possible(second, steps))
            }
            Expr::Choice(left, right) => self.is_possible(left, steps) || self.is_possible(right, steps),
            Expr::Ident(name) if steps > 0 => {
                self.generator.rules.get(name).is_none_or(|expr| self.is_possible(expr, steps - 1))
            }
            Expr::RepOnce(inner) => self.is_possible(inner, steps),
            _ => true,
        }
    }

    fn rule(&mut self, name: &str) {
        if self.terminal(name) {
            return;
        }
        let name = match name {
            "prefix_expr" if !self.random.once_in(8) => "postfix_expr",
            "primary" if self.is_tired() || self.random.once_in(2) => {
                *self.random.pick(&["name_expr", "literal", "string_literal", "name_expr"])
            }
            name => name,
        };
        let generator = self.generator;
        let expr = generator.rules.get(name).unwrap_or_else(|| panic!("no rule `{name}`"));
        self.depth += 1;
        self.expr(expr);
        self.depth -= 1;
    }

    /// What is not derived but picked, so that it means what a reader expects.
    fn terminal(&mut self, name: &str) -> bool {
        let one_of: &[&str] = match name {
            "plain_name" => NAMES,
            "word" => WORDS,
            "date" => DATES,
            "timestamp" => TIMESTAMPS,
            "duration" => DURATIONS,
            "float" => FLOATS,
            "unicode_scalar" => SCALARS,
            "quoted_char" | "block_char" | "source_char" => STRING_CHARS,
            "ASCII_DIGIT" => &["1", "2", "3"],
            "ASCII_ALPHA" | "ASCII_ALPHANUMERIC" | "ASCII_HEX_DIGIT" => &["a", "b"],
            "SOI" | "EOI" | "LAST_COMMA" if name != "LAST_COMMA" || !self.random.once_in(6) => &[""],
            "SP" | "WS" => {
                self.blank(name == "WS");
                return true;
            }
            "line_end" => &["\n"],
            "DROP" => {
                self.stack.pop();
                return true;
            }
            _ => return false,
        };
        self.text.push_str(self.random.pick::<&str>(one_of));
        true
    }

    fn blank(&mut self, may_end_line: bool) {
        let lines_may_end = self.flag(4);
        let is_bracketed = self.flag(3);
        if lines_may_end && (may_end_line || is_bracketed) && self.random.once_in(6) {
            let comment = if self.random.once_in(4) { " // a comment\n  " } else { "\n  " };
            self.text.push_str(comment);
        } else {
            self.text.push(if lines_may_end { BLANK } else { INLINE_BLANK });
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Str(text) | Expr::Insens(text) => self.text.push_str(text),
            Expr::Range(from, to) => {
                let (from, to) = (from.chars().next().unwrap(), to.chars().next().unwrap());
                let offset = self.random.below((to as usize - from as usize) + 1);
                self.text.push(char::from_u32(from as u32 + offset as u32).unwrap());
            }
            Expr::Ident(name) => self.rule(name),
            Expr::Seq(left, right) => {
                self.expr(left);
                self.expr(right);
            }
            Expr::Choice(_, _) => self.choice(expr),
            Expr::Opt(inner) => {
                if !self.is_tired() && self.random.once_in(3) && self.is_possible(inner, 4) {
                    self.expr(inner);
                }
            }
            Expr::Rep(inner) => self.repeat(inner, 0, 3),
            Expr::RepOnce(inner) => self.repeat(inner, 1, 3),
            Expr::RepExact(inner, times) => self.repeat(inner, *times, *times),
            Expr::RepMin(inner, times) => self.repeat(inner, *times, *times + 2),
            Expr::RepMax(inner, times) => self.repeat(inner, 0, *times),
            Expr::RepMinMax(inner, least, most) => self.repeat(inner, *least, *most),
            Expr::PushLiteral(text) => self.stack.push(text.is_empty()),
            Expr::PosPred(_) | Expr::NegPred(_) => {}
            Expr::Push(_) | Expr::PeekSlice(_, _) | Expr::Skip(_) | Expr::NodeTag(_, _) => {
                panic!("the grammar does not use this: {expr}")
            }
        }
    }

    fn repeat(&mut self, inner: &Expr, least: u32, most: u32) {
        let mut times = 0;
        while times < least
            || (times < most && !self.is_tired() && self.random.once_in(3) && self.is_possible(inner, 4))
        {
            self.expr(inner);
            times += 1;
        }
    }

    fn choice(&mut self, expr: &Expr) {
        let mut ways = Vec::new();
        collect_ways(expr, &mut ways);
        ways.retain(|way| self.is_possible(way, 4));
        if self.is_tired() {
            let heights = &self.generator.heights;
            let lowest = ways.iter().filter_map(|way| height(way, heights)).min();
            ways.retain(|way| height(way, heights) == lowest);
        }
        if !ways.is_empty() {
            let way = *self.random.pick(&ways);
            self.expr(way);
        }
    }

    /// Decides what each blank becomes.
    fn finish(mut self) -> String {
        let text = std::mem::take(&mut self.text);
        let mut finished = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(character) = rest.chars().next() {
            rest = &rest[character.len_utf8()..];
            if !matches!(character, BLANK | INLINE_BLANK) {
                finished.push(character);
                continue;
            }
            let last = finished.chars().next_back().unwrap_or(' ');
            let next = rest.trim_start_matches([BLANK, INLINE_BLANK]);
            let is_bracket = |c: char| "()[]{},:".contains(c);
            let may_vanish = is_bracket(last) || next.starts_with(is_bracket) && last != '?';
            if character == BLANK && goes_on(next) && self.random.once_in(4) {
                finished.push_str("\n    ");
            } else if !(may_vanish && self.random.once_in(4)) && last != ' ' {
                finished.push(' ');
            }
        }
        finished
    }
}

/// Whether a line that starts like this goes on with the one before.
fn goes_on(next: &str) -> bool {
    const MARKS: &[&str] =
        &[".", "?.", "|", "->", "=>", "&&", "==", "!=", "<", ">", "??", "+", "*", "/", "%"];
    const WORDS: &[&str] =
        &["in ", "div ", "as ", "compensate ", "catch ", "finally ", "else ", "with ", "until "];
    let next = next.replace([BLANK, INLINE_BLANK], " ");
    let is_name = |word: &str| next[word.len()..].trim_start().starts_with([':', '?']);
    !next.starts_with("...")
        && (MARKS.iter().any(|mark| next.starts_with(mark))
            || WORDS.iter().any(|word| next.starts_with(word) && !is_name(word)))
}

fn is_predicate(expr: &Expr) -> bool {
    match expr {
        Expr::PosPred(_) | Expr::NegPred(_) => true,
        Expr::Ident(name) => ["in_test", "records_may_stand", "lines_may_end"].contains(&name.as_str()),
        _ => false,
    }
}

fn collect_ways<'e>(expr: &'e Expr, ways: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Choice(left, right) => {
            collect_ways(left, ways);
            collect_ways(right, ways);
        }
        expr => ways.push(expr),
    }
}

/// Sentences that the grammar accepts, from consecutive seeds.
pub(crate) fn sentences(first_seed: u64, count: usize) -> Vec<String> {
    let generator = Generator::new();
    let made = (first_seed..).take(count * 2).map(|seed| generator.sentence(seed));
    made.filter(|text| flow_grammar::accepts(text).is_ok()).take(count).collect()
}

#[test]
fn most_sentences_made_from_the_grammar_are_accepted_by_it() {
    const COUNT: u64 = 2_000;
    let generator = Generator::new();
    let refused: Vec<String> = (0..COUNT)
        .map(|seed| generator.sentence(seed))
        .filter_map(|text| flow_grammar::accepts(&text).err().map(|error| format!("{error}\n{text}")))
        .collect();
    let share = refused.len() as f64 / COUNT as f64;
    assert!(
        share < 0.15,
        "{} of {COUNT} are refused, such as\n{}",
        refused.len(),
        refused[..5].join("\n----\n")
    );
}

#[test]
fn the_same_seed_gives_the_same_sentence() {
    let generator = Generator::new();
    assert_eq!(generator.sentence(7), Generator::new().sentence(7));
    assert_ne!(generator.sentence(7), generator.sentence(8));
}
