//! Declarations that hurt by their number, or by how they use each other.

use std::fmt::Write as _;

use flow_driver::MemoryWorld;

use super::Source;
use crate::project::ENTRY;

/// Lines made from numbers.
pub(super) fn lines(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(line).collect()
}

pub(super) fn doubling_functions(n: usize) -> Source {
    let last = format!("fn f_{n} (x: int) -> int = x + 1\n");
    let functions =
        lines(n, |i| format!("fn f_{i} (x: int) -> int = f_{next}(x) + f_{next}(x)\n", next = i + 1));
    Source::one(format!("{functions}{last}workflow main (x: int) -> int {{ return f_0(x) }}\n"))
}

fn family(name: &str, n: usize) -> String {
    let types =
        lines(n, |i| format!("type {name}_{i} {{ a: {name}_{next}, b: {name}_{next}? }}\n", next = i + 1));
    format!("{types}type {name}_{n} {{ a: int }}\n")
}

pub(super) fn doubling_types(n: usize) -> Source {
    let uses = "workflow main (x: T_0) -> json {\n  let y: json = x\n  let z = y as T_0\n  log \"{z == x}\"\n  return z\n}\n";
    Source::one(format!("{}{uses}", family("T", n)))
}

pub(super) fn doubling_types_compared(n: usize) -> Source {
    let uses = "workflow main (x: T_0) -> U_0 {\n  return x\n}\n";
    Source::one(format!("{}{}{uses}", family("T", n), family("U", n)))
}

pub(super) fn doubling_types_shown(n: usize) -> Source {
    // Without names, a type is shown by what it is made of.
    let mut ty = "int".to_owned();
    let types = lines(n, |i| format!("type G_{i}<T> = {{ a: T, b: T }}\n"));
    for i in 0..n.min(30) {
        ty = format!("G_{i}<{ty}>");
    }
    Source::one(format!("{types}workflow main (x: {ty}) -> int {{\n  let y = x.a\n  return y\n}}\n"))
}

pub(super) fn doubling_parameters(n: usize) -> Source {
    let types = lines(n, |i| format!("type G_{next}<T> = G_{i}<{{ a: T, b: T }}>\n", next = i + 1));
    let uses = format!("workflow main (x: G_{n}<int>) -> json {{\n  let y: json = x\n  return y\n}}\n");
    Source::one(format!("type G_0<T> = {{ a: T, b: T }}\n{types}{uses}"))
}

pub(super) fn endless_parameters(n: usize) -> Source {
    let types = lines(n, |i| format!("type W_{next}<T> = W_{i}<U<T>>\n", next = i + 1));
    Source::one(format!(
        "type E {{ e: E }}\ntype U<T> = A {{ x: T }} | B {{ x: T }} tagged \"kind\"\ntype W_0<T> = U<T>\n{types}\
         workflow main (x: W_{n}<E>) -> int {{ return 1 }}\ntype X = W_{n}<E>\n"
    ))
}

pub(super) fn doubling_conditions(n: usize) -> Source {
    let types = lines(n, |i| {
        format!(
            "type C_{i} = C_{next} where f_{i}(it)\nfn f_{i} (x: C_{next}) -> bool = x > 0 && x < 1_000\n",
            next = i + 1
        )
    });
    Source::one(format!("{types}type C_{n} = int\nworkflow main (x: C_0) -> int {{ return x }}\n"))
}

pub(super) fn union_of_literals(n: usize) -> Source {
    let members = lines(n, |i| format!("\n  | \"m{i}\""));
    let uses = "workflow main (x: U) -> U {\n  let y: U = \"m1\"\n  let z: U = \"nothing\"\n  return x\n}\n";
    Source::one(format!("type U = \"a\"{members}\n{uses}"))
}

pub(super) fn union_of_records(n: usize) -> Source {
    let cases = lines(n, |i| format!("\n  | Case{i} {{ id: string, n{i}: int }}"));
    let uses = "workflow main (x: U) -> U {\n  let y: U = Case1 { id: \"\", n1: 1 }\n  return y\n}\n";
    Source::one(format!("type U = First {{ id: string }}{cases} tagged \"kind\"\n{uses}"))
}

pub(super) fn fields(n: usize) -> Source {
    let fields = lines(n, |i| format!("  field_{i}: int,\n"));
    let uses = "workflow main (x: R) -> R {\n  log \"{x.field_1}\"\n  return x\n}\n";
    Source::one(format!("type R {{\n{fields}}}\n{uses}"))
}

pub(super) fn types(n: usize) -> Source {
    Source::one(lines(n, |i| format!("type T_{i} {{ a: int, b: [T_{}]? }}\n", (i + 1) % n)))
}

/// Two families, each of whose types holds all of its family: alike in each, as values of one become those of the other.
pub(super) fn entangled_types(n: usize) -> Source {
    let family = |name: &str| {
        lines(n, |i| {
            let fields: Vec<String> = (0..n).map(|j| format!("f_{j}: [{name}_{j}]")).collect();
            format!("type {name}_{i} {{ own_{i}: int, {} }}\n", fields.join(", "))
        })
    };
    let uses = "workflow main (t: T_0) -> U_0 {\n  return t\n}\n";
    Source::one(format!("{}{}{uses}", family("T"), family("U")))
}

pub(super) fn duplicates(n: usize) -> Source {
    Source::one("type Same { a: int }\n".repeat(n))
}

pub(super) fn operations(n: usize) -> Source {
    let operations =
        lines(n, |i| format!("  get get_{i} \"/o/{i}/{{id}}\" (id: string) -> {{ id: string }}\n"));
    let uses = "workflow main (id: string) -> string { return a.get_1(id).id }\n";
    Source::one(format!("api a v1 {{\n  base: \"https://a.example\"\n{operations}}}\n{uses}"))
}

pub(super) fn config(n: usize) -> Source {
    let entries = lines(n, |i| format!("  entry_{i}: int = {i}\n"));
    Source::one(format!("config {{\n{entries}}}\nworkflow main () -> int {{ return config.entry_1 }}\n"))
}

pub(super) fn parameters(n: usize) -> Source {
    let parameters = lines(n, |i| format!("  p{i}: int,\n"));
    let arguments = lines(n, |i| format!("{i},\n"));
    Source::one(format!(
        "fn f (\n{parameters}) -> int = p0\nworkflow main () -> int {{\n  return f(\n{arguments})\n}}\n"
    ))
}

pub(super) fn workflows(n: usize) -> Source {
    let api = "api a v1 {\n  base: \"https://a.example\"\n  get find \"/o/{id}\" (id: string) -> { id: string }\n}\n";
    let all = lines(n, |i| format!("workflow w_{i} (id: string) -> string {{\n  return a.find(id).id\n}}\n"));
    Source::one(format!("{api}{all}"))
}

pub(super) fn tests(n: usize) -> Source {
    let head = "api a v1 {\n  base: \"https://a.example\"\n  get find \"/o/{id}\" (id: string) -> { id: string }\n}\n\
                workflow main (id: string) -> string { return a.find(id).id }\n";
    let tests = lines(n, |i| {
        format!(
            "test \"t{i}\" {{\n  mock a.find => {{ id: \"{i}\" }}\n  let run = main(\"x\")\n  expect run.result == \"{i}\"\n}}\n"
        )
    });
    Source::one(format!("{head}{tests}"))
}

fn files(entry: String, others: impl Iterator<Item = (String, String)>) -> Source {
    let mut bytes = entry.len();
    let mut world = MemoryWorld::default().with(ENTRY, entry);
    for (path, text) in others {
        bytes += text.len();
        world = world.with(&path, text);
    }
    Source { world, bytes }
}

fn importing(next: usize) -> String {
    format!("import {{ T_{next} }} from \"./f{next}.flow\"\n")
}

pub(super) fn import_chain(n: usize) -> Source {
    let file =
        |i: usize| (format!("f{i}.flow"), format!("{}type T_{i} {{ a: T_{} }}\n", importing(i + 1), i + 1));
    files(
        importing(0),
        (0..n).map(file).chain([(format!("f{n}.flow"), format!("type T_{n} {{ a: int }}\n"))]),
    )
}

pub(super) fn import_star(n: usize) -> Source {
    let file = |i: usize| (format!("f{i}.flow"), format!("type T_{i} {{ a: int }}\n"));
    files(lines(n, importing), (0..n).map(file))
}

pub(super) fn import_circle(n: usize) -> Source {
    let file = |i: usize| {
        let mut text = importing((i + 1) % n);
        let _ = writeln!(text, "type T_{i} {{ a: int }}");
        (format!("f{i}.flow"), text)
    };
    files(importing(0), (0..n).map(file))
}

pub(super) fn raises(n: usize) -> Source {
    let errors = lines(n, |i| format!("error E_{i} {{ reason: string }}\n"));
    let operations = lines(n, |i| {
        format!(
            "  get op_{i} \"/o/{i}\" () -> {{ id: string }} {{\n    raises: {{ {}: E_{i} }}\n  }}\n",
            400 + i % 100
        )
    });
    let calls = lines(n, |i| format!("  a.op_{i}()\n"));
    Source::one(format!(
        "{errors}api a v1 {{\n  base: \"https://a.example\"\n{operations}}}\nworkflow main () {{\n{calls}}}\n"
    ))
}
