//! `flow run --mock --answer`: what is given is answered as it is given, and slips in it are refused.

use crate::support::command::{flow, run};
use crate::support::folder::folder;

const CRM: &str = r#"
api crm v1 {
  base: "http://127.0.0.1:9"
  get me "/me" () -> { echo: int, team: { lead: string? } }
  get list "/list" (after: string?) -> { items: [string], next: string? } {
    paginate: cursor { from: next, to: after, items: items }
  }
}

workflow echo () -> int { return crm.me().echo }

workflow all () -> [string] {
  var names: [string] = []
  for name in crm.list.all() { names = [...names, name] }
  return names
}
"#;

#[test]
fn a_member_that_is_not_declared_is_refused_with_the_nearest() {
    let folder = folder("answer-slip", &[("w.flow", CRM)]);
    for (given, found) in [
        (r#"crm.me={"ech":1}"#, "`crm.me` answers with no `ech`: did you mean `echo`?"),
        (r#"crm.me={"team":{"laed":"ann"}}"#, "`crm.me` answers with no `laed`: did you mean `lead`?"),
        (r#"crm.me={"colour":1}"#, "`crm.me` answers with no `colour`: it has echo, team"),
    ] {
        let ran = run(&mut flow(&folder, &["run", "w.flow", "echo", "--mock", "--answer", given]));
        assert_eq!(ran.code, 2, "{}", ran.seen());
        assert!(ran.stderr.contains(found), "{given}: {}", ran.seen());
    }
    let ran =
        run(&mut flow(&folder, &["run", "w.flow", "echo", "--mock", "--answer", r#"crm.me={"echo":7}"#]));
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "7\n"), "{}", ran.seen());
}

#[test]
fn what_is_given_of_the_next_page_is_kept() {
    let folder = folder("answer-page", &[("w.flow", CRM)]);
    for (given, pages) in [
        (r#"crm.list={"items":["a"],"next":null}"#, 1),
        (r#"crm.list={"items":["a"],"next":"b"}"#, 2),
        (r#"crm.list={"items":["a"]}"#, 2),
    ] {
        let ran = run(&mut flow(&folder, &["run", "w.flow", "all", "--mock", "--answer", given]));
        assert_eq!((ran.code, ran.stdout.matches("\"a\"").count()), (0, pages), "{given}: {}", ran.seen());
    }
}
