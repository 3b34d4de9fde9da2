//! What is registered before each instruction of a function, over all ways there, by data flow.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::errors::{Errors, Kind};
use super::state::{Asks, Entry, Known, Site, State, of_call};
use crate::op::Operand;
use crate::verify::may_raise;
use crate::{Function, FunctionId, Group, GroupMode, Op, Plan, Target};

/// How deep branches are followed; the compiler nests less deeply than this.
const DEPTH_MAX: usize = 64;

/// An open scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Saga,
    /// A deadline, by the instruction that sets it.
    Deadline(u32),
    /// A loop, by the instruction that opens it.
    Loop(u32),
}

/// What holds before an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) state: State,
    pub(super) scopes: Vec<Scope>,
}

impl Point {
    /// The saga that registers what is registered here.
    pub(super) fn saga(&self) -> usize {
        let own = self.scopes.iter().rposition(|scope| *scope == Scope::Saga);
        own.map_or(0, |index| index + 1)
    }

    /// Whether an earlier round of a loop may have registered something in the same saga.
    pub(super) fn is_in_rounds(&self) -> bool {
        self.scopes.iter().skip(self.saga()).any(|scope| matches!(scope, Scope::Loop(_)))
    }

    /// The site of what ends badly at an instruction. It is the newest of its saga: what earlier rounds of a loop have
    /// left there, and further on in the loop, is older.
    pub(super) fn newest(&self, at: usize) -> Site {
        vec![if self.is_in_rounds() { u32::MAX } else { number(at) }]
    }

    /// The deadlines that are open here, by their scopes.
    pub(super) fn deadlines(&self) -> impl Iterator<Item = (usize, u32)> {
        self.scopes.iter().enumerate().filter_map(|(index, scope)| match scope {
            Scope::Deadline(at) => Some((index, *at)),
            _ => None,
        })
    }
}

/// What is known of a function. Sites are those in the function.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Before each instruction; none where it is never reached.
    pub(super) before: Vec<Option<Point>>,
    /// Where it returns.
    pub(super) exit: State,
    /// All that may be registered at some time.
    pub(super) ever: State,
}

impl Flow {
    pub(super) fn point(&self, at: usize) -> Option<&Point> {
        self.before.get(at)?.as_ref()
    }
}

/// The functions that were looked at.
pub(super) struct Flows<'a> {
    pub(super) plan: &'a Plan,
    known: BTreeMap<FunctionId, Rc<Flow>>,
    depth: usize,
}

impl<'a> Flows<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self { plan, known: BTreeMap::new(), depth: 0 }
    }

    /// What is known of a function.
    pub(super) fn of(&mut self, id: FunctionId) -> Rc<Flow> {
        if let Some(known) = self.known.get(&id) {
            return Rc::clone(known);
        }
        let Some(function) = self.plan.function(id).filter(|_| self.depth < DEPTH_MAX) else {
            return Rc::default();
        };
        self.depth += 1;
        let flow = Rc::new(self.follow(id, function));
        self.depth -= 1;
        self.known.insert(id, Rc::clone(&flow));
        flow
    }

    fn follow(&mut self, id: FunctionId, function: &Function) -> Flow {
        let mut flow = Flow { before: vec![None; function.code.len()], ..Flow::default() };
        let mut exit: Option<State> = None;
        let start = Point { state: State::default(), scopes: Vec::new() };
        let mut work = BTreeSet::new();
        arrive(&mut flow, &mut work, 0, &start);
        while let Some(at) = work.pop_first() {
            let (Some(op), Some(before)) = (function.code.get(at).copied(), flow.point(at).cloned()) else {
                continue;
            };
            for (target, point) in self.caught(id, function, at, op, &before) {
                arrive(&mut flow, &mut work, target, &point);
            }
            if let Op::Return { .. } = op {
                let mut end = before.clone();
                while !end.scopes.is_empty() {
                    leave(&mut end);
                }
                match &mut exit {
                    Some(exit) => exit.join(&end.state),
                    None => exit = Some(end.state),
                }
            }
            let after = self.after(id, function, at, op, before);
            if !op.diverges() {
                arrive(&mut flow, &mut work, at + 1, &after);
            }
            op.operands(|_, operand| {
                if let Operand::Target(to) = operand {
                    arrive(&mut flow, &mut work, to.0 as usize, &after);
                }
            });
        }
        flow.exit = exit.unwrap_or_default();
        let (mut ever, mut last) = (State::default(), State::default());
        for (at, op) in function.code.iter().enumerate() {
            let Some(before) = flow.point(at) else { continue };
            ever.collect(&before.state, &mut last);
            self.cut_off(id, function, at, *op, before.saga(), &mut ever);
        }
        flow.ever = ever;
        flow
    }

    /// What holds after an instruction that has ended well.
    fn after(&mut self, id: FunctionId, function: &Function, at: usize, op: Op, before: Point) -> Point {
        let mut point = before;
        let (saga, site) = (point.saga(), number(at));
        match op {
            Op::Call { step, .. } | Op::Spawn { step, .. } => {
                for entry in of_call(self.plan, step, (id, Target(site)), Known::Done) {
                    point.state.add(saga, vec![site], entry);
                }
            }
            Op::RegisterUndo { function: undo, .. } => {
                let entry = Entry {
                    step: None,
                    at: (id, Target(site)),
                    undo: Some(undo),
                    certain: true,
                    each: false,
                    branched: false,
                    asks: Asks::No,
                    stays: None,
                };
                point.state.add(saga, vec![site], entry);
            }
            Op::Fork { .. } | Op::ForkSome { .. } | Op::ForkEach { .. } => {
                if let Some(group) = group_of(function, op) {
                    self.join_branches(function, at, op, group, &mut point);
                }
            }
            Op::EnterSaga {} => point.scopes.push(Scope::Saga),
            Op::EnterDeadline { .. } => point.scopes.push(Scope::Deadline(site)),
            Op::EnterLoop {} => point.scopes.push(Scope::Loop(site)),
            Op::NextLoop {} => {
                if let Some(Scope::Loop(begins_at)) = point.scopes.last() {
                    point.state.next_round(*begins_at);
                }
            }
            Op::Leave {} => leave(&mut point),
            Op::Commit {} => point.state.commit(),
            _ => {}
        }
        point
    }

    /// What branches have registered that have ended well together.
    fn join_branches(&mut self, function: &Function, at: usize, op: Op, group: &Group, point: &mut Point) {
        let (saga, each) = (point.saga(), matches!(op, Op::ForkEach { .. }));
        let branched = each || group.branches.len() > 1;
        for (index, branch) in (0..).zip(&group.branches) {
            let flow = self.of(branch.function);
            let site = site_of(function, at, group, index);
            // Of a race, one of several has won; of settled branches, any may have failed.
            let may = each || matches!(group.mode, GroupMode::First | GroupMode::Some | GroupMode::Settled);
            let left = if group.mode == GroupMode::Settled { &flow.ever } else { &flow.exit };
            point.state.add_branch(saga, &site, left, |entry| {
                entry.certain &= !may;
                entry.each |= each;
                entry.branched |= branched;
            });
        }
    }

    /// Adds what may be registered too where an instruction is cut off.
    fn cut_off(
        &mut self,
        id: FunctionId,
        function: &Function,
        at: usize,
        op: Op,
        saga: usize,
        state: &mut State,
    ) {
        let site = number(at);
        if let Op::Call { step, .. } | Op::Spawn { step, .. } = op {
            for entry in of_call(self.plan, step, (id, Target(site)), Known::Cut) {
                state.add(saga, vec![site], entry);
            }
        }
        if let Some(group) = group_of(function, op).filter(|group| !group.mode.is_race()) {
            let each = matches!(op, Op::ForkEach { .. });
            for (index, branch) in (0..).zip(&group.branches) {
                let flow = self.of(branch.function);
                let site = site_of(function, at, group, index);
                state.add_branch(saga, &site, &flow.ever, |entry| {
                    entry.each |= each;
                    entry.branched = true;
                });
            }
        }
    }

    /// The handlers that may follow an instruction, with what holds there.
    fn caught(
        &mut self,
        id: FunctionId,
        function: &Function,
        at: usize,
        op: Op,
        before: &Point,
    ) -> Vec<(usize, Point)> {
        let covers =
            |handler: &crate::Handler| (handler.start.0 as usize..handler.end.0 as usize).contains(&at);
        if !may_raise(&op) || !function.handlers.iter().any(covers) {
            return Vec::new();
        }
        let cut: Vec<Kind> =
            before.deadlines().map(|(scope, _)| Kind::Deadline(scope)).chain([Kind::Cancelled]).collect();
        // The errors, what is registered, and the saga of the step that stops the execution.
        let mut raised = Vec::new();
        if let Op::Call { step, .. } | Op::Spawn { step, .. } = op {
            raised.push((Errors::failing(self.plan, step), before.state.clone(), usize::MAX));
            let mut state = before.state.clone();
            let mut halts = false;
            for entry in of_call(self.plan, step, (id, Target(number(at))), Known::Unknown) {
                halts |= entry.halts();
                state.add(before.saga(), vec![number(at)], entry);
            }
            let reach = if halts { before.saga() } else { usize::MAX };
            raised.push((Errors::unknown(self.plan, step), state, reach));
            let mut cut_off = before.state.clone();
            self.cut_off(id, function, at, op, before.saga(), &mut cut_off);
            raised.push((Errors::default().with(cut.clone()), cut_off, usize::MAX));
        } else if op.forks().is_some() {
            let mut state = before.state.clone();
            self.cut_off(id, function, at, op, before.saga(), &mut state);
            raised.push((Errors::any(self.plan).with(cut), state, usize::MAX));
        } else {
            let cut = if op.waits() || !op.diverges() { cut } else { vec![Kind::Cancelled] };
            raised.push((Errors::computing(self.plan, &op).with(cut), before.state.clone(), usize::MAX));
        }
        let mut ways = Vec::new();
        for (mut errors, state, reach) in raised {
            for handler in function.handlers.iter().filter(|handler| covers(handler)) {
                if errors.take(handler).is_empty() {
                    continue;
                }
                let kept = usize::from(handler.scopes);
                let mut state = state.clone();
                // Where the saga of a step that stops the execution is left, the handler is not reached.
                let stops = (kept < reach && reach != usize::MAX)
                    || state.take_undos(kept, false).iter().any(Entry::halts);
                if !stops {
                    let scopes = before.scopes.iter().take(kept).copied().collect();
                    ways.push((handler.target.0 as usize, Point { state, scopes }));
                }
            }
        }
        ways
    }
}

/// Comes to an instruction.
fn arrive(flow: &mut Flow, work: &mut BTreeSet<usize>, at: usize, point: &Point) {
    let Some(before) = flow.before.get_mut(at) else { return };
    match before {
        Some(known) => {
            let old = known.state.clone();
            known.state.join(&point.state);
            if known.state != old {
                work.insert(at);
            }
        }
        None => {
            *before = Some(point.clone());
            work.insert(at);
        }
    }
}

/// Closes the innermost scope as it ends normally.
fn leave(point: &mut Point) {
    let saga = point.scopes.len();
    if point.scopes.pop() == Some(Scope::Saga) {
        point.state.hand_over(saga, point.saga());
    }
}

/// The group that an instruction runs.
pub(super) fn group_of(function: &Function, op: Op) -> Option<&Group> {
    let (_, group) = op.forks()?;
    function.groups.get(group.index())
}

/// The site of a branch. The code of a `finally`, which stands at several ways out, has one.
pub(super) fn site_of(function: &Function, at: usize, group: &Group, branch: u32) -> Site {
    let at = if group.mode == GroupMode::Shielded {
        let same = |op: &Op| group_of(function, *op).is_some_and(|other| runs_the_same(other, group));
        function.code.iter().rposition(same).unwrap_or(at)
    } else {
        at
    };
    vec![number(at), branch]
}

/// Whether two groups run the same code of a `finally`.
pub(super) fn runs_the_same(one: &Group, other: &Group) -> bool {
    one.mode == other.mode
        && one
            .branches
            .iter()
            .map(|branch| branch.function)
            .eq(other.branches.iter().map(|branch| branch.function))
}

pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
