use crate::support::parsed;
use std::time::Instant;
#[test]
#[ignore]
fn timing() {
    for open in ["(", "[", "{", "{ a: ", "f(", "\"{", "if a {\n", "([{"] {
        let t = format!("workflow w () {{\n  let x = {}\n  let y = \n}}\n", open.repeat(20_000));
        let s = Instant::now();
        let p = parsed(&t);
        println!("{open:?} {:?} {}", s.elapsed(), p.diagnostics.len());
    }
    for close in [")", "]", "}", "}\n", ")\n", "\"}", "=> ", "else ", "catch "] {
        let t = format!("workflow w () {{\n  let x = {}\n  let y = \n}}\n", close.repeat(20_000));
        let s = Instant::now();
        let p = parsed(&t);
        println!("{close:?} {:?} {}", s.elapsed(), p.diagnostics.len());
    }
    for (open, close) in [("(", "]"), ("{", ")"), ("[\n", ")\n"), ("(\n", "]\n"), ("(\n  {", ")\n")] {
        let t = format!(
            "workflow w () {{\n  let x = {}{}\n  let y = \n}}\n",
            open.repeat(10_000),
            close.repeat(10_000)
        );
        let s = Instant::now();
        let p = parsed(&t);
        println!("{open:?}{close:?} {:?} {}", s.elapsed(), p.diagnostics.len());
    }
}
