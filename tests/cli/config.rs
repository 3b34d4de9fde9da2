//! Values of the configuration that will not do, and what is said of them before a run begins.

use crate::support::command::{flow, run};
use crate::support::folder::folder;

const PROGRAM: &str = "\
config {
  port: int where port > 0 = 8080
  zone: string? where zone.size() > 2
  hosts: [string] = [\"a\"]
  wait: duration = 1s
  on: bool = true
}
workflow main () -> { port: int, zone: string?, hosts: [string], wait: duration, on: bool } {
  return { port: config.port, zone: config.zone, hosts: config.hosts, wait: config.wait, on: config.on }
}
";

#[test]
fn an_optional_entry_without_default_is_null() {
    let folder = folder("config-optional", &[("main.flow", PROGRAM)]);
    let ran = run(&mut flow(&folder, &["run", "main.flow"]));
    assert!(ran.code == 0 && ran.stdout.contains("\"zone\": null"), "{}", ran.seen());
    let ran = run(&mut flow(&folder, &["run", "main.flow", "--set", "zone=utc"]));
    assert!(ran.code == 0 && ran.stdout.contains("\"zone\": \"utc\""), "{}", ran.seen());
}

#[test]
fn a_value_that_breaks_its_condition_is_refused_with_the_place() {
    let folder = folder("config-where", &[("main.flow", PROGRAM)]);
    for (set, said) in [
        (
            "port=0",
            "config `port` is 0, which breaks its condition (from --set)\n       main.flow:2: port: int where port > 0 = 8080",
        ),
        (
            "zone=ab",
            "config `zone` is \"ab\", which breaks its condition (from --set)\n       main.flow:3: zone: string? where",
        ),
    ] {
        let ran = run(&mut flow(&folder, &["run", "main.flow", "--set", set]));
        assert!(ran.code == 4 && ran.stderr.contains(said), "{set}: {}", ran.seen());
    }
    let broken = PROGRAM.replace("8080", "0");
    let folder = crate::support::folder::folder("config-default", &[("main.flow", &broken)]);
    let ran = run(&mut flow(&folder, &["run", "main.flow"]));
    assert!(
        ran.code == 4 && ran.stderr.contains("breaks its condition (from its default)"),
        "{}",
        ran.seen()
    );
}

#[test]
fn a_value_of_another_type_is_refused_with_the_way_to_write_it() {
    let folder = folder("config-type", &[("main.flow", PROGRAM)]);
    for (set, said) in [
        ("port=x", "config `port` does not fit: expected int, found string \"x\" (from --set)"),
        ("port=", "expected int, found string \"\""),
        (
            "hosts=a.example",
            "expected a list, found string \"a.example\"; write a list as JSON: [\"a\", \"b\"]",
        ),
        ("hosts=[1]", "$[0]: expected string, found number 1"),
        ("wait=5s", "expected duration, found string \"5s\"; write a duration as PT5M, PT1.5S or P1D"),
        ("on=yes", "expected bool, found string \"yes\"; write true or false"),
    ] {
        let ran = run(&mut flow(&folder, &["run", "main.flow", "--set", set]));
        assert!(ran.code == 4 && ran.stderr.contains(said), "{set}: {}", ran.seen());
    }
}
