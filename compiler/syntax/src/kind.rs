//! The kinds of tokens and nodes, in one table.

use cstree::{RawSyntaxKind, Syntax};

macro_rules! syntax_kinds {
    (
        plain { $($plain:ident $plain_doc:literal,)* }
        punctuation { $($mark:ident $mark_text:literal,)* }
        reserved { $($reserved:ident $reserved_text:literal,)* }
        contextual { $($word:ident $word_text:literal,)* }
        nodes { $($node:ident $node_doc:literal,)* }
    ) => {
        /// What a token or a node is.
        ///
        /// Tokens come first: trivia and literals, punctuation, reserved words, words that are keywords only
        /// where they are expected. Nodes follow. In a [`Name`](SyntaxKind::Name) or
        /// [`NameRef`](SyntaxKind::NameRef) every word is an [`Ident`](SyntaxKind::Ident), whatever else it
        /// may mean elsewhere.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum SyntaxKind {
            $(#[doc = $plain_doc] $plain,)*
            $(#[doc = concat!("`", $mark_text, "`")] $mark,)*
            $(#[doc = concat!("The reserved word `", $reserved_text, "`.")] $reserved,)*
            $(#[doc = concat!("The word `", $word_text, "`, a keyword where it is expected.")] $word,)*
            $(#[doc = $node_doc] $node,)*
        }

        impl SyntaxKind {
            /// Every kind, in order of its raw number.
            pub const ALL: &'static [SyntaxKind] = &[
                $(SyntaxKind::$plain,)* $(SyntaxKind::$mark,)* $(SyntaxKind::$reserved,)*
                $(SyntaxKind::$word,)* $(SyntaxKind::$node,)*
            ];

            /// The reserved words and their kinds.
            pub const RESERVED: &'static [(&'static str, SyntaxKind)] =
                &[$(($reserved_text, SyntaxKind::$reserved),)*];

            /// The words that are keywords only where they are expected, and their kinds.
            pub const CONTEXTUAL: &'static [(&'static str, SyntaxKind)] =
                &[$(($word_text, SyntaxKind::$word),)*];

            /// The kind of a word: a keyword, reserved or contextual, or a name.
            pub fn of_word(word: &str) -> SyntaxKind {
                match word {
                    $($reserved_text => SyntaxKind::$reserved,)*
                    $($word_text => SyntaxKind::$word,)*
                    _ => SyntaxKind::Ident,
                }
            }

            /// The text of a kind that is always written the same.
            pub fn fixed_text(self) -> Option<&'static str> {
                match self {
                    $(SyntaxKind::$mark => Some($mark_text),)*
                    $(SyntaxKind::$reserved => Some($reserved_text),)*
                    $(SyntaxKind::$word => Some($word_text),)*
                    _ => None,
                }
            }

            /// Whether it is a reserved word, never a binding.
            pub fn is_reserved(self) -> bool {
                matches!(self, $(SyntaxKind::$reserved)|*)
            }

            /// Whether it is a word that is a keyword only where it is expected.
            pub fn is_contextual(self) -> bool {
                matches!(self, $(SyntaxKind::$word)|*)
            }
        }
    };
}

syntax_kinds! {
    plain {
        Whitespace "Blanks, and a byte order mark at the start.",
        Newline "The end of a line.",
        Comment "`// …`",
        DocComment "`/// …`",
        ErrorToken "Bytes that are no token of the language.",
        Ident "A name.",
        VersionWord "`v1`: a version, or a name where no version is expected.",
        Int "`42`",
        Decimal "`12.50`",
        Float "`1.5e3`",
        Duration "`1h30m`",
        Size "`10KB`",
        StatusClass "`5xx`",
        Date "`@2026-01-31`",
        Timestamp "`@2026-01-31T09:00:00Z`",
        StringWhole "A string without interpolation, with its quotes: plain, block or raw.",
        StringStart "From the opening quote to the first `{`.",
        StringMiddle "From a `}` to the next `{`.",
        StringEnd "From the last `}` to the closing quote.",
    }
    punctuation {
        LeftParen "(",
        RightParen ")",
        LeftBracket "[",
        RightBracket "]",
        LeftBrace "{",
        RightBrace "}",
        Comma ",",
        Colon ":",
        QuestionColon "?:",
        Semicolon ";",
        Dot ".",
        DotDot "..",
        DotDotDot "...",
        Question "?",
        QuestionDot "?.",
        QuestionQuestion "??",
        Equal "=",
        EqualEqual "==",
        Bang "!",
        BangEqual "!=",
        Less "<",
        LessEqual "<=",
        Greater ">",
        GreaterEqual ">=",
        Plus "+",
        Minus "-",
        Star "*",
        Slash "/",
        Percent "%",
        AmpersandAmpersand "&&",
        Bar "|",
        BarBar "||",
        Arrow "->",
        FatArrow "=>",
        At "@",
        Underscore "_",
    }
    reserved {
        AbsentKeyword "absent",
        ApiKeyword "api",
        AsKeyword "as",
        BreakKeyword "break",
        CallbackKeyword "callback",
        CatchKeyword "catch",
        CommitKeyword "commit",
        CompensateKeyword "compensate",
        ConfigKeyword "config",
        ContinueKeyword "continue",
        DivKeyword "div",
        ElseKeyword "else",
        ErrorKeyword "error",
        ExecutionKeyword "execution",
        FailKeyword "fail",
        FalseKeyword "false",
        FinallyKeyword "finally",
        FnKeyword "fn",
        ForKeyword "for",
        IfKeyword "if",
        ImportKeyword "import",
        InKeyword "in",
        ItKeyword "it",
        LetKeyword "let",
        MatchKeyword "match",
        NullKeyword "null",
        ObjectiveKeyword "objective",
        ParallelKeyword "parallel",
        PollKeyword "poll",
        PublishKeyword "publish",
        RaceKeyword "race",
        ReceiveKeyword "receive",
        RetryKeyword "retry",
        ReturnKeyword "return",
        SagaKeyword "saga",
        ScheduleKeyword "schedule",
        SecretKeyword "secret",
        SignalKeyword "signal",
        SleepKeyword "sleep",
        TestKeyword "test",
        TrueKeyword "true",
        TryKeyword "try",
        TypeKeyword "type",
        UndoKeyword "undo",
        UntilKeyword "until",
        VarKeyword "var",
        WhileKeyword "while",
        WithKeyword "with",
        WithinKeyword "within",
        WorkflowKeyword "workflow",
    }
    contextual {
        AdvanceKeyword "advance",
        AfterKeyword "after",
        AtKeyword "at",
        BecauseKeyword "because",
        BeforeKeyword "before",
        BodyKeyword "body",
        CallsKeyword "calls",
        CrashKeyword "crash",
        CronKeyword "cron",
        DeleteKeyword "delete",
        EncodedKeyword "encoded",
        EveryKeyword "every",
        ExpectKeyword "expect",
        FailsKeyword "fails",
        FailureKeyword "failure",
        FromKeyword "from",
        GetKeyword "get",
        HeadKeyword "head",
        HeaderKeyword "header",
        KeyKeyword "key",
        LogKeyword "log",
        MockKeyword "mock",
        NeverKeyword "never",
        OnceKeyword "once",
        OneKeyword "one",
        OptionsKeyword "options",
        OverKeyword "over",
        PatchKeyword "patch",
        PerKeyword "per",
        PlanKeyword "plan",
        PostKeyword "post",
        PutKeyword "put",
        ReportKeyword "report",
        SendKeyword "send",
        SequenceKeyword "sequence",
        SettledKeyword "settled",
        SnapshotKeyword "snapshot",
        StartKeyword "start",
        StatusKeyword "status",
        StringKeyword "string",
        TaggedKeyword "tagged",
        TimesKeyword "times",
        UntaggedKeyword "untagged",
        WhereKeyword "where",
        ZoneKeyword "zone",
    }
    nodes {
        Root "A whole file.",
        Error "Tokens that fit nowhere; a diagnostic says why.",
        Name "A name where it is declared.",
        NameRef "A name where it is used.",
        Version "`v1` in a declaration, `@v1` in a use.",
        WireName "`as \"order-id\"`: another name, or a tag, on the wire.",

        Import "`import { A, B } from \"./types.flow\"`",
        ImportApi "`import api petstore from \"./petstore.yaml\" { … }`",
        ConfigDecl "`config { … }`",
        ConfigEntry "`name: T = default` in a `config`.",
        ErrorDecl "`error Declined { … }`",
        RetryDecl "`retry transient { … }`",
        TypeDecl "`type Page<T> { … }`, `type Tier = …`",
        TypeParameters "`<T, U>` in a declaration.",
        ApiDecl "`api orders v1 { … }`",
        PropertyBlock "The `{ … }` of an api, an operation, a policy, a publication.",
        Property "`timeout: 2s`",
        Operation "`post charge \"/payments\" (…) -> T { … }`",
        OperationOverride "`createPet { … }` in the block of an `import api`.",
        ParameterList "`(order: Order, limit: int = 20)`",
        Parameter "One parameter.",
        WorkflowDecl "`workflow name (…) -> T within 5m { … }`",
        WithinClause "`within 5m`",
        UntilClause "`until cond`",
        KeyClause "`key order.id for 7d again: failed`",
        OnePerClause "`one per order.customer`",
        UndoClause "`undo: call(…)` in the head of a workflow.",
        FnDecl "`fn total(items: [Item]) -> decimal = …`",
        SignalDecl "`signal approve { … } early: drop`",
        PublishDecl "`publish process_order at post \"/orders\" { … }`",
        ScheduleDecl "`schedule nightly cron \"…\" zone \"…\" { … }`",
        ZoneClause "`zone \"Europe/Berlin\"`",
        ObjectiveDecl "`objective process_order { … }`",
        TestDecl "`test \"…\" every failure { … }`",

        NamedType "`string`, `Page<Order>`, `petstore.Pet`",
        TypeArguments "`<T, U>` in a use.",
        OptionalType "`T?`",
        ListType "`[T]`",
        MapType "`{string: T}`",
        RecordType "`{ a: T, b?: U }`",
        Field "A field of a record type.",
        StatusType "`{ 201: Customer, 200: Rejected }`",
        StatusCase "One status and its type.",
        UnionType "`\"a\" | \"b\" | ...`, `A { … } | B tagged \"kind\"`",
        Variant "`Created as \"created\" { … }` in a union.",
        LiteralType "`\"card\"`",
        SecretType "`secret string`",
        EncodedType "`decimal encoded string`",
        ParenType "`( T )`",
        WhereClause "`where quantity > 0`",

        Block "`{ statements }`",
        LetStatement "`let pattern: T = value`",
        VarStatement "`var name: T = value`",
        AssignStatement "`name = value`",
        ExprStatement "An expression as a statement.",
        CompensateClause "`compensate …` after a call.",
        UndoStatement "`undo { … }`",
        CommitStatement "`commit`",

        Literal "A number, duration, size, date, timestamp, `true`, `false`, `null`, `absent`, `5xx`.",
        StringLiteral "A string, with the expressions inside it.",
        NameExpr "`name`, `name@v2`, `config`, `execution`, `it`",
        FieldExpr "`value.field`, `value?.field`",
        IndexExpr "`value[i]`",
        CallExpr "`callee(arguments)`",
        ArgumentList "`(a, limit: 20)`",
        Argument "One argument.",
        CastExpr "`value as T`",
        WithExpr "`call(…) with { … }`",
        PrefixExpr "`!value`, `-value`",
        BinaryExpr "`left + right`",
        RecordExpr "`{ a: 1, b, ...rest }`",
        RecordField "`a: 1`, `b`, `\"key\": 1`, `409: E`",
        RecordKey "The name, string or status before the colon.",
        Spread "`...value`",
        ConstructorExpr "`Declined { reason: \"…\" }`",
        ListExpr "`[a, ...b]`",
        ParenExpr "`(value)`",
        LambdaExpr "`x => x.price`, `(a, b) => a + b`",
        LambdaParameters "The parameters of a lambda.",
        RateExpr "`50 per 1s per client` in a property.",
        SpanExpr "`sync within 10s`, `99.5% over 30d` in a property.",
        PercentLiteral "`99.5%` in a property.",
        IfExpr "`if c { } else if d { } else { }`, however many branches.",
        IfBranch "`if c { }` or `else if d { }`",
        ElseBranch "`else { }`",
        MatchExpr "`match v { arms }`",
        MatchArm "`pattern if guard => value`",
        Guard "`if cond` after a pattern or a `receive`.",
        ForExpr "`for x in xs parallel 8 { }`",
        ForWidth "`parallel 8`, `race 2` in the head of a `for`.",
        WhileExpr "`while c { }`",
        BreakExpr "`break`",
        ContinueExpr "`continue`",
        ParallelExpr "`parallel settled { branches }`",
        RaceExpr "`race 2 { branches }`",
        Branch "`name: value` in a `parallel` or `race`.",
        SagaExpr "`saga { }`",
        TryExpr "`try { } catch … { } finally { }`",
        CatchClause "`catch A | B as e { }`",
        CatchPattern "`Declined`, `http 4xx`, `timeout`",
        FinallyClause "`finally { }`",
        FailExpr "`fail E { … } because e`",
        BecauseClause "`because e`",
        ReturnExpr "`return value`",
        WithinExpr "`within 30s { }`",
        SleepExpr "`sleep 5m`, `sleep until t`",
        PollExpr "`poll every 2s within 5m { } until cond`",
        ReceiveExpr "`receive approve if cond within 24h`",
        CallbackExpr "`callback<T>()`",
        StartExpr "`start other(…)`",
        ReportExpr "`report { … }`",
        LogExpr "`log \"…\"`",

        WildcardPattern "`_`",
        BindingPattern "`name`, where it binds.",
        LiteralPattern "`42`, `\"gold\"`, `null`",
        TagPattern "`Created`, `Created { id }`, `Created e`, `201 new`",
        RecordPattern "`{ a, b: x }`",
        PatternField "One field of a record pattern.",
        ListPattern "`[first, ...rest]`",
        RestPattern "`...rest`",
        AlternativePattern "`A | B`",

        MockStatement "`mock api.op(…) => answer`",
        StatusAnswer "`status 503 { … }`",
        AfterAnswer "`after 3s value`",
        SequenceAnswer "`sequence [ … ]`",
        AdvanceStatement "`advance 10m`",
        SendStatement "`send run.approve({ … })`",
        CrashStatement "`crash`",
        ExpectStatement "`expect cond`",
        ExpectSettled "`expect run settled`",
        ExpectFails "`expect run fails E`",
        ExpectCalls "`expect calls api.op(…) once`",
        SnapshotStatement "`snapshot value`, `snapshot plan name`",
    }
}

impl SyntaxKind {
    /// Whether it is a blank, a line end or a comment: what the meaning of a file does not depend on.
    pub fn is_trivia(self) -> bool {
        matches!(self, Self::Whitespace | Self::Newline | Self::Comment | Self::DocComment)
    }

    /// Whether it is a word: a name or any keyword.
    pub fn is_word(self) -> bool {
        matches!(self, Self::Ident | Self::VersionWord) || self.is_reserved() || self.is_contextual()
    }

    /// Whether it is a token, not a node.
    pub fn is_token(self) -> bool {
        self < Self::Root
    }
}

impl Syntax for SyntaxKind {
    fn from_raw(raw: RawSyntaxKind) -> Self {
        Self::ALL.get(raw.0 as usize).copied().unwrap_or(Self::Error)
    }

    fn into_raw(self) -> RawSyntaxKind {
        RawSyntaxKind(self as u32)
    }

    fn static_text(self) -> Option<&'static str> {
        self.fixed_text()
    }
}
