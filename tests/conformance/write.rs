//! Writes an expression in Flow: the translation table.

use super::parse::{Dialect, Expr};

/// What is known of an expression's type, as far as the translation needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Int,
    Decimal,
    Text,
    List,
    /// A bool or null, which are never added.
    Bare,
    Other,
}

/// Functions and methods by their names there: the receiver is the first argument.
const METHODS: [(Dialect, &str, usize, &str); 26] = [
    (Dialect::Cel, "size", 1, "size"),
    (Dialect::Cel, "contains", 2, "contains"),
    (Dialect::Cel, "startsWith", 2, "starts_with"),
    (Dialect::Cel, "endsWith", 2, "ends_with"),
    (Dialect::Cel, "matches", 2, "matches"),
    (Dialect::Cel, "split", 2, "split"),
    (Dialect::Cel, "replace", 3, "replace"),
    (Dialect::Cel, "trim", 1, "trim"),
    (Dialect::Cel, "join", 2, "join"),
    (Dialect::Feel, "string length", 1, "size"),
    (Dialect::Feel, "upper case", 1, "upper"),
    (Dialect::Feel, "lower case", 1, "lower"),
    (Dialect::Feel, "contains", 2, "contains"),
    (Dialect::Feel, "starts with", 2, "starts_with"),
    (Dialect::Feel, "ends with", 2, "ends_with"),
    (Dialect::Feel, "matches", 2, "matches"),
    (Dialect::Feel, "split", 2, "split"),
    (Dialect::Feel, "floor", 1, "floor"),
    (Dialect::Feel, "ceiling", 1, "ceil"),
    (Dialect::Feel, "abs", 1, "abs"),
    (Dialect::Feel, "count", 1, "size"),
    (Dialect::Feel, "sum", 1, "sum"),
    (Dialect::Feel, "list contains", 2, "contains"),
    (Dialect::Feel, "distinct values", 1, "distinct"),
    (Dialect::Feel, "string join", 2, "join"),
    (Dialect::Feel, "decimal", 2, "round"),
];

/// Macros of CEL over lists, whose second argument is a name.
const MACROS: [(&str, &str); 5] =
    [("all", "all"), ("exists", "any"), ("filter", "filter"), ("map", "map"), ("exists_one", "filter")];

/// The expression in Flow, where it is of what Flow has too. `known` says which names stand for values.
pub fn flow(expr: &Expr, dialect: Dialect, known: &[String]) -> Option<String> {
    Writer { dialect, known: known.to_vec() }.expr(expr)
}

/// A text as a literal.
pub fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '{' | '}' if c != '}' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

struct Writer {
    dialect: Dialect,
    known: Vec<String>,
}

impl Writer {
    fn expr(&mut self, expr: &Expr) -> Option<String> {
        Some(match expr {
            Expr::Number(digits) => digits.clone(),
            Expr::Text(content) => text(content),
            Expr::Bool(truth) => truth.to_string(),
            Expr::Null => "null".to_owned(),
            Expr::Name(name) => return self.known.contains(name).then(|| name.replace(' ', "_")),
            Expr::List(items) => format!("[{}]", self.all(items)?.join(", ")),
            Expr::Map(entries) => {
                let mut written = Vec::new();
                for (key, value) in entries {
                    written.push(format!("{}: {}", text(key), self.expr(value)?));
                }
                format!("{{ {} }}", written.join(", "))
            }
            Expr::Unary(sign, inner) if matches!(**inner, Expr::Unary(..)) => {
                format!("{sign}{}", self.expr(inner)?)
            }
            Expr::Unary(sign, inner) => format!("{sign}{}", self.operand(inner)?),
            Expr::Binary(sign, left, right) => return self.binary(sign, left, right),
            Expr::If(condition, yes, no) => {
                format!(
                    "(if {} {{ {} }} else {{ {} }})",
                    self.expr(condition)?,
                    self.expr(yes)?,
                    self.expr(no)?
                )
            }
            Expr::Index(of, index) => format!("{}[{}]", self.operand(of)?, self.expr(index)?),
            Expr::Call(name, arguments) => return self.call(name, arguments),
        })
    }

    fn operand(&mut self, expr: &Expr) -> Option<String> {
        self.expr(expr).map(|written| format!("({written})"))
    }

    fn all(&mut self, items: &[Expr]) -> Option<Vec<String>> {
        items.iter().map(|item| self.expr(item)).collect()
    }

    fn kind(&self, expr: &Expr) -> Kind {
        match expr {
            Expr::Number(digits) if digits.contains('.') => Kind::Decimal,
            Expr::Number(_) => Kind::Int,
            Expr::Text(_) => Kind::Text,
            Expr::Bool(_) | Expr::Null => Kind::Bare,
            Expr::List(_) => Kind::List,
            Expr::Unary("-", inner) => self.kind(inner),
            Expr::Binary(sign, left, right) if ["+", "-", "*", "/", "%"].contains(&sign.as_str()) => {
                match (self.kind(left), self.kind(right)) {
                    (Kind::Text, _) | (_, Kind::Text) => Kind::Text,
                    (Kind::List, _) | (_, Kind::List) => Kind::List,
                    (Kind::Int, Kind::Int) => Kind::Int,
                    _ => Kind::Decimal,
                }
            }
            Expr::If(_, yes, _) => self.kind(yes),
            Expr::Call(name, _) if name == "size" => Kind::Int,
            Expr::Call(name, _)
                if ["upper case", "lower case", "string join", "trim"].contains(&name.as_str()) =>
            {
                Kind::Text
            }
            Expr::Call(name, _) if ["map", "filter", "split"].contains(&name.as_str()) => Kind::List,
            _ => Kind::Other,
        }
    }

    fn binary(&mut self, sign: &str, left: &Expr, right: &Expr) -> Option<String> {
        let (kinds, a, b) = ((self.kind(left), self.kind(right)), self.operand(left)?, self.operand(right)?);
        Some(match (sign, kinds) {
            // Texts are joined by interpolation, lists by spreading.
            ("+", (Kind::Text, Kind::Text | Kind::Other) | (Kind::Other, Kind::Text)) => {
                format!("\"{{{a}}}{{{b}}}\"")
            }
            ("+", (Kind::List, Kind::List)) => format!("[...{a}, ...{b}]"),
            ("/", (Kind::Int, Kind::Int)) if self.dialect == Dialect::Cel => format!("({a} div {b})"),
            ("in", _) if matches!(right, Expr::Map(_)) => format!("{b}.contains({a})"),
            _ => format!("({a} {sign} {b})"),
        })
    }

    fn call(&mut self, name: &str, arguments: &[Expr]) -> Option<String> {
        if self.dialect == Dialect::Feel && name == "not" && arguments.len() == 1 {
            return Some(format!("(!{})", self.operand(arguments.first()?)?));
        }
        if self.dialect == Dialect::Cel
            && let Some((_, method)) = MACROS.iter().find(|(known, _)| *known == name)
            && let [list, Expr::Name(element), body] = arguments
        {
            let keys = if matches!(list, Expr::Map(_)) { ".keys()" } else { "" };
            let list = format!("{}{keys}", self.operand(list)?);
            self.known.push(element.clone());
            let body = self.expr(body);
            self.known.pop();
            let one = if name == "exists_one" { ".size() == 1" } else { "" };
            return Some(format!("({list}.{method}({element} => {}){one})", body?));
        }
        if self.dialect == Dialect::Feel && name == "modulo" && arguments.len() == 2 {
            return Some(format!(
                "({} % {})",
                self.operand(arguments.first()?)?,
                self.operand(arguments.get(1)?)?
            ));
        }
        let count = arguments.len();
        let (.., method) = METHODS.iter().find(|(dialect, known, arity, _)| {
            *dialect == self.dialect && *known == name && *arity == count
        })?;
        let (receiver, rest) = arguments.split_first()?;
        let receiver = self.operand(receiver)?;
        Some(format!("{receiver}.{method}({})", self.all(rest)?.join(", ")))
    }
}
