//! Source made to hurt, each kind with the answer that it must get.
//!
//! A case has two sizes: the full one is what the bench times, the small one is what the tests of every build run. Both
//! end by themselves only because the compiler is bounded: what doubles would outlast any test at either size.

mod bodies;
mod declarations;
mod shapes;

use flow_driver::{Compilation, MemoryWorld};

use crate::project::ENTRY;

/// How large a source is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As large as the table of bad input says.
    Full,
    /// Small enough for a debug build.
    Small,
}

/// A program to compile.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its files; the entry is [`ENTRY`].
    pub world: MemoryWorld,
    /// Bytes of all files.
    pub bytes: usize,
}

impl Source {
    fn one(text: String) -> Self {
        Self { bytes: text.len(), world: MemoryWorld::default().with(ENTRY, text) }
    }
}

/// One kind of hostile source.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it is, as a sentence could name it.
    pub name: &'static str,
    /// The code that it gets at the full size and at the small one; empty where it is accepted.
    answers: (&'static str, &'static str),
    sizes: (usize, usize),
    make: fn(usize) -> Source,
}

impl Case {
    /// The source.
    pub fn source(&self, size: Size) -> Source {
        (self.make)(if size == Size::Full { self.sizes.0 } else { self.sizes.1 })
    }

    /// Whether the codes of a compilation are what this source must get: its own where it has one, else no error.
    pub fn is_answered(&self, size: Size, compilation: &Compilation) -> bool {
        let answer = if size == Size::Full { self.answers.0 } else { self.answers.1 };
        let mut found = compilation.diagnostics.iter();
        if answer.is_empty() { compilation.is_ok() } else { found.any(|found| found.code.as_str() == answer) }
    }

    /// The same, with another answer at the small size, which is below a limit.
    const fn at_small(mut self, answer: &'static str) -> Self {
        self.answers.1 = answer;
        self
    }
}

const fn case(
    name: &'static str,
    answer: &'static str,
    sizes: (usize, usize),
    make: fn(usize) -> Source,
) -> Case {
    Case { name, answers: (answer, answer), sizes, make }
}

/// Every kind.
pub const CASES: &[Case] = &[
    case("functions that call the next twice", "", (200, 60), declarations::doubling_functions),
    case("types that use the next twice", "", (60, 40), declarations::doubling_types),
    case("types that use the next twice, compared", "", (60, 40), declarations::doubling_types_compared),
    case(
        "types that use the next twice, shown in a message",
        "F0301",
        (60, 40),
        declarations::doubling_types_shown,
    ),
    case("type parameters that double", "", (60, 40), declarations::doubling_parameters),
    case("type parameters that double, without an end", "F0318", (60, 40), declarations::endless_parameters),
    case("conditions that use the next twice", "", (60, 40), declarations::doubling_conditions),
    case("a union of literals", "F0004", (50_000, 5_000), declarations::union_of_literals),
    case("a union of records", "F0004", (20_000, 4_097), declarations::union_of_records),
    case("a record of many fields", "F0004", (20_000, 5_000), declarations::fields),
    case("many types", "F0004", (20_000, 500), declarations::types),
    case("types that all contain each other", "", (60, 25), declarations::entangled_types),
    case("one name declared again and again", "F0209", (50_000, 500), declarations::duplicates),
    case("an api of many operations", "", (10_000, 300), declarations::operations),
    case("many config entries", "", (20_000, 500), declarations::config),
    case("a function of many parameters", "F0004", (20_000, 1_001), declarations::parameters),
    case("many workflows", "", (5_000, 100), declarations::workflows),
    case("many tests", "", (5_000, 50), declarations::tests),
    case("a hundred thousand tests", "F0004", (100_000, 85_000), declarations::tests),
    case("a chain of imports", "F0004", (10_000, 66), declarations::import_chain),
    case("a star of imports", "F0004", (10_000, 1_001), declarations::import_star),
    case("a circle of imports", "F0213", (60, 20), declarations::import_circle),
    case("many errors that can be raised", "", (300, 50), declarations::raises),
    case("names that nobody declared", "F0201", (4_900, 100), bodies::unknown_names),
    case("fields that nobody declared", "F0302", (4_000, 100), bodies::unknown_fields),
    case("a long name that nobody declared", "F0201", (250_000, 20_000), bodies::long_unknown_name),
    case("findings on one line", "F0201", (4_000, 500), bodies::findings_on_one_line),
    case("steps in one workflow", "F0004", (100_000, 1_500), bodies::steps).at_small("F0217"),
    case("as many steps as are accepted", "", (8_000, 300), bodies::steps),
    case("logs in one workflow", "F0004", (20_000, 300), bodies::logs).at_small(""),
    case("tries in a row", "F0004", (5_000, 50), bodies::tries).at_small(""),
    case("sagas in a row", "F0004", (5_000, 50), bodies::sagas).at_small(""),
    case("steps inside of tries", "", (60, 30), bodies::nested_tries),
    case("loops in a row", "F0004", (5_000, 100), bodies::loops).at_small(""),
    case("loops inside of loops", "", (60, 30), bodies::nested_loops),
    case("branches in one workflow", "F0004", (10_000, 1_001), bodies::branches),
    case("branches inside of branches", "", (60, 20), bodies::nested_branches),
    case("a chain of else if", "F0004", (10_000, 300), bodies::else_ifs).at_small(""),
    case("arms of a match", "F0004", (20_000, 1_001), bodies::arms),
    case("arms over many fields", "F0311", (20, 14), bodies::arms_over_fields),
    case("a match over two large unions", "F0004", (2_000, 300), bodies::arms_over_unions).at_small("F0311"),
    case("a list of many elements", "F0004", (50_000, 4_100), bodies::list),
    case("a record literal of many fields", "F0004", (20_000, 5_000), bodies::record),
    case("a map literal of many entries", "F0004", (50_000, 4_100), bodies::map),
    case("a text of many parts", "F0004", (30_000, 8_300), bodies::template),
    case("bindings that hide each other", "F0004", (20_000, 300), bodies::hidden).at_small("F0217"),
    case("variables that are assigned", "F0004", (20_000, 300), bodies::variables).at_small(""),
    case("mocks in one test", "", (3_000, 100), bodies::mocks),
    case("methods in a chain", "", (300, 60), bodies::methods),
    case("lambdas inside of lambdas", "F0104", (10_000, 100), bodies::lambdas),
    case("narrowing of many places", "F0004", (3_000, 60), bodies::narrowing).at_small(""),
    case("parentheses that open", "F0104", (1_000_000, 20_000), shapes::parentheses),
    case("brackets that close", "F0101", (1_000_000, 20_000), shapes::closers),
    case("braces of strings", "F0104", (100_000, 5_000), shapes::string_braces),
    case("prefixes", "F0104", (1_000_000, 20_000), shapes::prefixes),
    case("a chain of operators", "F0004", (300_000, 2_000), shapes::operators),
    case("a file of ten megabytes", "F0004", (10_000_000, 9_000_000), shapes::long_file),
    case("a line of a megabyte", "F0004", (1_000_000, 600_000), shapes::long_line),
    case("characters that may not stand in source", "F0003", (1_000_000, 20_000), shapes::bidi),
    case("zero bytes", "F0003", (1_000_000, 20_000), shapes::zeros),
    case("quotes that stay open", "F0101", (200_000, 5_000), shapes::quotes),
    case("a file of errors", "F0101", (200_000, 5_000), shapes::errors),
];
