//! The plan: what a workflow compiles to, and the contract between compiler and runtime.
//!
//! A [`Plan`] is pure data: typed instructions, tables of types, constants, APIs, policies and steps. It has one
//! canonical encoding, and its [`PlanHash`] (BLAKE3 of that encoding) is its identity. What only people read
//! (spans, names of locals) is a [`Debug`] section apart, outside the hash. A plan that did not come straight
//! from the compiler is [`verify`]-ed before anything runs it.
//!
//! This crate knows the artefact, and is kept unaware of syntax, of the compiler's phases, and of how a plan
//! runs. Start reading at [`Plan`], then [`op`].

mod api;
mod debug;
mod encoding;
mod execution;
mod function;
mod ids;
pub mod op;
mod outcome;
mod plan;
mod publishing;
mod request;
mod text;
mod types;
mod undo;
mod verify;

pub use api::{
    Api, Auth, Backoff, Balance, EffectClass, Exhausted, Idempotency, KeyPlace, Method, Operation, Param,
    PathPart, Place, Policy, Rate, Response, RetryOn, Setting, Statuses,
};
pub use debug::{Debug, FunctionDebug, Location};
pub use encoding::{DecodeError, PlanHash};
pub use execution::{Child, Key};
pub use function::{Branch, Catch, Function, Group, GroupMode, Handler, Live, Purity, Register};
pub use ids::{
    ApiId, ChildId, ConfigId, ConstantId, ErrorId, FunctionId, GroupId, ListId, OperationId, PolicyId,
    SignalId, StepId, TypeId,
};
pub use op::{Op, Reg, Target};
pub use outcome::{Meaning, Outcome};
pub use plan::{
    Callee, Config, Constant, ErrorType, FORMAT, Fact, InputForm, Plan, Signal, Step, Undo, WorstCase,
};
pub use publishing::{Access, ClientRate, Objective, ParamPlace, Publishing, Route, Schedule, VersionPlace};
pub use request::{Pages, RequestForm};
pub use text::{summary, text};
pub use types::{BodyForm, Boundary, Case, Field, Literal, Literals, Type, Types, UNKNOWN_CASE, WireForm};
pub use undo::{Attention, End, Staying, Stays, UndoCase, UndoRow, Undoing, When, undo_table, undo_text};
pub use verify::{
    CODE_MAX, STATES_MAX, TYPES_MAX, VerifyError, layout_classes, live_tables, may_raise, results_read,
    verify,
};
