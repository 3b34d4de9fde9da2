//! What `flow run` says of the executions that one calls.

use crate::support::command::{flow, run};
use crate::support::folder::folder;

const BANK: &str = r#"
api bank v1 {
  base: "http://127.0.0.1:9"
  put charge "/charges/{invoice}" (invoice: string) { undo: refund(invoice) }
  delete refund "/charges/{invoice}" (invoice: string)
}

workflow charge (invoice: string, amount: int) -> int key invoice for 7d undo: give_back(invoice) {
  bank.charge(invoice)
  sleep 1h
  return amount
}

workflow give_back (invoice: string) {
  bank.refund(invoice)
}

workflow bill () {
  parallel {
    one: charge("i-1", 5)
    two: {
      sleep 1s
      charge("i-1", 6)
    }
  }
}
"#;

#[test]
fn a_child_whose_key_is_taken_is_said_not_to_start_and_what_others_undid_is_told() {
    let folder = folder("children-undone", &[("w.flow", BANK)]);
    let ran = run(&mut flow(&folder, &["run", "w.flow", "bill", "--mock"]));
    assert_eq!(ran.code, 1, "{}", ran.seen());
    let words = ran.stderr.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert!(words.contains(" is not started: the key belongs to execution "), "{}", ran.seen());
    assert!(words.contains("undone by the executions that it called: bank.charge"), "{}", ran.seen());
    assert!(!words.contains("nothing was undone") && !words.contains(" begins"), "{}", ran.seen());
}
