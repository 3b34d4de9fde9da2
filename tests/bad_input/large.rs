//! Sources that are large in one way: each gets its answer at its limit, and nothing that grows with the square of it.
//! What is never said a second time is not found out a second time either: these were all slow once.

use super::{Row, text};

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

fn record(fields: usize) -> String {
    format!("type R {{\n{}}}\n", lines(fields, |i| format!("  known_{i}: int,\n")))
}

/// An API with so many operations.
fn shop(operations: usize) -> String {
    let operations = lines(operations, |i| format!("  get find_{i} \"/o/{i}\" () -> int\n"));
    format!("api shop {{\n  base: \"http://127.0.0.1:1\"\n{operations}}}\n")
}

fn workflow(statements: &str) -> String {
    format!("workflow main (x: int, y: int?) {{\n{statements}}}\n")
}

/// The rows.
pub fn rows() -> Vec<Row> {
    let (known, slips) = (record(2_000), lines(2_000, |i| format!("    knwon_{i}: {i},\n")));
    let empty = lines(100, |i| format!("  let z{i}: R = {{ }}\n"));
    let parameters = lines(900, |i| format!("known_{i}: int, "));
    let arguments = lines(900, |i| format!("knwon_{i}: 1, "));
    let config = lines(1_000, |i| format!("  known_{i}: int = 1\n"));
    let members = lines(1_000, |i| format!("\n  | \"known_{i}\""));
    vec![
        text(
            "a record literal of 2,000 fields that are misspelt",
            format!("{known}workflow main () -> R {{\n  return {{\n{slips}  }}\n}}\n"),
            Some("F0302"),
        ),
        text(
            "100 record literals that lack 2,000 fields",
            format!("{known}{}", workflow(&empty)),
            Some("F0303"),
        ),
        text(
            "1,000 operations that are misspelt",
            format!("{}{}", shop(1_000), workflow(&lines(1_000, |i| format!("  shop.fnid_{i}()\n")))),
            Some("F0206"),
        ),
        text(
            "20 calls with 900 arguments that are misspelt",
            format!(
                "fn f ({parameters}) -> int = 1\n{}",
                workflow(&lines(20, |i| format!("  let z{i} = f({arguments})\n")))
            ),
            Some("F0306"),
        ),
        text(
            "1,000 configuration entries that are misspelt",
            format!(
                "config {{\n{config}}}\n{}",
                workflow(&lines(1_000, |i| format!("  log \"{{config.knwon_{i}}}\"\n")))
            ),
            Some("F0208"),
        ),
        text(
            "1,000 literals that are none of 1,000",
            format!(
                "type U ={members}\n{}",
                workflow(&lines(1_000, |i| format!("  let z{i}: U = \"knwon_{i}\"\n")))
            ),
            Some("F0315"),
        ),
        text(
            "3,000 ways out of a workflow: more than can be checked",
            workflow(&lines(3_000, |i| format!("  if y == {i} {{ return }}\n"))),
            Some("F0004"),
        ),
        text(
            "a line of 5,000 words that are reserved",
            format!("{}\n", "type ".repeat(5_000)),
            Some("F0101"),
        ),
        text(
            "a line of 5,000 workflows without names",
            format!("{}\n", "workflow ".repeat(5_000)),
            Some("F0101"),
        ),
        text(
            "40 functions that each use the next one in every arm",
            format!(
                "{}fn f40 (x: int) -> int = x\nworkflow main () -> int {{ return f0(1) }}\n",
                lines(40, |i| format!(
                    "fn f{i} (x: int) -> int = match x {{ 1 => f{0}(x), 2 => f{0}(3), _ => f{0}(x + 1) }}\n",
                    i + 1
                ))
            ),
            None,
        ),
        text(
            "40 types that each use the next one in a list and a map",
            format!(
                "{}type T40 = int\nworkflow main (x: T0) -> T0 {{ return x }}\n",
                lines(40, |i| format!("type T{i} {{ a: [T{0}], b: {{string: T{0}?}} }}\n", i + 1))
            ),
            None,
        ),
        text(
            "a union of 5,000 literals",
            format!("type U ={}\n", lines(5_000, |i| format!("\n  | \"k{i}\""))),
            Some("F0004"),
        ),
        text(
            "a record of 4,097 fields",
            format!("{}workflow main (r: R) -> R {{ return r }}\n", record(4_097)),
            Some("F0004"),
        ),
        text(
            "1,001 `else if`",
            workflow(&format!(
                "  if x == 0 {{ log \"a\" }}{}\n",
                lines(1_001, |i| format!(" else if x == {i} {{ log \"b\" }}"))
            )),
            Some("F0004"),
        ),
        text(
            "a `match` of 1,001 arms",
            workflow(&format!(
                "  match x {{\n{}    _ => null\n  }}\n",
                lines(1_001, |i| format!("    {i} => null,\n"))
            )),
            Some("F0004"),
        ),
        text("10,000 lines of nonsense", lines(10_000, |i| format!("foo bar {i}\n")), Some("F0101")),
    ]
}
