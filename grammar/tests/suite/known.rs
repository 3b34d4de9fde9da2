//! Where the compiler's parser is known to read something else than the reference says.
//!
//! Each entry has the rules as the parser reads them, and texts that show it. When the parser is mended, the test
//! below names the entry that can go.

use std::collections::BTreeMap;

use pest_meta::optimizer::optimize;
use pest_meta::parser::{Rule, consume_rules, parse};

use crate::differential::{of_grammar, of_parser, of_vm};

/// Something that the parser reads otherwise.
pub(crate) struct Known {
    /// What the reference says, and what the parser does.
    what: &'static str,
    /// The rules that the parser seems to follow instead, or besides.
    rules: &'static str,
    /// Texts on which the verdicts differ.
    texts: &'static [&'static str],
}

pub(crate) const KNOWN: &[Known] = &[
    Known {
        what: "section 2: the comma is optional after an arm that is a block; the parser: after any arm that ends with `}`",
        rules: r#"match_arm = { pattern ~ (SP ~ guard)? ~ FAT_ARROW ~ (!record_ahead ~ block | expr) ~ LAST_COMMA }"#,
        texts: &[
            "workflow w () { match a {\n B => { c: 1 }\n D => e\n } }",
            "workflow w () { match a {\n B => if c { d } else { e }\n F => g\n } }",
        ],
    },
    Known {
        what: "section 2: a line goes on after a binary operator; the parser: after the `-` of a negative number too",
        rules: r#"prefix_expr = { ("!" ~ !"=" ~ SP | "-" ~ !">" ~ WS) ~ prefix_expr | postfix_expr }"#,
        texts: &["fn f() -> T = -\n1"],
    },
    Known {
        what: "section 2: a line goes on inside `( )` and `[ ]`; the parser: after any `<`, that of type arguments too",
        rules: r#"
            type_parameters = { "<" ~ WS ~ name ~ (COMMA ~ name)* ~ SP ~ ">" }
            type_arguments = { "<" ~ WS ~ type_expr ~ (COMMA ~ type_expr)* ~ SP ~ ">" ~ (SP ~ line_end ~ WS)? }"#,
        texts: &["type A = B <\nC>"],
    },
    Known {
        what: "section 2: a line goes on after `=`; the parser: not where the next begins with `return`",
        rules: r#"
            EQUALS = _{ SP ~ "=" ~ !("=" | ">") ~ !(SP ~ line_end ~ WS ~ kw_return) ~ WS }
            default_value = _{ "=" ~ !("=" | ">") ~ !(SP ~ line_end ~ WS ~ kw_return) ~ WS ~ expr }"#,
        texts: &["workflow w () { let x =\nreturn 5\n}"],
    },
    Known {
        what: "section 2: a line does not go on after the `>` of type arguments; the parser: where a number is one of them, it does",
        rules: r#"
            cast = { kw_as ~ SP ~ (!name_ref ~ primary_type | path ~ (cast_arguments ~ !(SP ~ line_end) | !"<")) ~ (SP ~ optional_type)? }
            cast_arguments = { "<" ~ WS ~ type_expr ~ (COMMA ~ type_expr)* ~ SP ~ ">" }"#,
        texts: &["workflow w () { let x = a as B<1>\nc() }", "type A = B<C<1>\n?>"],
    },
    Known {
        what: "section 2: a line goes on after a binary operator; the parser: after the `in` of `for` and a field `in` too, and not \
               after the `%` of `{ name: 1 %`",
        rules: r#"
            for_expr  = { kw_for ~ SP ~ binding ~ SP ~ kw_in ~ WS ~ head ~ (SP ~ for_width)? ~ SP ~ block }
            any_name = { (kw_in | kw_div) ~ (SP ~ line_end ~ WS ~ &(":" | "?:"))? | word }"#,
        texts: &[
            "workflow w () { for x in\nxs { } }",
            "fn f() -> T = { in\n: 1 }",
            "fn f() -> T = { a: 1 %\nb }",
        ],
    },
    Known {
        what: "section 2: a string has quotes at its end; the parser: a file may end in a string in the braces of block text",
        rules: r#"block_text = ${
            "\"\"\"" ~ (block_char | escape | interpolation)* ~ ("\"\"\"" | "{" ~ (!"\"" ~ ANY)* ~ "\"" ~ (!"\"" ~ ANY)* ~ EOI)
        }"#,
        texts: &["fn f() -> T = \"\"\"{\""],
    },
    Known {
        what: r"section 2: the escapes are \{ \n \t \u \\ and the quote; the parser: \r and \} too",
        rules: r#"escape = @{ "\\" ~ ("r" | "}" | "n" | "t" | "\"" | "\\" | "{" | "u{" ~ unicode_scalar ~ "}") }"#,
        texts: &[r#"fn f() -> T = "\r""#, r#"fn f() -> T = "\}""#],
    },
    Known {
        what: "section 2: `5xx` is a token of `on`, `raises` and `catch http`, `99.5%` of `objective`; the parser reads `5xx` as \
               an expression, a key, a pattern, a status of a response, `99.5 %` in any property, and `{ in }` too",
        rules: r#"
            literal = {
                kw_true | kw_false | kw_null | kw_absent | timestamp | date | duration | size | float | decimal | int
                | status_class
            }
            record_field = {
                (any_name | plain_string | int | status_class) ~ SP ~ ":" ~ SP ~ !((int | decimal) ~ SP ~ "%" ~ SP ~ line_end) ~ expr
                | any_name
            }
            record_ahead = _{
                "{" ~ WS ~ ("..." | any_name ~ inline_blank* ~ ("," | ":") | (plain_string | int | status_class) ~ inline_blank* ~ ":")
            }
            status_case = { (int | status_class) ~ SP ~ ":" ~ SP ~ type_expr }
            status_pattern = { (int | status_class) ~ SP ~ (record_pattern | name) | status_class }
            property = { kw_on ~ SP ~ ":" ~ SP ~ trigger_list | any_name ~ SP ~ ":" ~ SP ~ property_value }
            property_value = _{
                (percent | expr) ~ (SP ~ (rate | span | property_record))* ~ (SP ~ kw_per ~ SP ~ any_name)?
                | reserved_word
            }
            percent = { (decimal | int) ~ SP ~ "%" ~ !(SP ~ !kw_over ~ primary) }
            span = { (kw_within | kw_over) ~ SP ~ expr }
            objective_decl = { kw_objective ~ SP ~ name_ref ~ SP ~ property_block }
            percent_literal = { (decimal | int) ~ SP ~ "%" }"#,
        texts: &[
            "fn f() -> T = { 409: A }",
            "fn f() -> T = { in }",
            "api a v1 { get list \"/\" () { unknown_on: [5xx] } }",
            "api a v1 { rate: 99.5% }",
            "workflow w () { match a { 4xx => b } }",
            "objective a { success: 99.5 % over 30d }",
        ],
    },
    Known {
        what: "section 2: only the names of fields are any word; the parser: a value of a property is any reserved word",
        rules: "",
        texts: &["retry r { x: let }"],
    },
    Known {
        what: "section 2: any word names a parameter; the parser: not `as`, with another name on the wire, after `body` or `header`",
        rules: r#"parameter = {
            ((kw_body | kw_header) ~ SP ~ !(kw_as ~ SP ~ kw_as) ~ typed_parameter | typed_parameter)
            ~ (SP ~ wire_name)? ~ (SP ~ where_clause)? ~ (SP ~ default_value)?
        }"#,
        texts: &["workflow w (header as as \"X-As\": string) { }"],
    },
    Known {
        what: "section 3: a union is open with `| ...` at its end, and has no `|` before its first member; the parser reads both \
               anywhere, and a whole union after `secret secret`",
        rules: r#"
            declared_union = {
                ("|" ~ WS)? ~ (union_member | "...") ~ (SP ~ "|" ~ WS ~ (union_member | "..."))* ~ (SP ~ union_tag)?
            }
            union_type = {
                ("|" ~ WS)? ~ (single_type | "...") ~ (SP ~ "|" ~ WS ~ (single_type | "..."))* ~ (SP ~ union_tag)?
            }
            secret_type = { kw_secret ~ SP ~ (secret_type ~ (SP ~ "|" ~ WS ~ (single_type | "..."))* ~ (SP ~ union_tag)? | primary_type) ~ (SP ~ (optional_type | encoded_type))* }"#,
        texts: &[
            "type A = | \"a\"",
            "type A = \"a\" | ... | \"b\"",
            "type A = secret secret T untagged untagged",
        ],
    },
    Known {
        what: "section 3: a field has a string as its name on the wire; the parser: an int or a bool too",
        rules: r#"wire_name = { kw_as ~ SP ~ (plain_string | int | kw_true | kw_false) }"#,
        texts: &["type A { a as 1: int }"],
    },
    Known {
        what: "section 4: types by status are a form of responses; the parser: any type",
        rules: r#"primary_type = _{
            list_type | map_type | status_type | record_type | paren_type | literal_type | named_type
        }"#,
        texts: &["type A = { 201: B }"],
    },
    Known {
        what: "section 1: an entry of `config` is `name: T`; the parser: `name?: T` too",
        rules: r#"config_entry = { any_name ~ SP ~ ("?:" | ":") ~ SP ~ type_expr ~ (SP ~ where_clause)? ~ (SP ~ default_value)? }"#,
        texts: &["config { a?: int }"],
    },
    Known {
        what: "section 4: `api NAME vN { properties, then operations }`; the parser: without a version, in any order, with \
               overrides; and `import api` with a version and with operations",
        rules: r#"
            api_decl = { kw_api ~ SP ~ name ~ (SP ~ version)? ~ SP ~ import_api_block }
            import_api = {
                kw_import ~ SP ~ kw_api ~ SP ~ name ~ (SP ~ version)? ~ SP ~ kw_from ~ SP ~ plain_string ~ (SP ~ import_api_block)?
            }
            import_api_entry = _{ operation | operation_override | property }"#,
        texts: &[
            "api a { }",
            "api a v1 {\n get list \"/\" ()\n timeout: 2s\n}",
            "api a v1 { createPet { } }",
            "import api a v1 from \"a.yaml\"",
            "import api a from \"a.yaml\" { get list \"/\" () }",
        ],
    },
    Known {
        what: "section 6: the clauses of a head stand in one order, each once; the parser: in any, and `again` and `early` are any name",
        rules: r#"
            workflow_decl = {
                kw_workflow ~ SP ~ name ~ (SP ~ version)? ~ SP ~ parameter_list ~ (SP ~ "->" ~ SP ~ type_expr)?
                ~ (SP ~ (deadline | key_clause | one_per_clause | undo_clause))* ~ SP ~ block
            }
            key_clause = { kw_key ~ SP ~ head ~ SP ~ kw_for ~ SP ~ head ~ (SP ~ any_name ~ SP ~ ":" ~ SP ~ head)? }
            signal_decl = { kw_signal ~ SP ~ name ~ SP ~ record_type ~ (SP ~ any_name ~ SP ~ ":" ~ SP ~ head)? }"#,
        texts: &[
            "workflow w () key a for 1d within 5m { }",
            "workflow w () within 5m within 6m { }",
            "workflow w () key a for 1d x: y { }",
            "workflow w () { signal a { } x: y }",
        ],
    },
    Known {
        what: "section 6: what is assigned to is a name; what is compensated is a statement of one call, with or without `let`; the \
               parser: any expression, and `var` and assignments too",
        rules: r#"
            let_statement = { kw_let ~ SP ~ binding ~ (SP ~ ":" ~ SP ~ type_expr)? ~ EQUALS ~ expr ~ (SP ~ compensate_clause)? }
            var_statement = { kw_var ~ SP ~ name ~ (SP ~ ":" ~ SP ~ type_expr)? ~ EQUALS ~ expr ~ (SP ~ compensate_clause)? }
            assign_statement = { expr ~ EQUALS ~ expr ~ (SP ~ compensate_clause)? }
            expr_statement = { expr ~ (SP ~ compensate_clause)? }"#,
        texts: &[
            "workflow w () { a.b = 1 }",
            "workflow w () { return = 1 }",
            "workflow w () { a compensate b() }",
            "workflow w () { var x = a() compensate b() }",
            "workflow w () { x = a() compensate b() }",
        ],
    },
    Known {
        what: "section 6: `with` follows a call, positional arguments come first, `start` takes the call of a workflow; the parser \
               reads more",
        rules: r#"
            postfix = _{ field_access | index | argument_list | with_options | cast }
            arguments = _{ (named_argument | argument) ~ (COMMA ~ (named_argument | argument))* }
            start_expr = { kw_start ~ SP ~ &name_ref ~ expr }"#,
        texts: &[
            "fn f() -> T = a with { b: 1 }",
            "fn f() -> T = f(limit: 20, a)",
            "fn f() -> T = start a.b(c)",
            "fn f() -> T = start a",
        ],
    },
    Known {
        what: "section 6: `let` and `for` bind a name, a record or a list; `...rest` stands last in a list; the parser: any pattern, \
               and `...`, with a name or without, anywhere in a list or a record",
        rules: r#"
            binding = _{ binding_one ~ (SP ~ "|" ~ WS ~ binding_one)* }
            binding_one = _{ wildcard_pattern | rest_pattern | literal_pattern | status_pattern | record_pattern | list_pattern | binding_pattern }
            pattern = { (rest_pattern | single_pattern) ~ (SP ~ "|" ~ WS ~ (rest_pattern | single_pattern))* }
            record_pattern = {
                "{" ~ enter_braces ~ WS ~ (record_part ~ (COMMA ~ record_part)* ~ LAST_COMMA)? ~ WS ~ leave ~ "}"
            }
            record_part = _{ rest_pattern | pattern_field }
            pattern_elements = _{ pattern ~ (COMMA ~ pattern)* }
            rest_pattern = { "..." ~ (SP ~ name)? }"#,
        texts: &[
            "workflow w () { let 1 = a }",
            "workflow w () { let a | b = c }",
            "workflow w () { for 1 in xs { } }",
            "workflow w () { let { ...rest } = a }",
            "workflow w () { let [a, ...] = b }",
        ],
    },
    Known {
        what: "section 6: `race n { a: x }`; the parser takes `n { a: x }` for a record in a head where `n` is a name",
        rules: r#"name_expr = {
            (kw_config | kw_execution | kw_it | !start_ahead ~ name_ref) ~ (SP ~ version_use)?
            ~ !((SP ~ DOT ~ SP ~ any_name)* ~ SP ~ "{" ~ WS ~ any_name ~ SP ~ ":")
        }"#,
        texts: &["workflow w () { race n { a: b() } }"],
    },
    Known {
        what: "section 6: `return expr`; the parser: `return` without a value as a side of an operator and in a head",
        rules: "return_expr = { kw_return ~ (SP ~ tail)? }",
        texts: &["fn f() -> T = return || a", "workflow w () { while return { } }"],
    },
    Known {
        what: "section 6: only `http` takes a status in a catch; `receive x if c within d` in this order; the parser: any name, any order",
        rules: r#"
            catch_pattern = { name_ref ~ SP ~ (status_class | int) | path }
            receive_expr = { kw_receive ~ SP ~ name_ref ~ (SP ~ (receive_guard | receive_within))* }"#,
        texts: &[
            "workflow w () { try { } catch timeout 404 { } }",
            "workflow w () { receive a within 1h if b }",
        ],
    },
    Known {
        what: "section 9: `mock api.op`, `expect calls api.op`, `send run.signal(…)`, `status 503 { … }`; the parser: any expression",
        rules: r#"
            operation_ref = { head }
            status_answer = { kw_status ~ SP ~ int ~ (SP ~ expr)? }
            send_statement = { kw_send ~ SP ~ expr }
            expect_calls = { kw_expect ~ SP ~ kw_calls ~ SP ~ &name_ref ~ operation_ref ~ SP ~ call_count }
            call_count = { kw_once | kw_never | kw_before ~ SP ~ operation_ref | head ~ SP ~ kw_times }"#,
        texts: &[
            "test \"t\" { mock a }",
            "test \"t\" { mock a.b => status 503 \"text\" }",
            "test \"t\" { send a }",
            "test \"t\" { expect calls a once }",
        ],
    },
];

/// The grammar as the parser seems to read it.
pub(crate) fn parsers_grammar() -> pest_vm::Vm {
    let rules_of = |text: &str| consume_rules(parse(Rule::grammar_rules, text).unwrap()).unwrap();
    let replacements = KNOWN.iter().flat_map(|known| rules_of(known.rules));
    let mut replacements: BTreeMap<String, _> = replacements.map(|rule| (rule.name.clone(), rule)).collect();
    let mut rules = rules_of(flow_grammar::GRAMMAR);
    for rule in &mut rules {
        if let Some(replacement) = replacements.remove(&rule.name) {
            *rule = replacement;
        }
    }
    rules.extend(replacements.into_values());
    pest_vm::Vm::new(optimize(rules))
}

#[test]
fn what_the_parser_reads_otherwise_is_still_so() {
    let vm = parsers_grammar();
    let mut wrong = Vec::new();
    for known in KNOWN {
        for text in known.texts {
            let (grammar, parser) = (of_grammar(text), of_parser(text));
            if grammar == parser {
                wrong.push(format!("the parser is mended, take it off the list: {text}\n  {}", known.what));
            } else if of_vm(&vm, text) != parser {
                wrong.push(format!(
                    "the rules of the entry do not give the parser's verdict: {text}\n  {}",
                    known.what
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
