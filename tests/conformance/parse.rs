//! Reads the part of CEL and of FEEL that Flow has too. What is not of it is none: the case is not covered.

/// Which language a text is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Cel,
    Feel,
}

/// An expression of both.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// Digits, perhaps with a fraction.
    Number(String),
    Text(String),
    Bool(bool),
    Null,
    Name(String),
    List(Vec<Expr>),
    Map(Vec<(String, Expr)>),
    Unary(&'static str, Box<Expr>),
    Binary(String, Box<Expr>, Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    Index(Box<Expr>, Box<Expr>),
    /// A function or method with all its arguments, the receiver first.
    Call(String, Vec<Expr>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(String),
    Text(String),
    Word(String),
    Sign(&'static str),
}

const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "**", "..", "<", ">", "=", "+", "-", "*", "/", "%", "!", "?", ":",
    "(", ")", "[", "]", ",",
];

/// Reads a whole text.
pub fn parse(text: &str, dialect: Dialect) -> Option<Expr> {
    let tokens = tokens(text, dialect)?;
    let mut parser = Parser { tokens, at: 0, dialect };
    let expr = parser.expr()?;
    (parser.at == parser.tokens.len()).then_some(expr)
}

fn tokens(text: &str, dialect: Dialect) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (whole, after) = rest.split_at(end);
            let digits = after
                .strip_prefix('.')
                .map_or(0, |fraction| fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len()));
            let (number, after) = if digits > 0 { rest.split_at(end + 1 + digits) } else { (whole, after) };
            // Exponents and unsigned numbers are none of Flow's decimals and ints.
            if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return None;
            }
            (Token::Number(number.to_owned()), after)
        } else if first == '"' || (first == '\'' && dialect == Dialect::Cel) {
            let (content, after) = quoted(rest)?;
            (Token::Text(content), after)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if after.starts_with(['"', '\'']) {
                return None;
            }
            (Token::Word(word.to_owned()), after)
        } else if let Some(after) = rest.strip_prefix('.').filter(|_| !rest.starts_with("..")) {
            (Token::Sign("."), after)
        } else if let Some(after) = rest.strip_prefix('{') {
            (Token::Sign("{"), after)
        } else if let Some(after) = rest.strip_prefix('}') {
            (Token::Sign("}"), after)
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            (Token::Sign(sign), rest.get(sign.len()..)?)
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

/// A text in quotes, and what comes after. Escapes other than the usual ones are not covered.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next()?;
    if text.starts_with("\"\"\"") || text.starts_with("'''") {
        return None;
    }
    let mut content = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((content, text.get(at + c.len_utf8()..)?)),
            '\\' => match chars.next()?.1 {
                'n' => content.push('\n'),
                't' => content.push('\t'),
                'r' => content.push('\r'),
                c @ ('\\' | '"' | '\'') => content.push(c),
                'u' => {
                    let hex: String = (0..4).filter_map(|_| chars.next().map(|(_, c)| c)).collect();
                    content.push(char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?);
                }
                _ => return None,
            },
            c => content.push(c),
        }
    }
    None
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    dialect: Dialect,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let is = match self.peek() {
            Some(Token::Sign(found)) => *found == sign,
            Some(Token::Word(found)) => found == sign,
            _ => false,
        };
        self.at += usize::from(is);
        is
    }

    fn due(&mut self, sign: &str) -> Option<()> {
        self.eat(sign).then_some(())
    }

    fn expr(&mut self) -> Option<Expr> {
        if self.dialect == Dialect::Feel && self.eat("if") {
            let condition = self.expr()?;
            self.due("then")?;
            let yes = self.expr()?;
            self.due("else")?;
            return Some(Expr::If(Box::new(condition), Box::new(yes), Box::new(self.expr()?)));
        }
        let first = self.binary(0)?;
        if self.dialect == Dialect::Cel && self.eat("?") {
            let yes = self.expr()?;
            self.due(":")?;
            return Some(Expr::If(Box::new(first), Box::new(yes), Box::new(self.expr()?)));
        }
        Some(first)
    }

    fn binary(&mut self, level: usize) -> Option<Expr> {
        const CEL: [&[&str]; 5] =
            [&["||"], &["&&"], &["==", "!=", "<=", ">=", "<", ">", "in"], &["+", "-"], &["*", "/", "%"]];
        const FEEL: [&[&str]; 5] =
            [&["or"], &["and"], &["=", "!=", "<=", ">=", "<", ">"], &["+", "-"], &["*", "/"]];
        let levels = if self.dialect == Dialect::Cel { CEL } else { FEEL };
        let Some(signs) = levels.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(sign) = signs.iter().find(|sign| self.eat(sign)) {
            let right = self.binary(level + 1)?;
            let sign = match *sign {
                "or" => "||",
                "and" => "&&",
                "=" => "==",
                other => other,
            };
            left = Expr::Binary(sign.to_owned(), Box::new(left), Box::new(right));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expr> {
        if self.eat("-") {
            return Some(Expr::Unary("-", Box::new(self.unary()?)));
        }
        if self.dialect == Dialect::Cel && self.eat("!") {
            return Some(Expr::Unary("!", Box::new(self.unary()?)));
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Option<Expr> {
        let mut expr = self.primary()?;
        loop {
            if self.eat("[") {
                let index = self.expr()?;
                self.due("]")?;
                // FEEL counts from 1, and filters: neither is Flow's.
                if self.dialect == Dialect::Feel {
                    return None;
                }
                expr = Expr::Index(Box::new(expr), Box::new(index));
            } else if self.eat(".") {
                let Some(Token::Word(name)) = self.peek().cloned() else { return None };
                self.at += 1;
                if !self.eat("(") {
                    return None;
                }
                let mut arguments = vec![expr];
                arguments.extend(self.list(")")?);
                expr = Expr::Call(name, arguments);
            } else {
                return Some(expr);
            }
        }
    }

    fn list(&mut self, end: &str) -> Option<Vec<Expr>> {
        let mut items = Vec::new();
        while !self.eat(end) {
            items.push(self.expr()?);
            if !self.eat(",") {
                self.due(end)?;
                break;
            }
        }
        Some(items)
    }

    fn primary(&mut self) -> Option<Expr> {
        let token = self.peek().cloned()?;
        self.at += 1;
        match token {
            Token::Number(digits) => Some(Expr::Number(digits)),
            Token::Text(text) => Some(Expr::Text(text)),
            Token::Sign("(") => {
                let expr = self.expr()?;
                self.due(")")?;
                Some(expr)
            }
            Token::Sign("[") => self.list("]").map(Expr::List),
            Token::Sign("{") => {
                let mut entries = Vec::new();
                while !self.eat("}") {
                    let Some(Token::Text(key)) = self.peek().cloned() else { return None };
                    self.at += 1;
                    self.due(":")?;
                    entries.push((key, self.expr()?));
                    if !self.eat(",") {
                        self.due("}")?;
                        break;
                    }
                }
                // A context of FEEL is a record, whose members are not read by a text.
                (self.dialect == Dialect::Cel).then_some(Expr::Map(entries))
            }
            Token::Sign(_) => None,
            Token::Word(word) => match word.as_str() {
                "true" => Some(Expr::Bool(true)),
                "false" => Some(Expr::Bool(false)),
                "null" => Some(Expr::Null),
                _ => {
                    // Functions of FEEL have names of several words.
                    let mut name = word;
                    while self.dialect == Dialect::Feel
                        && let Some(Token::Word(more)) = self.peek().cloned()
                        && !["and", "or", "then", "else", "in", "between", "instance", "return"]
                            .contains(&more.as_str())
                    {
                        name.push(' ');
                        name.push_str(&more);
                        self.at += 1;
                    }
                    if self.eat("(") {
                        Some(Expr::Call(name, self.list(")")?))
                    } else {
                        Some(Expr::Name(name))
                    }
                }
            },
        }
    }
}
