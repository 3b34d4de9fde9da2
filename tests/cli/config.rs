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
}

#[test]
fn a_default_that_breaks_its_condition_is_an_error_of_the_source() {
    for (line, said) in [
        ("port: int where port > 0 = 0", "the default of config `port` breaks its condition"),
        (
            "port: Port = 0",
            "the default of config `port` does not fit: $: 0 breaks the condition of its type",
        ),
        ("port: int where 10 div port > 0 = 0", "the condition of config `port` fails for its default"),
    ] {
        let source = format!(
            "type Port = int where it > 0\nconfig {{\n  {line}\n}}\nworkflow main (of: Port) -> int {{ return config.port + of }}\n"
        );
        let folder = folder("config-default", &[("main.flow", &source)]);
        let ran = run(&mut flow(&folder, &["check", "main.flow"]));
        assert!(ran.code == 3 && ran.stdout.contains("error[F0329]"), "{line}: {}", ran.seen());
        let shown: String = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(said), "{line}: {}", ran.seen());
        let ran = run(&mut flow(&folder, &["run", "main.flow", "--set", "port=1", "--input", "{\"of\": 1}"]));
        assert_eq!(ran.code, 3, "{line}: {}", ran.seen());
    }
}

#[test]
fn values_are_written_as_flow_writes_them_or_as_json_has_them() {
    const SOURCE: &str = "\
config {
  wait: duration = 1s
  waits: [duration] = [1s]
  short: duration encoded seconds = 90s
  exact: decimal encoded string = 1.50
  both: { of: duration encoded millis, day: date } = { of: 1s, day: @2026-01-31 }
  size: int = 1
  day: date = @2026-01-31
  at: timestamp = @2026-01-31T09:00:00Z
}
workflow main () -> string {
  let all = [config.wait, config.short, ...config.waits]
  return \"{all.map(x => \"{x}\").join(\" \")} {config.exact} {config.both.of} {config.both.day} {config.size} {config.day} {config.at}\"
}
";
    let folder = folder("config-forms", &[("main.flow", SOURCE)]);
    for (sets, said) in [
        (vec![], "PT1S PT1M30S PT1S 1.50 PT1S 2026-01-31 1 2026-01-31 2026-01-31T09:00:00Z"),
        (
            vec![
                "wait=5m",
                "waits=[\"1h30m\",\"PT2S\"]",
                "short=2m",
                "exact=2.50",
                "size=10MB",
                "day=@2026-02-01",
            ],
            "PT5M PT2M PT1H30M PT2S 2.50 PT1S 2026-01-31 10000000 2026-02-01 2026-01-31T09:00:00Z",
        ),
        (
            vec![
                "wait=PT5M",
                "short=120",
                "size=1_000",
                "at=@2026-02-01T00:00:00Z",
                "both={\"of\":\"250ms\",\"day\":\"@2026-03-01\"}",
            ],
            "PT5M PT2M PT1S 1.50 PT0.25S 2026-03-01 1000 2026-01-31 2026-02-01T00:00:00Z",
        ),
    ] {
        let mut arguments = vec!["run", "main.flow"];
        sets.iter().for_each(|set| arguments.extend(["--set", set]));
        let ran = run(&mut flow(&folder, &arguments));
        assert_eq!(
            (ran.code, ran.stdout.trim()),
            (0, format!("\"{said}\"").as_str()),
            "{sets:?}: {}",
            ran.seen()
        );
    }
}

#[test]
fn the_condition_of_a_secret_is_held_and_its_value_never_shown() {
    const SOURCE: &str = "\
config { token: secret string where token.starts_with(\"sk_\"), pin: secret int where pin > 999 }
api shop v1 {
  base: \"http://127.0.0.1:1\"
  auth: bearer(config.token)
  get find \"/\" () -> { id: string }
}
workflow main () -> string { return shop.find().id }
workflow pins () -> bool { return \"{config.pin}\".sha256().hex() != \"\" }
";
    let folder = folder("config-secret-where", &[("main.flow", SOURCE)]);
    for (workflow, set) in [("main", "token=live_4711471147"), ("pins", "pin=-47114711")] {
        let ran = run(&mut flow(&folder, &["run", "main.flow", workflow, "--set", set]));
        assert!(ran.code == 4 && ran.stderr.contains("breaks its condition"), "{set}: {}", ran.seen());
        assert!(!ran.seen().contains("4711"), "{set}: {}", ran.seen());
    }
}

#[test]
fn what_no_program_reads_of_the_project_file_is_said() {
    let folder =
        folder("config-unclaimed", &[("main.flow", PROGRAM), ("other.flow", "config { elsewhere: int }\n")]);
    let toml = |text: &str| std::fs::write(folder.join("flow.toml"), text).unwrap();
    let ran = || run(&mut flow(&folder, &["run", "main.flow"]));
    toml("name = \"x\"\n[config]\nelsewhere = 3\nnobodys = 4\n");
    let said = ran();
    assert!(
        said.code == 0 && said.stderr.contains("has a config `nobodys`, which flow.toml sets"),
        "{}",
        said.seen()
    );
    assert!(!said.stderr.contains("elsewhere"), "{}", said.seen());
    toml("[cofnig]\nport = 3\n");
    let said = ran();
    assert!(
        said.code == 4 && said.stderr.contains("has no setting `cofnig`: did you mean `config`?"),
        "{}",
        said.seen()
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
        ("wait=5", "expected duration, found string \"5\"; write a duration as 5m, 250ms or PT5M"),
        ("on=yes", "expected bool, found string \"yes\"; write true or false"),
    ] {
        let ran = run(&mut flow(&folder, &["run", "main.flow", "--set", set]));
        assert!(ran.code == 4 && ran.stderr.contains(said), "{set}: {}", ran.seen());
    }
}
