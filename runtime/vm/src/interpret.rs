//! The interpreter: runs instructions of one thread until it returns, fails, waits or has used up its fuel.
//!
//! Pure instructions are carried out here; where an effect or a scope is due, the interpreter hands the
//! instruction to the machine and leaves the counter on it. An instruction that faults has changed nothing, so
//! it can be tried again after a collection.
#![expect(clippy::indexing_slicing, reason = "the verifier has checked every register of every instruction")]

use flow_plan::{Function, FunctionId, ListId, Op, Reg, Target, Type, TypeId};

use crate::fault::Fault;
use crate::heap::{Heap, NULL};
use crate::json::Reader;
use crate::limits::{CALL_DEPTH_MAX, CHECK_DEPTH_MAX, PURE_FUEL};
use crate::program::{FunctionInfo, Program, Slots};
use crate::wire::{Conditions, Misfit, Wire, padded};
use crate::{decimal, dynamic, equal, error_object, library};

/// What instructions read beside their registers.
#[derive(Clone, Copy)]
pub(crate) struct Env<'a> {
    pub(crate) program: &'a Program,
    /// The pinned values of configuration entries, by id.
    pub(crate) config: &'a [Option<Slots>],
}

/// What is left for one evaluation of pure code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Instructions.
    pub(crate) fuel: u64,
    /// How many checks are inside each other.
    pub(crate) depth: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { fuel: PURE_FUEL, depth: 0 }
    }
}

/// One activation of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) function: FunctionId,
    /// The next instruction; of a caller, the call itself.
    pub(crate) at: u32,
    /// Where its registers begin in the stack.
    pub(crate) base: usize,
}

/// Activations with their registers, the innermost last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) stack: Vec<u64>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) budget: Budget,
}

/// Why the interpreter stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The slice's fuel is used up.
    Slice,
    /// An instruction of the root is for the machine.
    Effect(Op),
    /// The root has returned.
    Returned(Slots),
    /// An instruction has failed.
    Fault(Fault),
}

impl Thread {
    /// A thread at the beginning of a function, whose arguments' slots follow each other.
    pub(crate) fn new(program: &Program, id: FunctionId, args: &[u64]) -> Result<Self, Fault> {
        let (function, info) = (program.function(id)?, program.info(id)?);
        let mut stack = vec![0; info.slots];
        let mut rest = args;
        for param in &function.params {
            let width = info.widths[param.index()];
            let (value, after) = rest.split_at_checked(width).ok_or(Fault::Damaged)?;
            stack[param.index()..param.index() + width].copy_from_slice(value);
            rest = after;
        }
        let frames = vec![Frame { function: id, at: 0, base: 0 }];
        Ok(Self { stack, frames, budget: Budget::default() })
    }

    /// The innermost activation's function and instruction.
    pub(crate) fn place(&self) -> (FunctionId, Target) {
        let frame = self.frames.last();
        frame.map_or((FunctionId(0), Target(0)), |frame| (frame.function, Target(frame.at)))
    }
}

/// Calls a pure function; the slots of its result.
pub(crate) fn call(
    env: Env<'_>,
    heap: &mut Heap,
    budget: &mut Budget,
    function: FunctionId,
    args: &[u64],
) -> Result<Slots, Fault> {
    if budget.depth >= CHECK_DEPTH_MAX {
        return Err(Fault::limit("conditions are nested too deeply"));
    }
    let mut thread = Thread::new(env.program, function, args)?;
    thread.budget = Budget { fuel: budget.fuel, depth: budget.depth + 1 };
    let exit = run(env, heap, &mut thread, &mut { u64::MAX });
    budget.fuel = thread.budget.fuel;
    match exit {
        Exit::Returned(slots) => Ok(slots),
        Exit::Fault(fault) => Err(fault),
        Exit::Slice | Exit::Effect(_) => Err(Fault::Damaged),
    }
}

/// What comes after an instruction.
enum Next {
    Step,
    Jump(Target),
    Call(FunctionId, ListId),
    Return(Reg),
    Effect,
}

/// Runs a thread.
pub(crate) fn run(env: Env<'_>, heap: &mut Heap, thread: &mut Thread, fuel: &mut u64) -> Exit {
    match run_frames(env, heap, thread, fuel) {
        Ok(exit) => exit,
        Err(fault) => Exit::Fault(fault),
    }
}

fn run_frames(env: Env<'_>, heap: &mut Heap, thread: &mut Thread, fuel: &mut u64) -> Result<Exit, Fault> {
    loop {
        let frame = thread.frames.last_mut().ok_or(Fault::Damaged)?;
        let (function, info) = (env.program.function(frame.function)?, env.program.info(frame.function)?);
        let is_pure = function.purity == flow_plan::Purity::Pure;
        let slots = thread.stack.get_mut(frame.base..frame.base + info.slots).ok_or(Fault::Damaged)?;
        let (op, next) = loop {
            let op = *function.code.get(frame.at as usize).ok_or(Fault::Damaged)?;
            // A slice ends where the thread can be interrupted: each way through a loop passes such a place.
            if *fuel == 0 && flow_plan::may_raise(&op) {
                return Ok(Exit::Slice);
            }
            *fuel = fuel.saturating_sub(1);
            if is_pure {
                thread.budget.fuel = thread.budget.fuel.checked_sub(1).ok_or_else(out_of_fuel)?;
            } else {
                thread.budget = Budget::default();
            }
            let before = thread.budget.fuel;
            let place = (frame.function, Target(frame.at));
            let mut context = Context { env, heap, function, info, budget: &mut thread.budget, place };
            let next = context.step(slots, op)?;
            let work = heap.take_work() / 16 + (before - thread.budget.fuel.min(before));
            if work > 0 {
                *fuel = fuel.saturating_sub(work);
                thread.budget.fuel = thread.budget.fuel.saturating_sub(work);
            }
            match next {
                Next::Step => frame.at += 1,
                Next::Jump(target) => frame.at = target.0,
                other => break (op, other),
            }
        };
        match next {
            Next::Step | Next::Jump(_) => {}
            Next::Effect => return Ok(Exit::Effect(op)),
            Next::Call(callee, args) => enter(env.program, thread, callee, args)?,
            Next::Return(src) => {
                let from = src.index();
                let result = padded(&slots[from..from + info.result_width]);
                if thread.frames.len() <= 1 {
                    return Ok(Exit::Returned(result));
                }
                leave(thread, &result[..info.result_width.min(3)], env.program)?;
            }
        }
    }
}

fn out_of_fuel() -> Fault {
    Fault::limit("a computation takes more than 10⁹ instructions")
}

/// Opens the frame of a called function over the caller's registers.
fn enter(program: &Program, thread: &mut Thread, callee: FunctionId, args: ListId) -> Result<(), Fault> {
    if thread.frames.len() > CALL_DEPTH_MAX {
        return Err(Fault::limit("functions call each other more than 64 deep"));
    }
    let caller = *thread.frames.last().ok_or(Fault::Damaged)?;
    let caller_function = program.function(caller.function)?;
    let (function, info) = (program.function(callee)?, program.info(callee)?);
    let base = thread.stack.len();
    thread.stack.resize(base + info.slots, 0);
    for (param, arg) in function.params.iter().zip(&caller_function.lists[args.0 as usize]) {
        let from = caller.base + arg.index();
        thread.stack.copy_within(from..from + info.widths[param.index()], base + param.index());
    }
    thread.frames.push(Frame { function: callee, at: 0, base });
    Ok(())
}

/// Closes the innermost frame and hands its result to the caller's call.
fn leave(thread: &mut Thread, result: &[u64], program: &Program) -> Result<(), Fault> {
    let closed = thread.frames.pop().ok_or(Fault::Damaged)?;
    thread.stack.truncate(closed.base);
    let caller = thread.frames.last_mut().ok_or(Fault::Damaged)?;
    let call = program.function(caller.function)?.code.get(caller.at as usize);
    let Some(Op::CallFunction { dst, .. }) = call else { return Err(Fault::Damaged) };
    let to = caller.base + dst.index();
    thread.stack.get_mut(to..to + result.len()).ok_or(Fault::Damaged)?.copy_from_slice(result);
    caller.at += 1;
    Ok(())
}

/// What one instruction of a frame works with.
pub(crate) struct Context<'a> {
    pub(crate) env: Env<'a>,
    pub(crate) heap: &'a mut Heap,
    pub(crate) function: &'a Function,
    pub(crate) info: &'a FunctionInfo,
    budget: &'a mut Budget,
    place: (FunctionId, Target),
}

fn copy(slots: &mut [u64], dst: Reg, src: Reg, count: u16) {
    let from = src.index();
    slots.copy_within(from..from + usize::from(count), dst.index());
}

fn set(slots: &mut [u64], dst: Reg, value: u64) {
    slots[dst.index()] = value;
}

fn set_bool(slots: &mut [u64], dst: Reg, value: bool) {
    slots[dst.index()] = u64::from(value);
}

fn get(slots: &[u64], src: Reg) -> u64 {
    slots[src.index()]
}

fn int(slots: &[u64], src: Reg) -> i64 {
    slots[src.index()].cast_signed()
}

fn float(slots: &[u64], src: Reg) -> f64 {
    f64::from_bits(slots[src.index()])
}

/// The decimal of a register.
pub(crate) fn decimal_at(slots: &[u64], src: Reg) -> rust_decimal::Decimal {
    decimal::from_slots(slots[src.index()], slots[src.index() + 1])
}

fn set_decimal(slots: &mut [u64], dst: Reg, value: rust_decimal::Decimal) {
    let [low, high] = decimal::to_slots(value);
    slots[dst.index()] = low;
    slots[dst.index() + 1] = high;
}

fn set_int(slots: &mut [u64], dst: Reg, value: Option<i64>) -> Result<(), Fault> {
    let value = value.ok_or_else(|| Fault::arithmetic("an int overflows 64 bits"))?;
    slots[dst.index()] = value.cast_unsigned();
    Ok(())
}

fn set_float(slots: &mut [u64], dst: Reg, value: f64) -> Result<(), Fault> {
    if !value.is_finite() {
        return Err(Fault::arithmetic("a float has no finite result"));
    }
    slots[dst.index()] = value.to_bits();
    Ok(())
}

impl Context<'_> {
    /// The registers of a list.
    pub(crate) fn list(&self, list: ListId) -> &[Reg] {
        &self.function.lists[list.0 as usize]
    }

    /// The slots of a register.
    pub(crate) fn value<'s>(&self, slots: &'s [u64], src: Reg) -> &'s [u64] {
        &slots[src.index()..src.index() + self.info.widths[src.index()]]
    }

    fn wire(&mut self) -> Wire<'_> {
        Wire::new(self.env, self.heap, self.budget)
    }

    fn step(&mut self, slots: &mut [u64], op: Op) -> Result<Next, Fault> {
        match op {
            Op::Const { dst, constant } => {
                let (value, width) = self.env.program.constant(constant.index())?;
                slots[dst.index()..dst.index() + width].copy_from_slice(&value[..width]);
            }
            Op::Move { dst, src, slots: count } => copy(slots, dst, src, count),
            Op::Null { dst, slots: count } => {
                slots[dst.index()..dst.index() + usize::from(count)].fill(0);
            }
            Op::SomeHandle { dst, src } => set(slots, dst, get(slots, src)),
            Op::SomeWide { dst, src, slots: count } => {
                // The value first: dst and src may be one register in a plan that never reads src again.
                copy(slots, Reg(dst.0 + 1), src, count);
                set(slots, dst, 1);
            }
            Op::IsNull { dst, src } => set_bool(slots, dst, get(slots, src) == 0),
            Op::UnwrapHandle { dst, src } => match get(slots, src) {
                NULL => return Err(Fault::cast("the value is null")),
                handle => set(slots, dst, handle),
            },
            Op::UnwrapWide { dst, src, slots: count } => {
                if get(slots, src) == 0 {
                    return Err(Fault::cast("the value is null"));
                }
                copy(slots, dst, Reg(src.0 + 1), count);
            }
            Op::Config { dst, entry } => {
                let value = self.env.config.get(entry.index()).copied().flatten();
                let value = value.ok_or_else(|| Fault::cast("the configuration entry has no value"))?;
                let width = self.info.widths[dst.index()];
                slots[dst.index()..dst.index() + width].copy_from_slice(&value[..width]);
            }

            Op::AddInt { dst, a, b } => set_int(slots, dst, int(slots, a).checked_add(int(slots, b)))?,
            Op::SubInt { dst, a, b } => set_int(slots, dst, int(slots, a).checked_sub(int(slots, b)))?,
            Op::MulInt { dst, a, b } => set_int(slots, dst, int(slots, a).checked_mul(int(slots, b)))?,
            Op::DivInt { dst, a, b } => {
                nonzero(int(slots, b))?;
                set_int(slots, dst, int(slots, a).checked_div(int(slots, b)))?;
            }
            Op::RemInt { dst, a, b } => {
                nonzero(int(slots, b))?;
                // The remainder by -1 is 0 for every number, also where the quotient would overflow.
                set_int(slots, dst, Some(int(slots, a).wrapping_rem(int(slots, b))))?;
            }
            Op::NegInt { dst, src } => set_int(slots, dst, int(slots, src).checked_neg())?,
            Op::AddDecimal { dst, a, b } => {
                set_decimal(slots, dst, decimal::add(decimal_at(slots, a), decimal_at(slots, b))?);
            }
            Op::SubDecimal { dst, a, b } => {
                set_decimal(slots, dst, decimal::subtract(decimal_at(slots, a), decimal_at(slots, b))?);
            }
            Op::MulDecimal { dst, a, b } => {
                set_decimal(slots, dst, decimal::multiply(decimal_at(slots, a), decimal_at(slots, b))?);
            }
            Op::DivDecimal { dst, a, b } => {
                set_decimal(slots, dst, decimal::divide(decimal_at(slots, a), decimal_at(slots, b))?);
            }
            Op::RemDecimal { dst, a, b } => {
                set_decimal(slots, dst, decimal::remainder(decimal_at(slots, a), decimal_at(slots, b))?);
            }
            Op::NegDecimal { dst, src } => {
                let value = decimal_at(slots, src);
                set_decimal(slots, dst, if value.is_zero() { value } else { -value });
            }
            Op::AddFloat { dst, a, b } => set_float(slots, dst, float(slots, a) + float(slots, b))?,
            Op::SubFloat { dst, a, b } => set_float(slots, dst, float(slots, a) - float(slots, b))?,
            Op::MulFloat { dst, a, b } => set_float(slots, dst, float(slots, a) * float(slots, b))?,
            Op::DivFloat { dst, a, b } => set_float(slots, dst, float(slots, a) / float(slots, b))?,
            Op::NegFloat { dst, src } => set_float(slots, dst, -float(slots, src))?,
            Op::IntToDecimal { dst, src } => set_decimal(slots, dst, int(slots, src).into()),
            Op::IntToFloat { dst, src } => set_float(slots, dst, int(slots, src) as f64)?,

            Op::EqInt { dst, a, b } => set_bool(slots, dst, get(slots, a) == get(slots, b)),
            Op::LtInt { dst, a, b } => set_bool(slots, dst, int(slots, a) < int(slots, b)),
            Op::LeInt { dst, a, b } => set_bool(slots, dst, int(slots, a) <= int(slots, b)),
            Op::EqDecimal { dst, a, b } => set_bool(slots, dst, decimal_at(slots, a) == decimal_at(slots, b)),
            Op::LtDecimal { dst, a, b } => set_bool(slots, dst, decimal_at(slots, a) < decimal_at(slots, b)),
            Op::LeDecimal { dst, a, b } => set_bool(slots, dst, decimal_at(slots, a) <= decimal_at(slots, b)),
            Op::EqFloat { dst, a, b } => set_bool(slots, dst, float(slots, a) == float(slots, b)),
            Op::LtFloat { dst, a, b } => set_bool(slots, dst, float(slots, a) < float(slots, b)),
            Op::LeFloat { dst, a, b } => set_bool(slots, dst, float(slots, a) <= float(slots, b)),
            // Order by code point is order by the bytes of UTF-8.
            Op::EqText { dst, a, b } => {
                let (a, b) = self.text_pair(slots, a, b)?;
                set_bool(slots, dst, a == b);
            }
            Op::LtText { dst, a, b } => {
                let (a, b) = self.text_pair(slots, a, b)?;
                set_bool(slots, dst, a < b);
            }
            Op::LeText { dst, a, b } => {
                let (a, b) = self.text_pair(slots, a, b)?;
                set_bool(slots, dst, a <= b);
            }
            Op::Eq { dst, a, b, of } => {
                let answer = {
                    let (a, b) = (self.value(slots, a), self.value(slots, b));
                    equal::equal(self.env.program, self.heap, of, (a, b), 0)?
                };
                set_bool(slots, dst, answer);
            }
            Op::Not { dst, src } => set_bool(slots, dst, get(slots, src) == 0),

            Op::Jump { to } => return Ok(Next::Jump(to)),
            Op::JumpIf { condition, to } if get(slots, condition) != 0 => return Ok(Next::Jump(to)),
            Op::JumpIfNot { condition, to } if get(slots, condition) == 0 => return Ok(Next::Jump(to)),
            Op::JumpIf { .. } | Op::JumpIfNot { .. } => {}
            Op::CallFunction { function, args, .. } => return Ok(Next::Call(function, args)),
            Op::Return { src } => return Ok(Next::Return(src)),

            Op::Record { dst, of, fields } => {
                let handle = self.record(slots, of, fields)?;
                set(slots, dst, handle);
            }
            Op::Field { dst, record, offset, slots: count } => {
                let at = get(slots, record).checked_add(u64::from(offset)).ok_or(Fault::Damaged)?;
                let words = self.heap.words(at, usize::from(count))?;
                slots[dst.index()..dst.index() + usize::from(count)].copy_from_slice(words);
            }
            Op::Case { dst, case, fields, .. } => {
                let handle = self.heap.object(&[u64::from(case), get(slots, fields)])?;
                set(slots, dst, handle);
            }
            Op::IsCase { dst, src, case } => {
                set_bool(slots, dst, self.heap.word(get(slots, src), 0)? == u64::from(case));
            }
            Op::CaseFields { dst, src, case } => {
                let src = get(slots, src);
                if self.heap.word(src, 0)? != u64::from(case) {
                    return Err(Fault::cast("the value is of another case"));
                }
                set(slots, dst, self.heap.word(src, 1)?);
            }
            Op::List { dst, of, items } => {
                let handle = self.new_list(slots, of, items)?;
                set(slots, dst, handle);
            }
            Op::Push { list, item, slots: count } => {
                let from = item.index();
                let handle = self.heap.push(get(slots, list), &slots[from..from + usize::from(count)])?;
                set(slots, list, handle);
            }
            Op::Len { dst, list } => set(slots, dst, self.heap.len(get(slots, list))? as u64),
            Op::Item { dst, list, index, slots: count } => {
                let (list, index, width) = (get(slots, list), int(slots, index), usize::from(count));
                let place = usize::try_from(index).ok();
                let item = place.map_or(Ok(None), |place| self.heap.item(list, place, width))?;
                let Some(item) = item else {
                    let message = format!("item {index} of a list of {}", self.heap.len(list)?);
                    return Err(Fault::Range(message.into()));
                };
                slots[dst.index()..dst.index() + width].copy_from_slice(item);
            }
            Op::Map { dst, of, entries } => {
                let handle = self.new_map(slots, of, entries)?;
                set(slots, dst, handle);
            }
            Op::MapGet { dst, map, key, of } => {
                let value = self.map_get(slots, (map, key), of)?;
                let width = self.info.widths[dst.index()];
                slots[dst.index()..dst.index() + width].copy_from_slice(&value[..width]);
            }

            Op::Concat { dst, parts } => {
                let handle = library::concat(self, slots, parts)?;
                set(slots, dst, handle);
            }
            Op::ToText { dst, src, of } => {
                let value = padded(self.value(slots, src));
                let text = self.wire().text(of, &value)?;
                set(slots, dst, self.heap.new_text(&text)?);
            }
            Op::ToJson { dst, src, of } => {
                let value = padded(self.value(slots, src));
                let json = self.wire().encode(of, &value, Conditions::Taken)?;
                let handle = self.dynamic(&json)?;
                set(slots, dst, handle);
            }
            Op::FromJson { dst, src, of } => {
                let mut json = Vec::new();
                dynamic::write(self.heap, get(slots, src), &mut json, 0)?;
                let value = self.wire().decode(of, &json).map_err(Misfit::into_cast)?;
                let width = self.info.widths[dst.index()];
                slots[dst.index()..dst.index() + width].copy_from_slice(&value[..width]);
            }
            Op::JsonMember { dst, src, key } => {
                let member = dynamic::member(self.heap, get(slots, src), self.heap.text(get(slots, key))?)?;
                set(slots, dst, member);
            }
            Op::JsonItem { dst, src, index } => {
                set(slots, dst, dynamic::item(self.heap, get(slots, src), int(slots, index))?);
            }
            Op::Library { dst, builtin, args } => {
                let value = library::apply(self, slots, builtin, args)?;
                let width = self.info.widths[dst.index()];
                slots[dst.index()..dst.index() + width].copy_from_slice(&value[..width]);
            }

            Op::Fail { error, fields } => {
                let parts = (get(slots, fields), NULL);
                let raised = error_object::declared(self.env, self.heap, error, parts, self.place)?;
                return Err(Fault::Raised(raised));
            }
            Op::FailBecause { error, fields, because } => {
                let parts = (get(slots, fields), get(slots, because));
                let raised = error_object::declared(self.env, self.heap, error, parts, self.place)?;
                return Err(Fault::Raised(raised));
            }
            Op::Unreachable {} => return Err(Fault::cast("the plan goes on after what never ends well")),
            Op::Rethrow { error } => return Err(Fault::Raised(get(slots, error))),
            Op::ErrorAttach { dst, src, also } => {
                set(slots, dst, error_object::attached(self.heap, get(slots, src), get(slots, also))?);
            }
            Op::ErrorBecause { dst, src, because } => {
                set(slots, dst, error_object::because(self.heap, get(slots, src), get(slots, because))?);
            }
            Op::ErrorStatus { dst, src } => {
                let status = error_object::status(self.heap, get(slots, src))?;
                let status = status.ok_or_else(|| Fault::cast("the error has no status"))?;
                set(slots, dst, u64::from(status));
            }
            Op::ErrorBody { dst, src } => {
                set(slots, dst, error_object::body(self.heap, get(slots, src))?);
            }
            Op::ErrorAlso { dst, src, .. } => {
                set(slots, dst, error_object::also(self.heap, get(slots, src))?);
            }
            Op::ErrorIs { dst, src, error } => {
                set_bool(slots, dst, error_object::declared_id(self.heap, get(slots, src))? == Some(error));
            }
            Op::ErrorFields { dst, src, error } => {
                let src = get(slots, src);
                if error_object::declared_id(self.heap, src)? != Some(error) {
                    return Err(Fault::cast("the error is another one"));
                }
                set(slots, dst, error_object::fields(self.heap, src)?);
            }
            Op::MakeError { dst, error, fields } => {
                let parts = (get(slots, fields), NULL);
                let made = error_object::declared(self.env, self.heap, error, parts, self.place)?;
                set(slots, dst, made);
            }
            Op::ErrorStep { dst, src } => {
                let name = error_object::step(self.heap, get(slots, src))?;
                let name = name.map(|step| self.env.program.plan().step_name(step));
                let handle = name.map_or(Ok(NULL), |name| self.heap.new_text(&name))?;
                set(slots, dst, handle);
            }
            Op::ErrorName { dst, src } => {
                let name = error_object::name(self.env, self.heap, get(slots, src))?;
                set(slots, dst, self.heap.new_text(&name)?);
            }
            Op::ErrorMessage { dst, src } => {
                set(slots, dst, error_object::message(self.heap, get(slots, src))?);
            }

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
            | Op::Report { .. }
            | Op::Log { .. }
            | Op::PageAgain { .. }
            | Op::Fork { .. }
            | Op::ForkSome { .. }
            | Op::ForkEach { .. }
            | Op::EnterSaga {}
            | Op::EnterDeadline { .. }
            | Op::EnterLoop {}
            | Op::NextLoop {}
            | Op::Leave {}
            | Op::Commit {}
            | Op::RegisterUndo { .. } => return Ok(Next::Effect),
        }
        Ok(Next::Step)
    }

    fn text_pair(&mut self, slots: &[u64], a: Reg, b: Reg) -> Result<(&[u8], &[u8]), Fault> {
        let (a, b) = (get(slots, a), get(slots, b));
        let work = self.heap.bytes(a)?.len().min(self.heap.bytes(b)?.len()) / 8;
        self.heap.spend(work);
        Ok((self.heap.bytes(a)?, self.heap.bytes(b)?))
    }

    fn record(&mut self, slots: &[u64], of: TypeId, fields: ListId) -> Result<u64, Fault> {
        let layout = self.env.program.layout(of);
        let handle = self.heap.record(layout.record_width)?;
        for (field, offset) in self.function.lists[fields.0 as usize].iter().zip(&layout.offsets) {
            let value = self.value(slots, *field);
            self.heap.write(handle, *offset, value)?;
        }
        Ok(handle)
    }

    fn new_list(&mut self, slots: &[u64], of: TypeId, items: ListId) -> Result<u64, Fault> {
        let Type::List(item) = self.env.program.plan().types.get(of) else { return Err(Fault::Damaged) };
        let mut all = Vec::new();
        for item in self.list(items) {
            all.extend_from_slice(self.value(slots, *item));
        }
        self.heap.new_list(&all, self.env.program.width(*item))
    }

    /// A map of registers by turns. Of equal keys the last value counts, at the place of the first.
    fn new_map(&mut self, slots: &[u64], of: TypeId, entries: ListId) -> Result<u64, Fault> {
        let Type::Map(value) = self.env.program.plan().types.get(of) else { return Err(Fault::Damaged) };
        let width = self.env.program.width(*value);
        let mut all: Vec<u64> = Vec::new();
        for pair in self.list(entries).chunks_exact(2) {
            let [key, value] = pair else { continue };
            let name = self.heap.bytes(get(slots, *key))?;
            let mut same = None;
            for (index, entry) in all.chunks_exact(width + 1).enumerate() {
                if self.heap.bytes(entry[0])? == name {
                    same = Some(index * (width + 1) + 1);
                }
            }
            match same {
                Some(at) => all[at..at + width].copy_from_slice(self.value(slots, *value)),
                None => {
                    all.push(get(slots, *key));
                    all.extend_from_slice(self.value(slots, *value));
                }
            }
        }
        let order = self.heap.sort_keys(&all, width)?;
        self.heap.new_map(&all, &order)
    }

    fn map_get(&mut self, slots: &[u64], (map, key): (Reg, Reg), of: TypeId) -> Result<Slots, Fault> {
        let types = &self.env.program.plan().types;
        let Type::Map(value) = types.get(types.open_secret(of)) else { return Err(Fault::Damaged) };
        let width = self.env.program.width(*value);
        let key = self.heap.bytes(get(slots, key))?;
        let Some(found) = self.heap.map_get(get(slots, map), key, width)? else { return Ok([0; 3]) };
        let found = padded(found);
        // What has null of its own stays as it is; another that is no handle gets its presence slot.
        let own = matches!(types.get(*value), Type::Json | Type::Null);
        let bare = !own && !matches!(types.get(types.open_secret(*value)), Type::Optional(_));
        Ok(if bare && !types.is_handle(*value) { [1, found[0], found[1]] } else { found })
    }

    fn dynamic(&mut self, json: &[u8]) -> Result<u64, Fault> {
        let mut wire = self.wire();
        let mut reader = Reader::new(json, false).map_err(|syntax| Misfit::from(syntax).into_cast())?;
        wire.dynamic(&mut reader).map_err(Misfit::into_cast)
    }
}

fn nonzero(divisor: i64) -> Result<(), Fault> {
    if divisor == 0 { Err(Fault::arithmetic("division by zero")) } else { Ok(()) }
}
