//! The standard library's methods, in one table: from it come types, messages, and the reference page.

/// A type in a method's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// bool.
    Bool,
    /// int.
    Int,
    /// decimal.
    Decimal,
    /// float.
    Float,
    /// string.
    String,
    /// duration.
    Duration,
    /// timestamp.
    Timestamp,
    /// The receiver's own type.
    Same,
    /// What the receiver holds: the element of a list, the value of a map.
    Element,
    /// What a lambda or an argument gives.
    Given,
    /// `[T]`.
    List(&'static Scheme),
    /// `T?`.
    Optional(&'static Scheme),
    /// `{string: T}`.
    Map(&'static Scheme),
    /// `{ key: string, value: T }` of a map.
    Entry,
    /// `{ first: T, second: U }` of two lists.
    Pair,
    /// The text of a regular expression, which stands in the source.
    Pattern,
    /// date.
    Date,
    /// bytes.
    Bytes,
    /// A string or bytes, which may be secret.
    Octets,
    /// A lambda from these to that.
    Lambda(&'static [Scheme], &'static Scheme),
    /// A lambda whose value has an order: numbers, text, times.
    OrderKey,
}

/// What a method is called on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// `[T]`.
    List,
    /// A list of ints, decimals, floats or durations.
    ListOfNumbers,
    /// A list of values with an order.
    ListOfOrdered,
    /// `[string]`.
    ListOfStrings,
    /// `{string: T}`.
    Map,
    /// string.
    String,
    /// int.
    Int,
    /// decimal.
    Decimal,
    /// float.
    Float,
    /// timestamp.
    Timestamp,
    /// date.
    Date,
    /// A string or bytes. It may be secret: digests of it are not, and what it is encoded to is.
    Octets,
    /// Anything that interpolation writes: numbers, bool, times, UUIDs, URLs, literals.
    Scalar,
    /// Anything that may become `json`, and is not that already: data without a secret.
    Data,
}

impl Receiver {
    /// In words, for messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::List => "lists",
            Self::ListOfNumbers => "lists of numbers or durations",
            Self::ListOfOrdered => "lists of numbers, texts or times",
            Self::ListOfStrings => "lists of strings",
            Self::Map => "maps",
            Self::String => "strings",
            Self::Int => "ints",
            Self::Decimal => "decimals",
            Self::Float => "floats",
            Self::Timestamp => "timestamps",
            Self::Date => "dates",
            Self::Octets => "strings and bytes",
            Self::Scalar => "single values",
            Self::Data => "data without secrets",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// The method.
    pub method: Method,
    /// What it is called on.
    pub receiver: Receiver,
    /// Its name in the language.
    pub name: &'static str,
    /// Its parameters: name, type, and whether it may be left out.
    pub params: &'static [(&'static str, Scheme, bool)],
    /// What it gives.
    pub result: Scheme,
    /// One sentence.
    pub docs: &'static str,
}

macro_rules! methods {
    ($($method:ident $receiver:ident $name:literal ($($param:literal $(? $optional:literal)? : $scheme:expr),*) -> $result:expr, $docs:literal;)*) => {
        /// A method of the standard library.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Method {
            $(#[doc = $docs] $method,)*
        }

        /// Every method, in the order of the reference.
        pub static METHODS: &[Signature] = {
            use Scheme::*;
            &[$(Signature {
                method: Method::$method,
                receiver: Receiver::$receiver,
                name: $name,
                params: &[$(($param, $scheme, false $(|| $optional)?)),*],
                result: $result,
                docs: $docs,
            },)*]
        };
    };
}

methods! {
    ListSize List "size" () -> Int, "The number of elements.";
    ListMap List "map" ("f": Lambda(&[Element], &Given)) -> List(&Given), "What the lambda gives for each element.";
    ListFilter List "filter" ("f": Lambda(&[Element], &Bool)) -> Same, "The elements for which the lambda is true.";
    ListFlatMap List "flat_map" ("f": Lambda(&[Element], &List(&Given))) -> List(&Given), "The lists that the lambda gives, joined.";
    ListFold List "fold" ("initial": Given, "f": Lambda(&[Given, Element], &Given)) -> Given, "The lambda applied to the value so far and each element.";
    ListAny List "any" ("f": Lambda(&[Element], &Bool)) -> Bool, "Whether the lambda is true for an element.";
    ListAll List "all" ("f": Lambda(&[Element], &Bool)) -> Bool, "Whether the lambda is true for every element.";
    ListFind List "find" ("f": Lambda(&[Element], &Bool)) -> Optional(&Element), "The first element for which the lambda is true.";
    ListFirst List "first" () -> Optional(&Element), "The first element, or null.";
    ListLast List "last" () -> Optional(&Element), "The last element, or null.";
    ListTake List "take" ("count": Int) -> Same, "The first elements, at most that many.";
    ListSkip List "skip" ("count": Int) -> Same, "All but the first elements.";
    ListDistinct List "distinct" () -> Same, "Each value once, at its first place.";
    ListContains List "contains" ("value": Element) -> Bool, "Whether an element equals the value.";
    ListSortBy List "sort_by" ("f": OrderKey) -> Same, "The elements by the lambda's value, the least first; equal ones keep their order.";
    ListGroupBy List "group_by" ("f": Lambda(&[Element], &String)) -> Map(&List(&Element)), "The elements by the lambda's value, in the order in which they come.";
    ListZip List "zip" ("other": List(&Given)) -> List(&Pair), "The elements of both in pairs, as far as the shorter one goes.";
    ListSum ListOfNumbers "sum" () -> Element, "All elements added; 0 for an empty list.";
    ListMin ListOfOrdered "min" () -> Optional(&Element), "The least element, or null.";
    ListMax ListOfOrdered "max" () -> Optional(&Element), "The greatest element, or null.";
    ListJoin ListOfStrings "join" ("separator": String) -> String, "The texts in a row, with the separator between them.";
    MapSize Map "size" () -> Int, "The number of entries.";
    MapKeys Map "keys" () -> List(&String), "The keys, in insertion order.";
    MapValues Map "values" () -> List(&Element), "The values, in insertion order.";
    MapEntries Map "entries" () -> List(&Entry), "The keys with their values, in insertion order.";
    MapContains Map "contains" ("key": String) -> Bool, "Whether there is such a key.";
    MapMerge Map "merge" ("other": Same) -> Same, "Both together; the other's values replace.";
    StringSize String "size" () -> Int, "The number of Unicode scalars.";
    StringContains String "contains" ("text": String) -> Bool, "Whether the text stands in it.";
    StringStartsWith String "starts_with" ("text": String) -> Bool, "Whether it starts with the text.";
    StringEndsWith String "ends_with" ("text": String) -> Bool, "Whether it ends with the text.";
    StringUpper String "upper" () -> String, "In upper case.";
    StringLower String "lower" () -> String, "In lower case.";
    StringTrim String "trim" () -> String, "Without white space at both ends.";
    StringSplit String "split" ("separator": String) -> List(&String), "The pieces between separators.";
    StringReplace String "replace" ("text": String, "by": String) -> String, "With every occurrence of the text replaced.";
    StringMatches String "matches" ("pattern": Pattern) -> Bool, "Whether the regular expression matches somewhere in it.";
    StringParseInt String "parse_int" () -> Optional(&Int), "The int that it writes, or null.";
    StringParseDecimal String "parse_decimal" () -> Optional(&Decimal), "The decimal that it writes, or null.";
    IntAbs Int "abs" () -> Int, "Without its sign.";
    DecimalAbs Decimal "abs" () -> Decimal, "Without its sign.";
    DecimalRound Decimal "round" ("digits" ? true: Int) -> Decimal, "Rounded half-even to so many digits after the point; to a whole number where none stands.";
    DecimalFloor Decimal "floor" () -> Decimal, "The greatest whole number that is not greater.";
    DecimalCeil Decimal "ceil" () -> Decimal, "The least whole number that is not less.";
    DecimalFormat Decimal "format" ("digits": Int) -> String, "Rounded half-even, with exactly so many digits after the point.";
    FloatAbs Float "abs" () -> Float, "Without its sign.";
    FloatRound Float "round" () -> Float, "Rounded half-even to a whole number.";
    FloatFloor Float "floor" () -> Float, "The greatest whole number that is not greater.";
    FloatCeil Float "ceil" () -> Float, "The least whole number that is not less.";
    TimestampPlus Timestamp "plus" ("time": Duration) -> Timestamp, "So much later.";
    TimestampMinus Timestamp "minus" ("time": Duration) -> Timestamp, "So much earlier.";
    TimestampBefore Timestamp "before" ("other": Timestamp) -> Bool, "Whether it is earlier.";
    TimestampAfter Timestamp "after" ("other": Timestamp) -> Bool, "Whether it is later.";
    DateBefore Date "before" ("other": Date) -> Bool, "Whether it is earlier.";
    DateAfter Date "after" ("other": Date) -> Bool, "Whether it is later.";
    OctetsBase64 Octets "base64" () -> String, "In base64 with padding (RFC 4648); of a string, its UTF-8.";
    OctetsHex Octets "hex" () -> String, "In hexadecimal, lower case; of a string, its UTF-8.";
    OctetsSha256 Octets "sha256" () -> Bytes, "Its digest by SHA-256, 32 bytes.";
    OctetsHmac Octets "hmac" ("key": Octets) -> Bytes, "Its authentication code by HMAC-SHA256 with the key, 32 bytes.";
    ToString Scalar "to_string" () -> String, "As interpolation writes it.";
    ToJson Data "json" () -> String, "Its JSON, as it is on the wire.";
}

impl Method {
    /// The row of the table.
    pub fn signature(self) -> &'static Signature {
        // INVARIANT: the enum and the table come from the same rows, in the same order.
        #[expect(clippy::indexing_slicing, reason = "the enum and the table come from the same rows")]
        &METHODS[self as usize]
    }
}
