//! The encoding of a machine's whole state.
//!
//! `flowvm`, then a header (format, byte order, plan), then all but the heap, then the heap's words without the
//! constants. The heap is written as the collector leaves it, and of a fiber that waits only the registers that
//! are needed later, so equal states have equal bytes. Bytes that decode to a state but are not its encoding
//! are refused; with them goes every heap that is not well formed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use flow_plan::{Function, FunctionId, Op, PlanHash, Purity};
use serde::{Deserialize, Serialize};

use super::collect::relocate;
use super::fiber::{
    Callback, Early, Fiber, FiberId, Group, GroupId, Progress, Role, Scope, UndoAction, UndoEntry, Wait,
};
use super::{Core, Machine};
use crate::collector::Collector;
use crate::effect::{EffectId, Undone};
use crate::error::StateError;
use crate::heap::{Heap, NULL};
use crate::interpret::{Budget, Frame, Thread};
use crate::limits::{
    CALL_DEPTH_MAX, CALLBACKS_MAX, EARLY_SIGNALS_MAX, HEAP_WORDS_MAX, HEAP_WORDS_RESERVE, PURE_FUEL,
    UNDOS_MAX, WIDTH_MAX,
};
use crate::outcome::Outcome;
use crate::program::{Program, Slots};

const MAGIC: &[u8] = b"flowvm";

/// The version of the encoding.
const FORMAT: u32 = 9;

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    big_endian: bool,
    plan: PlanHash,
}

#[derive(Serialize, Deserialize)]
struct Body {
    config: Vec<Option<Slots>>,
    fibers: Vec<(FiberId, FiberState)>,
    groups: Vec<(GroupId, Group)>,
    ready: Vec<FiberId>,
    waits: Vec<(EffectId, Wait)>,
    undos: Vec<UndoEntry>,
    undone: Vec<Undone>,
    failed: Vec<(Undone, u64)>,
    mailbox: Vec<Early>,
    callbacks: Vec<Callback>,
    next_fiber: u64,
    next_group: u64,
    next_effect: u64,
    next_saga: u64,
    next_receive: u64,
    cancelled: bool,
    halted: bool,
    ended: Option<Outcome>,
}

#[derive(Serialize, Deserialize)]
struct FiberState {
    role: Role,
    prefix: String,
    saga: u64,
    undoes: bool,
    scopes: Vec<Scope>,
    frames: Vec<(FunctionId, u32)>,
    slots: Vec<u64>,
    fuel: u64,
    progress: Progress,
    undone: Vec<Undone>,
    unsettled: bool,
}

impl Machine {
    /// The whole state, in its canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        self.try_encode().unwrap_or_default()
    }

    /// None only where the state is damaged, which ends an execution before anybody asks.
    fn try_encode(&self) -> Option<Vec<u8>> {
        let mut core = self.core.clone();
        let mut collector = Collector::new(&self.program, &self.heap, false);
        relocate(&self.program, &mut core, &mut collector).ok()?;
        write(&self.program, &core, &collector.into_words())
    }

    /// Reads an encoded state.
    ///
    /// # Errors
    /// Where the bytes are damaged, of another format, or of another plan.
    pub fn decode(program: Arc<Program>, bytes: &[u8]) -> Result<Self, StateError> {
        let damaged = |why: &str| StateError::Damaged(why.to_owned());
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged("it does not begin as a state does"))?;
        let (header, rest) =
            postcard::take_from_bytes::<Header>(rest).map_err(|error| damaged(&error.to_string()))?;
        if header.format != FORMAT {
            return Err(StateError::Format(header.format));
        }
        if header.big_endian != cfg!(target_endian = "big") {
            return Err(damaged("it was written on a machine of another byte order"));
        }
        if header.plan != program.hash() {
            return Err(StateError::Plan { found: header.plan, expected: program.hash() });
        }
        let (body, rest) =
            postcard::take_from_bytes::<Body>(rest).map_err(|error| damaged(&error.to_string()))?;
        let words = read_words(&program, rest).ok_or_else(|| damaged("its heap is cut off or too long"))?;
        let mut core = read_core(&program, body).map_err(damaged)?;
        check(&program, &core).map_err(damaged)?;
        let heap = Heap::from_words(words, program.image().len());
        let mut collector = Collector::new(&program, &heap, true);
        relocate(&program, &mut core, &mut collector)
            .map_err(|_| damaged("its values are not well formed"))?;
        let words = collector.into_words();
        if write(&program, &core, &words).as_deref() != Some(bytes) {
            return Err(damaged("it is not in canonical form"));
        }
        let heap = Heap::from_words(words, program.image().len());
        let collected = heap.all().len();
        Ok(Self { program, heap, core, effects: Vec::new(), collected })
    }
}

fn write(program: &Program, core: &Core, words: &[u64]) -> Option<Vec<u8>> {
    let header = Header { format: FORMAT, big_endian: cfg!(target_endian = "big"), plan: program.hash() };
    let body = Body {
        config: core.config.clone(),
        fibers: core
            .fibers
            .iter()
            .map(|(id, fiber)| Some((*id, fiber_state(program, fiber)?)))
            .collect::<Option<_>>()?,
        groups: core.groups.iter().map(|(id, group)| (*id, group.clone())).collect(),
        ready: core.ready.iter().copied().collect(),
        waits: core.waits.iter().map(|(effect, wait)| (*effect, *wait)).collect(),
        undos: core.undos.clone(),
        undone: core.undone.clone(),
        failed: core.failed.clone(),
        mailbox: core.mailbox.iter().cloned().collect(),
        callbacks: core.callbacks.clone(),
        next_fiber: core.next_fiber,
        next_group: core.next_group,
        next_effect: core.next_effect,
        next_saga: core.next_saga,
        next_receive: core.next_receive,
        cancelled: core.cancelled,
        halted: core.halted,
        ended: core.ended.as_ref().map(Outcome::new),
    };
    let bytes = postcard::to_extend(&header, MAGIC.to_vec()).ok()?;
    let mut bytes = postcard::to_extend(&body, bytes).ok()?;
    bytes.extend_from_slice(bytemuck::cast_slice(words.get(program.image().len()..)?));
    Some(bytes)
}

/// Whether of a fiber only the registers that are needed later are kept.
fn is_waiting(progress: &Progress) -> bool {
    matches!(
        progress,
        Progress::Waiting(_)
            | Progress::Calling(..)
            | Progress::Confirming(_)
            | Progress::Receiving(_)
            | Progress::Forked(_)
    )
}

/// The registers that a fiber needs after its wait, with their widths.
fn live_registers<'a>(
    program: &'a Program,
    id: FunctionId,
    at: u32,
) -> Option<impl Iterator<Item = std::ops::Range<usize>> + 'a> {
    let (function, info) = (program.function(id).ok()?, program.info(id).ok()?);
    let live = function.live.binary_search_by_key(&at, |live| live.at.0).ok()?;
    let registers = function.live.get(live)?.registers.iter();
    Some(registers.map(|register| {
        let start = register.index();
        start..start + info.widths.get(start).copied().unwrap_or(0)
    }))
}

fn fiber_state(program: &Program, fiber: &Fiber) -> Option<FiberState> {
    let slots = if is_waiting(&fiber.progress) {
        let mut slots = Vec::new();
        for range in live_registers(program, fiber.function(), fiber.at())? {
            slots.extend_from_slice(fiber.thread.stack.get(range)?);
        }
        slots
    } else {
        fiber.thread.stack.clone()
    };
    let frames = &fiber.thread.frames;
    Some(FiberState {
        role: fiber.role,
        prefix: fiber.prefix.clone(),
        saga: fiber.saga,
        undoes: fiber.undoes,
        scopes: fiber.scopes.clone(),
        frames: frames.iter().map(|frame| (frame.function, frame.at)).collect(),
        slots,
        fuel: if frames.len() > 1 { fiber.thread.budget.fuel } else { PURE_FUEL },
        progress: fiber.progress.clone(),
        undone: fiber.undone.clone(),
        unsettled: fiber.unsettled,
    })
}

fn read_words(program: &Program, bytes: &[u8]) -> Option<Vec<u64>> {
    let count = bytes.len() / 8;
    if !bytes.len().is_multiple_of(8) || count > HEAP_WORDS_MAX + HEAP_WORDS_RESERVE {
        return None;
    }
    let mut words = program.image().to_vec();
    words.extend(bytes.chunks_exact(8).map(bytemuck::pod_read_unaligned::<u64>));
    Some(words)
}

type Checked<T> = Result<T, &'static str>;

fn read_core(program: &Program, body: Body) -> Checked<Core> {
    let mut fibers = BTreeMap::new();
    for (id, state) in body.fibers {
        if fibers.insert(id, read_fiber(program, state)?).is_some() {
            return Err("a fiber stands twice in it");
        }
    }
    Ok(Core {
        config: body.config,
        fibers,
        groups: body.groups.into_iter().collect(),
        ready: VecDeque::from(body.ready),
        waits: body.waits.into_iter().collect(),
        undos: body.undos,
        undone: body.undone,
        failed: body.failed,
        mailbox: VecDeque::from(body.mailbox),
        callbacks: body.callbacks,
        next_fiber: body.next_fiber,
        next_group: body.next_group,
        next_effect: body.next_effect,
        next_saga: body.next_saga,
        next_receive: body.next_receive,
        cancelled: body.cancelled,
        halted: body.halted,
        ended: body.ended.map(Outcome::into_status).transpose()?,
    })
}

fn read_fiber(program: &Program, state: FiberState) -> Checked<Fiber> {
    const FRAMES: &str = "its frames are not those of its plan";
    if state.frames.is_empty() || state.frames.len() > CALL_DEPTH_MAX + 1 {
        return Err(FRAMES);
    }
    let (mut frames, mut size) = (Vec::new(), 0);
    let mut caller: Option<(&Function, u32)> = None;
    for (id, at) in state.frames {
        let (Ok(function), Ok(info)) = (program.function(id), program.info(id)) else { return Err(FRAMES) };
        let called = match caller {
            None => function.purity == Purity::Flow,
            Some((caller, at)) => matches!(
                caller.code.get(at as usize),
                Some(Op::CallFunction { function, .. }) if *function == id
            ),
        };
        if !called || at as usize >= function.code.len() {
            return Err(FRAMES);
        }
        frames.push(Frame { function: id, at, base: size });
        size += info.slots;
        caller = Some((function, at));
    }
    let stack = if is_waiting(&state.progress) {
        if frames.len() != 1 {
            return Err(FRAMES);
        }
        spread(program, &frames, size, &state.slots).ok_or("its registers are not those of its plan")?
    } else {
        state.slots
    };
    if stack.len() != size || state.fuel > PURE_FUEL {
        return Err("its registers are not those of its plan");
    }
    let thread = Thread { stack, frames, budget: Budget { fuel: state.fuel, depth: 0 } };
    Ok(Fiber {
        role: state.role,
        prefix: state.prefix,
        saga: state.saga,
        undoes: state.undoes,
        scopes: state.scopes,
        thread,
        progress: state.progress,
        undone: state.undone,
        unsettled: state.unsettled,
    })
}

/// The frame of a fiber that waits, from the registers that it needs.
fn spread(program: &Program, frames: &[Frame], size: usize, slots: &[u64]) -> Option<Vec<u64>> {
    let frame = frames.first()?;
    let mut stack = vec![0; size];
    let mut rest = slots;
    for range in live_registers(program, frame.function, frame.at)? {
        let (value, after) = rest.split_at_checked(range.len())?;
        stack.get_mut(range)?.copy_from_slice(value);
        rest = after;
    }
    rest.is_empty().then_some(stack)
}

/// Whether the parts of a state fit together.
fn check(program: &Program, core: &Core) -> Checked<()> {
    let known = |id: &FiberId| core.fibers.contains_key(id);
    if core.config.len() != program.plan().config.len() || core.undos.len() > 2 * UNDOS_MAX {
        return Err("its tables are not those of its plan");
    }
    if core.fibers.keys().any(|id| id.0 >= core.next_fiber)
        || core.groups.keys().any(|id| id.0 >= core.next_group)
        || core.waits.keys().any(|id| id.0 >= core.next_effect)
    {
        return Err("its counters are too small");
    }
    if core.mailbox.len() > EARLY_SIGNALS_MAX || core.callbacks.len() > CALLBACKS_MAX {
        return Err("more waits to be received than may");
    }
    if core.mailbox.iter().any(|early| early.value == NULL || program.plan().signal(early.signal).is_none())
        || core.callbacks.iter().any(|callback| callback.ty.index() >= program.plan().types.0.len())
    {
        return Err("what waits to be received is not of its plan");
    }
    for undo in &core.undos {
        if let UndoAction::Run { function, .. } = &undo.action
            && program.function(*function).map_or(true, |function| function.purity != Purity::Flow)
        {
            return Err("an undo is not of its plan");
        }
    }
    let ready = |id: &FiberId| core.fibers.get(id).is_some_and(|fiber| fiber.progress == Progress::Ready);
    if !core.ready.iter().all(ready) {
        return Err("its fibers do not fit together");
    }
    core.groups.iter().try_for_each(|(id, group)| check_group(program, core, *id, group))?;
    for wait in core.waits.values() {
        let (Wait::Fiber(id) | Wait::Call(id, _) | Wait::Deadline(id)) = wait;
        if !known(id) {
            return Err("nobody waits for an effect of it");
        }
    }
    core.fibers.iter().try_for_each(|(id, fiber)| check_fiber(program, core, *id, fiber))
}

fn check_group(program: &Program, core: &Core, id: GroupId, group: &Group) -> Checked<()> {
    const GROUP: &str = "its branches are not those of its plan";
    let parent = core.fibers.get(&group.parent).ok_or("its fibers do not fit together")?;
    let function = program.function(parent.function()).map_err(|_| GROUP)?;
    let op = function.code.get(parent.at() as usize).ok_or(GROUP)?;
    let forked = op.forks().and_then(|(_, number)| function.groups.get(number.index())).ok_or(GROUP)?;
    let begun = match (&group.feed, op) {
        (Some(feed), Op::ForkEach { .. }) if (1..=WIDTH_MAX).contains(&feed.width) => feed.begun as usize,
        (None, Op::Fork { .. } | Op::ForkSome { .. }) => forked.branches.len(),
        _ => return Err(GROUP),
    };
    // Branches that run other code than theirs could stand around themselves.
    let ours = |fiber: &Fiber| match fiber.role {
        Role::Branch(of, index) if of == id && (index as usize) < begun => {
            let branch = if group.feed.is_some() { 0 } else { index as usize };
            forked.branches.get(branch).is_some_and(|branch| branch.function == fiber.function())
        }
        _ => false,
    };
    let fits = group.running.iter().all(|id| core.fibers.get(id).is_some_and(ours))
        && group.blocked.is_subset(&group.running)
        && group.succeeded as usize + group.failures.len() + group.running.len() <= begun
        && group.results.len() <= group.succeeded as usize
        && group.results.iter().all(|(index, _)| (*index as usize) < begun)
        && group.failures.iter().all(|(index, _)| (*index as usize) < begun);
    if fits { Ok(()) } else { Err(GROUP) }
}

fn check_fiber(program: &Program, core: &Core, id: FiberId, fiber: &Fiber) -> Checked<()> {
    let function = program.function(fiber.function()).map_err(|_| "a fiber is not of its plan")?;
    let op = function.code.get(fiber.at() as usize);
    let fits = match &fiber.progress {
        Progress::Ready => true,
        Progress::Waiting(effect) => {
            core.ended.is_some() || core.halted || core.waits.get(effect) == Some(&Wait::Fiber(id))
        }
        Progress::Calling(effect, _) => {
            matches!(op, Some(Op::Call { .. } | Op::Spawn { .. }))
                && matches!(core.waits.get(effect), Some(Wait::Call(by, _)) if *by == id)
        }
        Progress::Confirming(confirming) => {
            matches!(op, Some(Op::Call { .. }))
                && core.fibers.get(&confirming.by).is_some_and(|by| by.role == Role::Confirm(id))
        }
        Progress::Receiving(receiving) => {
            receiving.number < core.next_receive
                && matches!(op, Some(Op::Receive { .. } | Op::ReceiveIf { .. } | Op::ReceiveCallback { .. }))
        }
        Progress::Forked(group) => core.groups.get(group).is_some_and(|group| group.parent == id),
        Progress::Returned(_) => fiber.role == Role::Root,
        Progress::Unwinding(unwinding) => {
            unwinding.handler.is_none_or(|handler| function.handlers.get(handler as usize).is_some())
        }
    };
    let placed = match fiber.role {
        Role::Root | Role::Loser => true,
        Role::Branch(group, _) => core.groups.get(&group).is_some_and(|group| group.running.contains(&id)),
        // Undo code registers no undos, and what confirms a step is itself not confirmed.
        Role::Undo(of) => core.fibers.get(&of).is_some_and(|by| match &by.progress {
            Progress::Unwinding(unwinding) => {
                !by.undoes && unwinding.running.as_ref().is_some_and(|(undo, _)| *undo == id)
            }
            _ => false,
        }),
        Role::Confirm(of) => core.fibers.get(&of).is_some_and(|by| match &by.progress {
            Progress::Confirming(confirming) => confirming.by == id && !matches!(by.role, Role::Confirm(_)),
            _ => false,
        }),
    };
    if fits && placed { Ok(()) } else { Err("its fibers do not fit together") }
}
