//! Workflows that hurt by what stands in them.

use super::Source;
use super::declarations::lines;

const API: &str = "api a v1 {\n  base: \"https://a.example\"\n  \
                   get find \"/o/{id}\" (id: int) -> { id: string, n: int }\n  \
                   post make \"/o\" (body x: { n: int }) -> { id: string } {\n    \
                   idempotency: header(\"Idempotency-Key\")\n    undo: drop(result.id)\n  }\n  \
                   delete drop \"/o/{id}\" (id: string)\n}\n";

/// A workflow with these statements.
fn workflow(body: &str) -> Source {
    Source::one(format!("{API}workflow main (x: int, y: int?) {{\n{body}}}\n"))
}

pub(super) fn unknown_names(n: usize) -> Source {
    let known = lines(n, |i| format!("  let known_{i} = x + {i}\n"));
    workflow(&format!("{known}{}", lines(n, |i| format!("  log \"{{knwon_{i}}}\"\n"))))
}

pub(super) fn unknown_fields(n: usize) -> Source {
    let fields = lines(n, |i| format!("  known_{i}: int,\n"));
    let uses = lines(n, |i| format!("  log \"{{r.knwon_{i}}}\"\n"));
    Source::one(format!("type R {{\n{fields}}}\nworkflow main (r: R) {{\n{uses}}}\n"))
}

pub(super) fn long_unknown_name(n: usize) -> Source {
    let name = "x".repeat(n);
    workflow(&format!("  let {name}y = 1\n  log \"{{{name}z}}\"\n"))
}

pub(super) fn findings_on_one_line(n: usize) -> Source {
    workflow(&format!("  let z = [{}]\n", lines(n, |i| format!("unknown_name_{i} + \"x\", "))))
}

pub(super) fn steps(n: usize) -> Source {
    workflow(&lines(n, |i| format!("  let s{i} = a.find({i})\n")))
}

pub(super) fn logs(n: usize) -> Source {
    workflow(&lines(n, |i| format!("  log \"line {{x}} {i}\"\n")))
}

pub(super) fn tries(n: usize) -> Source {
    workflow(&lines(n, |i| format!("  try {{ a.make({{ n: {i} }}) }} catch http 404 {{ log \"none\" }}\n")))
}

pub(super) fn sagas(n: usize) -> Source {
    workflow(&lines(n, |i| {
        format!("  saga {{\n    let s = a.make({{ n: {i} }})\n    log \"{{s.id}}\"\n  }}\n")
    }))
}

pub(super) fn nested_tries(n: usize) -> Source {
    let open = lines(n, |i| format!("try {{\n let s{i} = a.make({{ n: x }})\n"));
    let close = lines(n, |i| {
        format!("log \"{{s{}.id}}\"\n}} catch http as e {{ log \"{{e.message}}\" }}\n", n - i - 1)
    });
    workflow(&format!("{open}{close}"))
}

pub(super) fn loops(n: usize) -> Source {
    workflow(&format!("  var n = 0\n{}", lines(n, |i| format!("  while n < {i} {{ n = n + 1 }}\n"))))
}

pub(super) fn nested_loops(n: usize) -> Source {
    let open = lines(n, |i| format!("while n{i} < x {{\n n{i} = n{i} + n{}\n", (i + 1) % n));
    let variables = lines(n, |i| format!("  var n{i} = {i}\n"));
    workflow(&format!("{variables}{open}{}", "}\n".repeat(n)))
}

pub(super) fn branches(n: usize) -> Source {
    let branches = lines(n, |i| format!("    b{i}: a.find({i})\n"));
    workflow(&format!("  let r = parallel {{\n{branches}  }}\n  log \"{{r.b0.id}}\"\n"))
}

pub(super) fn nested_branches(n: usize) -> Source {
    // Each `parallel` nests its brace, and the heads around it count.
    let open = "parallel {\n b: a.find(x)\n c: ".repeat(n);
    workflow(&format!("  {open} x\n{}", "}\n".repeat(n)))
}

pub(super) fn else_ifs(n: usize) -> Source {
    let arms = lines(n, |i| format!(" else if x == {i} {{ log \"{i}\" }}"));
    workflow(&format!("  if x < 0 {{ }}{arms}\n"))
}

pub(super) fn arms(n: usize) -> Source {
    let arms = lines(n, |i| format!("    {i} => \"{i}\",\n"));
    workflow(&format!("  let s = match x {{\n{arms}    _ => \"\",\n  }}\n  log s\n"))
}

pub(super) fn arms_over_fields(n: usize) -> Source {
    let fields = lines(n, |i| format!("f{i}: bool, "));
    // Each arm looks at two fields: what is left grows as fast as it can.
    let arms = lines(n, |i| format!("    {{ f{i}: true, f{}: false }} => {i},\n", (i + 1) % n));
    Source::one(format!("fn f (r: {{ {fields} }}) -> int = match r {{\n{arms}  }}\nworkflow main () {{ }}\n"))
}

pub(super) fn arms_over_unions(n: usize) -> Source {
    let members = lines(n, |i| format!("\n  | \"m{i}\""));
    let arms = lines(n, |i| format!("    {{ l: \"m{i}\", r: \"m{i}\" }} => {i},\n"));
    Source::one(format!(
        "type U = \"m\"{members}\nfn f (r: {{ l: U, r: U }}) -> int = match r {{\n{arms}  }}\nworkflow main () {{ }}\n"
    ))
}

pub(super) fn list(n: usize) -> Source {
    workflow(&format!(
        "  let l = [\n{}  ]\n  log \"{{l.size()}}\"\n",
        lines(n, |i| format!("    x + {i},\n"))
    ))
}

pub(super) fn record(n: usize) -> Source {
    let fields = lines(n, |i| format!("    f{i}: x,\n"));
    workflow(&format!("  let r = {{\n{fields}  }}\n  log \"{{r.f1}}\"\n"))
}

pub(super) fn map(n: usize) -> Source {
    let entries = lines(n, |i| format!("    \"k{i}\": x,\n"));
    workflow(&format!("  let m: {{string: int}} = {{\n{entries}  }}\n  log \"{{m.size()}}\"\n"))
}

pub(super) fn template(n: usize) -> Source {
    workflow(&format!("  log \"{}\"\n", "{x} ".repeat(n)))
}

pub(super) fn hidden(n: usize) -> Source {
    workflow(&lines(n, |i| format!("  let same = x + {i}\n")))
}

pub(super) fn variables(n: usize) -> Source {
    let all = lines(n, |i| format!("  var v{i} = x + {i}\n"));
    let assigned = lines(n, |i| format!("  v{i} = v{} + 1\n", (i + 1) % n));
    workflow(&format!("{all}{assigned}"))
}

pub(super) fn mocks(n: usize) -> Source {
    let mocks = lines(n, |i| format!("  mock a.find({i}) => {{ id: \"{i}\", n: {i} }}\n"));
    let expects = lines(n, |i| format!("  expect calls a.find({i}) never\n"));
    Source::one(format!(
        "{API}workflow main (x: int) -> string {{ return a.find(x).id }}\ntest \"t\" {{\n{mocks}  let run = main(0)\n{expects}}}\n"
    ))
}

pub(super) fn methods(n: usize) -> Source {
    let chain = ".map(i => i + 1).filter(i => i > 0)".repeat(n / 2);
    workflow(&format!("  let l = [x]{chain}\n  log \"{{l.size()}}\"\n"))
}

pub(super) fn lambdas(n: usize) -> Source {
    workflow(&format!("  let l = {}x{}\n", "[x].map(i => ".repeat(n), ")".repeat(n)))
}

pub(super) fn narrowing(n: usize) -> Source {
    let all = lines(n, |i| {
        format!("  let v{i} = if x > {i} {{ y }} else {{ null }}\n  if v{i} == null {{ return }}\n")
    });
    workflow(&format!("{all}{}", lines(n, |i| format!("  log \"{{v{i} + 1}}\"\n"))))
}
