//! The instructions, in one table.
//!
//! From [`for_each_op`] come the enum, its encoding, the operand walk that the verifier, the disassembler and
//! the emitter's liveness use, and the names. Each row is the whole contract of an instruction: its operands
//! with their roles and kinds, and one sentence. A register operand is the index of its first slot in the
//! frame; values wider than a slot lie in the slots after it.
//!
//! Roles: `write` and `read` are registers; `list` is a list of registers that are read (see
//! [`Function::lists`](crate::Function)); the rest are immediate. Kinds restrict the register's type:
//! `any`, `bool`, `whole` (int, duration, timestamp), `order` (int, duration, timestamp, date, bool), `int`, `float`,
//! `decimal`, `text` (string, url, string literals), `optional`, `record`, `tagged`, `list`, `map`, `json`, `error`,
//! `duration`, `timestamp`, `uuid`.

use serde::{Deserialize, Serialize};

use crate::{ConfigId, ConstantId, ErrorId, FunctionId, GroupId, ListId, SignalId, StepId, TypeId};

/// A register: the index of its first slot in the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reg(pub u16);

impl Reg {
    /// The slot as an index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The index of an instruction in its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target(pub u32);

/// What the type of a register operand may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kinds are explained in the module's text")]
pub enum Kind {
    Any,
    Bool,
    Whole,
    Order,
    Int,
    Float,
    Decimal,
    Text,
    Optional,
    Record,
    Tagged,
    List,
    Map,
    Json,
    Error,
    Duration,
    Timestamp,
    Uuid,
}

/// One operand of an instruction, as the operand walk hands it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A register that is written.
    Write(Reg, Kind),
    /// A register that is read.
    Read(Reg, Kind),
    /// A list of registers that are read.
    List(ListId),
    /// An instruction that may come next.
    Target(Target),
    /// A constant.
    Constant(ConstantId),
    /// A type.
    Type(TypeId),
    /// A function.
    Function(FunctionId),
    /// A step.
    Step(StepId),
    /// A group of branches.
    Group(GroupId),
    /// A declared error.
    Error(ErrorId),
    /// A configuration entry.
    Config(ConfigId),
    /// A signal.
    Signal(SignalId),
    /// A plain number: an offset or a count of slots.
    Number(u16),
    /// A library function.
    Builtin(Builtin),
}

macro_rules! operand_type {
    (write) => {
        Reg
    };
    (read) => {
        Reg
    };
    (list) => {
        ListId
    };
    (target) => {
        Target
    };
    (constant) => {
        ConstantId
    };
    (ty) => {
        TypeId
    };
    (function) => {
        FunctionId
    };
    (step) => {
        StepId
    };
    (group) => {
        GroupId
    };
    (error) => {
        ErrorId
    };
    (config) => {
        ConfigId
    };
    (signal) => {
        SignalId
    };
    (number) => {
        u16
    };
    (builtin) => {
        Builtin
    };
}

macro_rules! operand {
    (write $kind:ident $value:expr) => {
        Operand::Write($value, Kind::$kind)
    };
    (read $kind:ident $value:expr) => {
        Operand::Read($value, Kind::$kind)
    };
    (list $kind:ident $value:expr) => {
        Operand::List($value)
    };
    (target $kind:ident $value:expr) => {
        Operand::Target($value)
    };
    (constant $kind:ident $value:expr) => {
        Operand::Constant($value)
    };
    (ty $kind:ident $value:expr) => {
        Operand::Type($value)
    };
    (function $kind:ident $value:expr) => {
        Operand::Function($value)
    };
    (step $kind:ident $value:expr) => {
        Operand::Step($value)
    };
    (group $kind:ident $value:expr) => {
        Operand::Group($value)
    };
    (error $kind:ident $value:expr) => {
        Operand::Error($value)
    };
    (config $kind:ident $value:expr) => {
        Operand::Config($value)
    };
    (signal $kind:ident $value:expr) => {
        Operand::Signal($value)
    };
    (number $kind:ident $value:expr) => {
        Operand::Number($value)
    };
    (builtin $kind:ident $value:expr) => {
        Operand::Builtin($value)
    };
}

/// Calls a macro with the table of instructions:
/// `Name "mnemonic" { field: role Kind, … } "contract";`
#[macro_export]
macro_rules! for_each_op {
    ($with:ident) => {
        $with! {
            // Constants, moves and null.
            Const "const" { dst: write Any, constant: constant Any } "dst = the constant, of dst's type";
            Move "move" { dst: write Any, src: read Any, slots: number Any } "dst = src, of one type and width";
            Null "null" { dst: write Any, slots: number Any } "dst = null; dst is optional, json or null";
            SomeHandle "some" { dst: write Optional, src: read Any } "dst = src, a handle made optional";
            SomeWide "some.wide" { dst: write Optional, src: read Any, slots: number Any } "dst = src of that width, made optional";
            IsNull "is_null" { dst: write Bool, src: read Any } "dst = whether src, optional or json, is null";
            UnwrapHandle "unwrap" { dst: write Any, src: read Optional } "dst = src, known not to be null; null is `cast`";
            UnwrapWide "unwrap.wide" { dst: write Any, src: read Optional, slots: number Any } "dst = src without its presence slot; null is `cast`";
            Config "config" { dst: write Any, entry: config Any } "dst = the value pinned at the start";

            // Numbers.
            AddInt "add.int" { dst: write Whole, a: read Whole, b: read Whole } "dst = a + b, of one type, or a moment and a duration; overflow is `arithmetic`";
            SubInt "sub.int" { dst: write Whole, a: read Whole, b: read Whole } "dst = a - b; overflow is `arithmetic`";
            MulInt "mul.int" { dst: write Whole, a: read Whole, b: read Whole } "dst = a * b; overflow is `arithmetic`";
            DivInt "div.int" { dst: write Int, a: read Int, b: read Int } "dst = a div b, toward zero; by zero or overflow is `arithmetic`";
            RemInt "rem.int" { dst: write Int, a: read Int, b: read Int } "dst = a % b, with the sign of a; by zero is `arithmetic`";
            NegInt "neg.int" { dst: write Whole, src: read Whole } "dst = -src; overflow is `arithmetic`";
            AddDecimal "add.dec" { dst: write Decimal, a: read Decimal, b: read Decimal } "dst = a + b, half-even at 28 digits";
            SubDecimal "sub.dec" { dst: write Decimal, a: read Decimal, b: read Decimal } "dst = a - b, half-even at 28 digits";
            MulDecimal "mul.dec" { dst: write Decimal, a: read Decimal, b: read Decimal } "dst = a * b, half-even at 28 digits";
            DivDecimal "div.dec" { dst: write Decimal, a: read Decimal, b: read Decimal } "dst = a / b, half-even at 28 digits; by zero is `arithmetic`";
            RemDecimal "rem.dec" { dst: write Decimal, a: read Decimal, b: read Decimal } "dst = a % b; by zero is `arithmetic`";
            NegDecimal "neg.dec" { dst: write Decimal, src: read Decimal } "dst = -src";
            AddFloat "add.float" { dst: write Float, a: read Float, b: read Float } "dst = a + b; not finite is `arithmetic`";
            SubFloat "sub.float" { dst: write Float, a: read Float, b: read Float } "dst = a - b; not finite is `arithmetic`";
            MulFloat "mul.float" { dst: write Float, a: read Float, b: read Float } "dst = a * b; not finite is `arithmetic`";
            DivFloat "div.float" { dst: write Float, a: read Float, b: read Float } "dst = a / b; not finite is `arithmetic`";
            NegFloat "neg.float" { dst: write Float, src: read Float } "dst = -src";
            IntToDecimal "int_to_dec" { dst: write Decimal, src: read Int } "dst = src, exactly";
            IntToFloat "int_to_float" { dst: write Float, src: read Int } "dst = src, to the nearest double";

            // Comparisons. Not-equal, greater and greater-or-equal are made of these.
            EqInt "eq.int" { dst: write Bool, a: read Order, b: read Order } "dst = a == b";
            LtInt "lt.int" { dst: write Bool, a: read Order, b: read Order } "dst = a < b";
            LeInt "le.int" { dst: write Bool, a: read Order, b: read Order } "dst = a <= b";
            EqDecimal "eq.dec" { dst: write Bool, a: read Decimal, b: read Decimal } "dst = a == b; scale is ignored";
            LtDecimal "lt.dec" { dst: write Bool, a: read Decimal, b: read Decimal } "dst = a < b";
            LeDecimal "le.dec" { dst: write Bool, a: read Decimal, b: read Decimal } "dst = a <= b";
            EqFloat "eq.float" { dst: write Bool, a: read Float, b: read Float } "dst = a == b";
            LtFloat "lt.float" { dst: write Bool, a: read Float, b: read Float } "dst = a < b";
            LeFloat "le.float" { dst: write Bool, a: read Float, b: read Float } "dst = a <= b";
            EqText "eq.text" { dst: write Bool, a: read Text, b: read Text } "dst = a == b";
            LtText "lt.text" { dst: write Bool, a: read Text, b: read Text } "dst = a < b by code point";
            LeText "le.text" { dst: write Bool, a: read Text, b: read Text } "dst = a <= b by code point";
            Eq "eq" { dst: write Bool, a: read Any, b: read Any, of: ty Any } "dst = a == b by value; both of the type";
            Not "not" { dst: write Bool, src: read Bool } "dst = !src";

            // Control.
            Jump "jump" { to: target Any } "goes on there";
            JumpIf "jump_if" { condition: read Bool, to: target Any } "goes on there if it is true";
            JumpIfNot "jump_if_not" { condition: read Bool, to: target Any } "goes on there if it is false";
            CallFunction "call_fn" { dst: write Any, function: function Any, args: list Any } "dst = the pure function's result";
            Return "return" { src: read Any } "ends the function with the value";

            Unreachable "unreachable" { } "stands where control never comes, after a race of which no branch can succeed; `cast` if it does";

            // Records, lists and maps. They are never changed once another register may hold them.
            Record "record" { dst: write Record, of: ty Any, fields: list Any } "dst = a record of the type, from a register for each field in order";
            Field "field" { dst: write Any, record: read Record, offset: number Any, slots: number Any } "dst = the slots at the offset";
            Case "case" { dst: write Tagged, of: ty Any, case: number Any, fields: read Record } "dst = a value of that case of the type, over the record of its fields";
            IsCase "is_case" { dst: write Bool, src: read Tagged, case: number Any } "dst = whether src is of that case; a value of an unknown tag is of none";
            CaseFields "case_fields" { dst: write Record, src: read Tagged, case: number Any } "dst = the record of src's fields; of another case it is `cast`";
            List "list" { dst: write List, of: ty Any, items: list Any } "dst = a list of the type";
            Push "push" { list: read List, item: read Any, slots: number Any } "appends to a list that only this register holds; the register may change its handle";
            Len "len" { dst: write Int, list: read List } "dst = the number of items";
            Item "item" { dst: write Any, list: read List, index: read Int, slots: number Any } "dst = the item; out of bounds is `range`";
            Map "map" { dst: write Map, of: ty Any, entries: list Any } "dst = a map, from key and value registers by turns";
            MapGet "map_get" { dst: write Any, map: read Map, key: read Text, of: ty Any } "dst = the value of the key, or null; the map is of the type";

            // Text.
            Concat "concat" { dst: write Text, parts: list Any } "dst = the text parts, joined";
            ToText "to_text" { dst: write Text, src: read Any, of: ty Any } "dst = src as interpolation writes it";
            ToJson "to_json" { dst: write Json, src: read Any, of: ty Any } "dst = src as a dynamic value";
            FromJson "from_json" { dst: write Any, src: read Json, of: ty Any } "dst = src, checked against the type; a misfit is `cast`";
            JsonMember "json_member" { dst: write Json, src: read Json, key: read Text } "dst = the member, or null";
            JsonItem "json_item" { dst: write Json, src: read Json, index: read Int } "dst = the item, or null";
            Library "library" { dst: write Any, builtin: builtin Any, args: list Any } "dst = the library function's result";

            // Effects: the fiber waits, and the plan lists what is alive.
            Call "call" { dst: write Any, step: step Any, args: list Any, captures: list Any } "dst = the operation's result; when it is done, or may be, the step's undo is registered over the captures";
            Spawn "spawn" { dst: write Any, step: step Any, input: read Record, captures: list Any } "dst = the result of the workflow that the step calls, or its id where it is only started; when it is done, the step's undo is registered over the captures";
            Sleep "sleep" { duration: read Duration } "waits that long; not at all if it is not positive";
            SleepUntil "sleep_until" { moment: read Timestamp } "waits until then";
            Now "now" { dst: write Timestamp } "dst = the recorded time";
            NewUuid "new_uuid" { dst: write Uuid } "dst = a recorded UUID of version 7";
            Random "random" { dst: write Float } "dst = a recorded random number in 0..1";
            Today "today" { dst: write Any, zone: read Text } "dst = the recorded day in that time zone, a date; an unknown zone is `range`";
            Receive "receive" { dst: write Record, signal: signal Any } "waits for the signal; dst = what was sent with it";
            ReceiveIf "receive_if" { dst: write Record, signal: signal Any, filter: function Any, captures: list Any } "waits for the first of these signals that the filter, a pure function over the captures and it, lets pass";
            NewCallback "callback" { dst: write Record, of: ty Any } "dst = a new callback for an answer of that type: its number and its URL";
            ReceiveCallback "receive_callback" { dst: write Any, callback: read Record } "waits for the answer of the callback; dst = the answer";
            Report "report" { record: read Record } "shows how far the execution has come";
            Log "log" { text: read Text } "writes a line of the execution's log";
            Fork "fork" { dst: write Any, group: group Any } "runs the group's branches; dst = their results, or the first one's";
            ForkSome "fork_some" { dst: write List, group: group Any, count: read Int } "runs the group's branches until so many have succeeded; dst = their results; error `quorum` once that is impossible";
            ForkEach "fork_each" { dst: write Any, group: group Any, items: read List, count: read Int } "runs the group's sole branch for each item: at most that many at a time, or until so many have succeeded; dst = the list of results";

            // Errors and scopes. `Enter…` opens a scope of the frame; `Leave` closes the innermost.
            Fail "fail" { error: error Any, fields: read Record } "raises the declared error";
            FailBecause "fail_because" { error: error Any, fields: read Record, because: read Error } "raises the declared error with a cause";
            PageAgain "page_again" { step: step Any } "raises `decode`: the page that the step gave leads to itself";
            Rethrow "rethrow" { error: read Error } "raises a caught error again";
            ErrorIs "error_is" { dst: write Bool, src: read Error, error: error Any } "dst = whether it is the declared error";
            ErrorFields "error_fields" { dst: write Record, src: read Error, error: error Any } "dst = its fields; another error is `cast`";
            MakeError "error" { dst: write Error, error: error Any, fields: read Record } "dst = a value of the declared error, not raised";
            ErrorAttach "error_attach" { dst: write Error, src: read Error, also: read Error } "dst = src, with also among the errors beside it, unless also is `cancelled`";
            ErrorBecause "error_because" { dst: write Error, src: read Error, because: read Error } "dst = src, with because as its cause";
            ErrorStatus "error_status" { dst: write Int, src: read Error } "dst = the status of its answer; an error without one is `cast`";
            ErrorBody "error_body" { dst: write Json, src: read Error } "dst = the body of its answer, or null";
            ErrorAlso "error_also" { dst: write List, src: read Error, of: ty Any } "dst = the errors beside it, a list of the type";
            ErrorStep "error_step" { dst: write Optional, src: read Error } "dst = the name of the operation whose call raised it, or null; a text";
            ErrorName "error_name" { dst: write Text, src: read Error } "dst = its name";
            ErrorMessage "error_message" { dst: write Text, src: read Error } "dst = its message";
            EnterSaga "enter_saga" { } "opens a saga";
            EnterDeadline "enter_deadline" { duration: read Duration } "opens a deadline that much later; past it, error `deadline`";
            EnterLoop "enter_loop" { } "opens a loop, whose counter is 0";
            NextLoop "next_loop" { } "adds one to the innermost scope's counter, which is a loop";
            Leave "leave" { } "closes the innermost scope; a saga hands its undos to the enclosing one";
            Commit "commit" { } "drops every undo that the execution has registered so far";
            RegisterUndo "undo" { function: function Any, captures: list Any } "registers an undo that belongs to no step";
        }
    };
}

macro_rules! define_ops {
    ($($name:ident $mnemonic:literal { $($field:ident : $role:ident $kind:ident),* } $doc:literal;)*) => {
        /// One instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Op {
            $(#[doc = $doc]
            #[allow(missing_docs, reason = "the contract names the operands")]
            $name { $($field: operand_type!($role)),* },)*
        }

        impl Op {
            /// The name in disassembly.
            pub fn mnemonic(&self) -> &'static str {
                match self {
                    $(Op::$name { .. } => $mnemonic,)*
                }
            }

            /// Hands out the operands in order, with the names of the table.
            #[allow(unused_variables, unused_mut, reason = "some instructions have no operands")]
            pub fn operands(&self, mut each: impl FnMut(&'static str, Operand)) {
                match *self {
                    $(Op::$name { $($field),* } => { $(each(stringify!($field), operand!($role $kind $field));)* })*
                }
            }
        }
    };
}

for_each_op!(define_ops);

impl Op {
    /// Whether the fiber may wait here, so that the plan must list what is alive.
    pub fn waits(&self) -> bool {
        matches!(
            self,
            Op::Call { .. }
                | Op::Spawn { .. }
                | Op::Sleep { .. }
                | Op::SleepUntil { .. }
                | Op::Now { .. }
                | Op::NewUuid { .. }
                | Op::Random { .. }
                | Op::Today { .. }
                | Op::Receive { .. }
                | Op::ReceiveIf { .. }
                | Op::NewCallback { .. }
                | Op::ReceiveCallback { .. }
                | Op::Fork { .. }
                | Op::ForkSome { .. }
                | Op::ForkEach { .. }
        )
    }

    /// The register and the group of an instruction that runs branches.
    pub fn forks(&self) -> Option<(Reg, GroupId)> {
        match *self {
            Op::Fork { dst, group } | Op::ForkSome { dst, group, .. } | Op::ForkEach { dst, group, .. } => {
                Some((dst, group))
            }
            _ => None,
        }
    }

    /// Whether only functions that may wait can hold it: it waits, or it touches the execution's scopes.
    pub fn is_effect(&self) -> bool {
        self.waits()
            || matches!(
                self,
                Op::Log { .. }
                    | Op::PageAgain { .. }
                    | Op::Report { .. }
                    | Op::EnterSaga {}
                    | Op::EnterDeadline { .. }
                    | Op::EnterLoop {}
                    | Op::NextLoop {}
                    | Op::Leave {}
                    | Op::Commit {}
                    | Op::RegisterUndo { .. }
            )
    }

    /// Whether the next instruction in order never follows this one.
    pub fn diverges(&self) -> bool {
        matches!(
            self,
            Op::Jump { .. }
                | Op::Return { .. }
                | Op::Fail { .. }
                | Op::FailBecause { .. }
                | Op::Rethrow { .. }
                | Op::Unreachable {}
                | Op::PageAgain { .. }
        )
    }
}

/// What a library function takes or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the types")]
pub enum Shape {
    Bool,
    Int,
    Float,
    Decimal,
    Text,
    TextList,
    Duration,
    /// A list of anything.
    List,
    /// The same type as the first argument.
    Same,
    /// A map of anything.
    Map,
    /// A list of values with an order.
    OrderedList,
    IntList,
    /// A map of what the first argument, a list, holds.
    MapOfItems,
    /// A map of lists, each of the type of the first argument.
    MapOfSame,
    OptionalInt,
    OptionalDecimal,
    /// A text or octets.
    Octets,
    Bytes,
    Json,
}

macro_rules! builtins {
    ($($name:ident $text:literal ($($arg:ident),*) -> $result:ident $doc:literal;)*) => {
        /// A function of the standard library that is pure and takes no lambda.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Builtin {
            $(#[doc = $doc] $name,)*
        }

        impl Builtin {
            /// Every library function.
            pub const ALL: &[Builtin] = &[$(Builtin::$name),*];

            /// The name in disassembly.
            pub fn name(self) -> &'static str {
                match self {
                    $(Builtin::$name => $text,)*
                }
            }

            /// The shapes of the arguments, the receiver first, and of the result.
            pub fn signature(self) -> (&'static [Shape], Shape) {
                match self {
                    $(Builtin::$name => (&[$(Shape::$arg),*], Shape::$result),)*
                }
            }
        }
    };
}

builtins! {
    TextSize "string.size" (Text) -> Int "the number of Unicode scalars";
    TextUpper "string.upper" (Text) -> Text "in upper case";
    TextLower "string.lower" (Text) -> Text "in lower case";
    TextTrim "string.trim" (Text) -> Text "without white space at both ends";
    TextContains "string.contains" (Text, Text) -> Bool "whether the second stands in the first";
    TextStartsWith "string.starts_with" (Text, Text) -> Bool "whether the first begins with the second";
    TextEndsWith "string.ends_with" (Text, Text) -> Bool "whether the first ends with the second";
    TextReplace "string.replace" (Text, Text, Text) -> Text "with every second replaced by the third";
    TextSplit "string.split" (Text, Text) -> TextList "the parts between the second";
    TextJoin "list.join" (TextList, Text) -> Text "the items, with the second between them";
    MapSize "map.size" (Map) -> Int "the number of entries";
    MapKeys "map.keys" (Map) -> TextList "the keys, in insertion order";
    ListSkip "list.skip" (List, Int) -> Same "without the first n items";
    ListTake "list.take" (List, Int) -> Same "the first n items";
    ListConcat "list.concat" (List, Same) -> Same "the items of both";
    DecimalRound "decimal.round" (Decimal, Int) -> Decimal "half-even, to that many digits after the point";
    DecimalFloor "decimal.floor" (Decimal) -> Decimal "the greatest whole number not above";
    DecimalToInt "decimal.int" (Decimal) -> Int "the int of the same value; another is `cast`";
    DecimalCeil "decimal.ceil" (Decimal) -> Decimal "the smallest whole number not below";
    DecimalAbs "decimal.abs" (Decimal) -> Decimal "without its sign";
    IntAbs "int.abs" (Int) -> Int "without its sign; overflow is `arithmetic`";
    FloatAbs "float.abs" (Float) -> Float "without its sign";
    FloatRound "float.round" (Float) -> Float "half-even, to a whole number";
    FloatFloor "float.floor" (Float) -> Float "the greatest whole number not above";
    FloatCeil "float.ceil" (Float) -> Float "the smallest whole number not below";
    DecimalFormat "decimal.format" (Decimal, Int) -> Text "half-even, with exactly that many digits after the point";
    TextParseInt "string.parse_int" (Text) -> OptionalInt "the int that it writes, or null";
    TextParseDecimal "string.parse_decimal" (Text) -> OptionalDecimal "the decimal that it writes, or null";
    TextMatches "string.matches" (Text, Text) -> Bool "whether the first matches the second, a regular expression";
    ListOrder "list.order" (OrderedList) -> IntList "the indices of the items in the order of their values; stable";
    ListGroup "list.group" (List, TextList) -> MapOfSame "the items by their keys, which stand in the second";
    MapOf "map.of" (List, TextList) -> MapOfItems "the items under the keys of the second, which differ";
    MapMerge "map.merge" (Map, Same) -> Same "both together; the second one's values replace";
    OctetsBase64 "bytes.base64" (Octets) -> Text "in base64, with padding";
    OctetsHex "bytes.hex" (Octets) -> Text "in hexadecimal, lower case";
    OctetsSha256 "bytes.sha256" (Octets) -> Bytes "the digest SHA-256";
    OctetsHmac "bytes.hmac" (Octets, Octets) -> Bytes "the code HMAC-SHA256 with the second as key";
    JsonText "json.text" (Json) -> Text "as it is on the wire";
}
