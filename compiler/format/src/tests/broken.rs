//! Files with mistakes: what is broken is kept byte for byte, the rest is laid out.

use std::fmt::Write as _;

use super::support::{corpus, formatted, parsed};
use crate::kept::Scope;
use crate::{COLUMNS, attempt, says_the_same};

/// What comes of a text in which something is wrong.
fn assert_becomes(before: &str, after: &str) {
    assert!(parsed(before).has_errors(), "nothing is wrong with it:\n{before}");
    let found = formatted(before);
    assert!(found == after, "{before}\n--- expected\n{after}\n--- found\n{found}");
    assert_eq!(found, formatted(&found));
}

#[test]
fn a_broken_statement_is_kept_and_its_neighbours_are_laid_out() {
    assert_becomes(
        "workflow w(){\n let   a=1\n let  b  =  * 2 // why\n\n\n let   c=[1,2]\n}\n",
        "workflow w () {\n  let a = 1\n  let  b  =  * 2  // why\n\n  let c = [1, 2]\n}\n",
    );
}

#[test]
fn only_the_innermost_statement_is_kept() {
    assert_becomes(
        "workflow w(){\n if   a{\n  let x  =  ? 1\n  f( 1 )\n }\n}\n",
        "workflow w () {\n  if a {\n    let x  =  ? 1\n    f(1)\n  }\n}\n",
    );
}

#[test]
fn the_lines_of_a_kept_statement_stay_where_they_are() {
    assert_becomes(
        "workflow w () {\n    let a = f(1  2,\n         3)\n    g( )\n}\n",
        "workflow w () {\n  let a = f(1  2,\n         3)\n  g()\n}\n",
    );
}

#[test]
fn a_broken_declaration_is_kept_and_the_others_are_laid_out() {
    assert_becomes(
        "error A{}\ntype   B  =  \nerror C{a:int}\n",
        "error A { }\ntype   B  =\nerror C { a: int }\n",
    );
}

#[test]
fn a_broken_property_is_kept_and_the_operation_around_it_is_laid_out() {
    assert_becomes(
        "api a v1{\n get one \"/one\"(){\n  absent:[404]\n  retry  :  \n }\n}\n",
        "api a v1 {\n  get one \"/one\" () {\n    absent: [404]\n    retry  :\n  }\n}\n",
    );
}

#[test]
fn what_shares_a_line_with_a_mistake_is_kept() {
    assert_becomes("workflow w () {\n  a( ); b( )\n  c( )\n}\n", "workflow w () {\n  a( ); b( )\n  c()\n}\n");
}

#[test]
fn where_a_bracket_is_missing_the_declaration_is_kept() {
    assert_becomes(
        "error   A{}\n\nworkflow w () {\n  let   a = f(1\n  let   b = 2\n}\n\nerror   B{}\n",
        "error A { }\n\nworkflow w () {\n  let   a = f(1\n  let   b = 2\n}\n\nerror B { }\n",
    );
    assert_becomes(
        "error   A{}\n\nworkflow w () {\n  if   a {\n    b( )\n}\n\nerror   B{}\n",
        "error A { }\n\nworkflow w () {\n  if   a {\n    b( )\n}\n\nerror B { }\n",
    );
}

#[test]
fn a_text_without_quotes_costs_its_line() {
    assert_becomes("workflow w () {\n  log   \"a\n  b( )\n}\n", "workflow w () {\n  log   \"a\n  b()\n}\n");
}

#[test]
fn a_text_with_more_mistakes_than_are_shown_is_kept() {
    let mut text = String::from("workflow w(){\n");
    for index in 0..300 {
        writeln!(text, " let x{index}  = ").unwrap();
    }
    text.push_str("}\n");
    assert_eq!(formatted(&text), text);
}

#[test]
fn every_broken_text_of_the_repository_loses_nothing_and_is_laid_out_once() {
    let (mut checked, mut by_unit) = (0, 0);
    for (name, text) in corpus() {
        let parse = parsed(&text);
        if !parse.has_errors() {
            continue;
        }
        checked += 1;
        let once = formatted(&text);
        assert!(once == text || says_the_same(&parse, &once), "{name}:\n{once}");
        assert!(once == formatted(&once), "{name}:\n{once}");
        by_unit += usize::from(says_the_same(&parse, &attempt(&parse, &text, Scope::Unit, COLUMNS)));
    }
    assert!(checked > 250, "only {checked} texts");
    // Where brackets do not match, the layout is what the parser goes by, so that not every text can be mended.
    assert!(by_unit * 100 >= checked * 95, "{by_unit} of {checked} were laid out around their mistakes");
}
