//! The high-level representation of a Flow program: names resolved, sugar kept, spans everywhere.
//!
//! In: the typed syntax trees of an entry file and of what it imports. Out: one [`Program`] of typed arenas
//! in which every name is an id, and diagnostics about names. This crate knows names and scopes; it leaves
//! the meaning of types, effects and rules to `flow-check`, the reading of files to the driver, and knows
//! nothing of bytecode. Start reading at [`lower`] and [`Program`], then [`Expr`].

mod api;
mod body;
mod declaration;
mod files;
mod findings;
mod index;
pub mod limits;
mod lower;
mod pattern;
mod program;
mod publishing;
mod rename;
mod retry;
mod scope;
mod test;
mod types;
mod walk;

pub use api::{
    Api, ApiRate, Auth, Idempotency, Method, Operation, OperationParam, Paginate, ParamPlace, PathPart,
    Raise, ResponseForm, StatusList, UndoCall, UndoClause, VersionTravel,
};
pub use body::{
    Argument, BinaryOp, Block, Branch, CallOptions, Catch, CatchSelector, Compensation, CompensationKind,
    Expr, ExprKind, ListItem, Local, LocalKind, MapEntry, MatchArm, ReceiveSource, RecordItem, Recorded,
    Statement, TemplatePart, UnaryOp,
};
pub use declaration::{ConfigEntry, ErrorDecl, Function, KeyClause, Param, Signal, Workflow};
pub use files::{Files, ImportProblem};
pub use findings::Findings;
pub use index::{Arena, Index, SideTable};
pub use lower::lower;
pub use pattern::{FieldPattern, Pattern, PatternKind, RecordPattern};
pub use program::{
    ApiId, ConfigId, ErrorDeclId, ExprId, FunctionId, LocalId, Name, OperationId, Program, RetryId, SignalId,
    Spanned, TestId, TypeDeclId, WorkflowId,
};
pub use publishing::{
    ClientRate, ErrorStatus, FixedText, Objective, Publication, PublishAuth, PublishMode, RouteParam,
    RouteSegment, Schedule, Success,
};
pub use retry::{
    Attempts, Backoff, BuiltinError, ErrorRef, Exhausted, Jitter, RetryOn, RetryPolicy, RetryRef,
    StatusPattern,
};
pub use test::{CallCount, Expectation, Mock, MockAnswer, Test, TestStep, TestStepKind};
pub use types::{
    BuiltinType, Case, Constraint, Encoding, Field, Literal, LiteralKind, TypeDecl, TypeRef, TypeRefKind,
};
pub use walk::deeper;
