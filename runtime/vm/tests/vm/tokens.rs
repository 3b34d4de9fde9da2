//! The words of a plan's text.

/// Words, names, literals and single signs.
fn tokens(line: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let chars: Vec<char> = line.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | '#');
        match chars[at] {
            ' ' => {
                at += 1;
                continue;
            }
            '/' if chars.get(at + 1) == Some(&'/') => break,
            '"' => {
                at += 1;
                while chars[at] != '"' {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
            }
            '-' if chars.get(at + 1) == Some(&'>') => at += 2,
            c if is_word(c) => {
                while at < chars.len()
                    && is_word(chars[at])
                    && !(chars[at] == '.' && chars.get(at + 1) == Some(&'.'))
                {
                    at += 1;
                }
            }
            '.' => at += 2,
            _ => at += 1,
        }
        if at == start {
            at += 2;
        }
        out.push(chars[start..at].iter().collect());
    }
    out
}

/// Where a line is read.
pub(crate) struct Cursor {
    pub(crate) tokens: Vec<String>,
    pub(crate) at: usize,
}

impl Cursor {
    pub(crate) fn new(line: &str) -> Self {
        Self { tokens: tokens(line), at: 0 }
    }

    pub(crate) fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    pub(crate) fn next(&mut self) -> String {
        let token = self.peek().to_owned();
        assert!(!token.is_empty(), "more is due after {:?}", self.tokens);
        self.at += 1;
        token
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let found = self.peek() == token;
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, token: &str) {
        assert!(self.eat(token), "expected {token:?} at {} of {:?}", self.at, self.tokens);
    }

    pub(crate) fn number<T: std::str::FromStr>(&mut self) -> T {
        let token = self.next();
        token.parse().unwrap_or_else(|_| panic!("no number: {token}"))
    }
}
