//! Texts that hurt by their shape: depth, length, characters.

use super::Source;

fn expression(text: &str) -> Source {
    Source::one(format!("workflow main () {{\n  let x = {text}\n}}\n"))
}

pub(super) fn parentheses(n: usize) -> Source {
    expression(&"(".repeat(n))
}

pub(super) fn closers(n: usize) -> Source {
    expression(&")]}".repeat(n / 3))
}

pub(super) fn string_braces(n: usize) -> Source {
    expression(&"\"{".repeat(n))
}

pub(super) fn prefixes(n: usize) -> Source {
    // A line has its own limit: a new one begins before it.
    expression(&format!("{}(\n", "!".repeat(200)).repeat(n / 200))
}

pub(super) fn operators(n: usize) -> Source {
    expression(&format!("1{}", " +\n 1".repeat(n)))
}

pub(super) fn long_file(n: usize) -> Source {
    Source::one("error A { }\n".repeat(n / 12))
}

pub(super) fn long_line(n: usize) -> Source {
    expression(&format!("\"{}\"", "x".repeat(n)))
}

pub(super) fn bidi(n: usize) -> Source {
    Source::one("// \u{202E}\u{200B}\n".repeat(n / 10))
}

pub(super) fn zeros(n: usize) -> Source {
    Source::one("\0".repeat(n))
}

pub(super) fn quotes(n: usize) -> Source {
    Source::one("\"\n".repeat(n))
}

pub(super) fn errors(n: usize) -> Source {
    Source::one("let\n@ ]\n".repeat(n))
}
