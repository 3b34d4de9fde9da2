//! What is declared and not in effect: the commands accept it, and say so.

use crate::support::command::{flow, run};
use crate::support::folder::folder;

const PROGRAM: &str = "\
error TooMany { most: int }

workflow greet (name: string, times: int = 1) -> string {
  if times > 3 { fail TooMany { most: 3 } }
  return \"Hello, {name}!\"
}

publish greet at get \"/greetings/{name}\" {
  auth: jwt { scope: \"greetings\" }
  mode: sync within 5s
  rate: 100 per 1m per client
  errors: { TooMany: 422 }
}
publish greet at post \"/greetings/{name}\" {
  auth: none
  errors: { TooMany: 422 }
}

schedule nightly cron \"0 2 * * *\" zone \"Europe/Berlin\" { greet(\"you\") }
schedule often cron \"*/5 8-18 * * MON-FRI\" { greet(\"all\") }
objective greet { success: 99.5% over 30d, p95: 2s }

test \"it greets\" {
  let run = greet(\"Ada\")
  expect run.result == \"Hello, Ada!\"
}
";

const NOTE: &str = "is checked, and has no effect yet";

#[test]
fn check_run_and_test_say_once_a_file_for_each_kind_that_it_has_no_effect() {
    let folder = folder("publishing-note", &[("main.flow", PROGRAM)]);
    let checked = run(&mut flow(&folder, &["check", "main.flow"]));
    assert!(checked.code == 0 && checked.stdout.matches(NOTE).count() == 3, "{}", checked.seen());
    assert!(checked.stderr.contains("0 errors, 0 warnings, 3 notes"), "{}", checked.seen());
    let ran = run(&mut flow(&folder, &["run", "main.flow", "--input", "{\"name\": \"Ada\"}"]));
    assert!(ran.code == 0 && ran.stderr.matches(NOTE).count() == 3, "{}", ran.seen());
    assert!(ran.stdout.contains("Hello, Ada!"), "{}", ran.seen());
    let tested = run(&mut flow(&folder, &["test", "main.flow"]));
    assert!(tested.code == 0 && tested.stderr.matches(NOTE).count() == 3, "{}", tested.seen());
    let quiet = run(&mut flow(&folder, &["--quiet", "run", "main.flow", "--input", "{\"name\": \"Ada\"}"]));
    assert!(quiet.code == 0 && !quiet.stderr.contains(NOTE), "{}", quiet.seen());
}

#[test]
fn the_plan_shows_them_outside_of_its_hash() {
    let folder = folder("publishing-plan", &[("main.flow", PROGRAM)]);
    let plan = run(&mut flow(&folder, &["plan", "main.flow"]));
    assert!(plan.code == 0, "{}", plan.seen());
    for line in [
        "  route       GET /greetings/{name}  query times; sync within 5s; jwt greetings; 100 per 1m per client; TooMany is 422\n",
        "  route       POST /greetings/{name}  query times; async; open to everybody; TooMany is 422\n",
        "  schedule    nightly  0 2 * * *  Europe/Berlin\n",
        "  schedule    often  */5 8-18 * * MON-FRI  UTC\n",
        "  objective   99.5% over 30d; p95 2s\n",
        "              checked, not in effect: this version has no server\n",
    ] {
        assert!(plan.stdout.contains(line), "{line}{}", plan.seen());
    }
    let cut: String = PROGRAM.lines().take(6).map(|line| format!("{line}\n")).collect();
    let bare = crate::support::folder::folder("publishing-bare", &[("main.flow", &cut)]);
    let bare = run(&mut flow(&bare, &["plan", "main.flow"]));
    let hash = |text: &str| text.lines().find(|line| line.contains("hash")).map(str::to_owned);
    assert_eq!(hash(&plan.stdout), hash(&bare.stdout));
}

#[test]
fn the_formatter_knows_them() {
    let folder = folder("publishing-fmt", &[("main.flow", PROGRAM)]);
    let ran = run(&mut flow(&folder, &["fmt", "--check", "main.flow"]));
    assert!(ran.code == 0, "{}", ran.seen());
}
