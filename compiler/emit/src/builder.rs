//! One function under construction: registers, instructions, labels, scopes.

use flow_hir::LocalId;
use flow_plan::{
    CODE_MAX, Function, FunctionDebug, FunctionId, Group, GroupId, Handler, ListId, Location, Op, Purity,
    Reg, Register, STATES_MAX, Target, TypeId, Types,
};
use rustc_hash::FxHashMap;

/// The most registers of one function: liveness takes time and space that grow with their square.
pub(crate) const REGISTERS_MAX: usize = 16_384;

/// A value in a register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    pub(crate) reg: Reg,
    pub(crate) ty: TypeId,
}

/// A place in the code that may not be known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label(u32);

/// A scope of the frame that is open at a place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Saga,
    Deadline,
    /// A loop, with where `break` and `continue` go.
    Loop {
        exit: Label,
        next: Label,
    },
    /// A `try`, by its place among those that are open. Nothing is open for it when the code runs.
    Try(usize),
}

/// A `try` under construction: code in it that is not guarded, because control is on its way out there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Try {
    /// The code of its `finally`, with what it captures.
    pub(crate) finally: Option<(FunctionId, Vec<LocalId>)>,
    /// Where what is not guarded begins, while it is made.
    pub(crate) open: Option<Target>,
    /// What is not guarded.
    pub(crate) holes: Vec<(Target, Target)>,
}

impl Try {
    /// What is guarded between two places.
    pub(crate) fn guarded(&self, start: Target, end: Target) -> Vec<(Target, Target)> {
        let mut pieces = Vec::new();
        let mut from = start;
        for (open, close) in &self.holes {
            pieces.push((from, (*open).min(end)));
            from = from.max(*close);
        }
        pieces.push((from, end));
        pieces.retain(|(from, to)| from < to);
        pieces
    }
}

/// A function under construction.
pub(crate) struct FunctionBuilder {
    pub(crate) purity: Purity,
    pub(crate) result: TypeId,
    pub(crate) locals: FxHashMap<LocalId, Value>,
    /// Locals taken from the enclosing function, in the order of first use, with their registers here.
    pub(crate) captures: Vec<(LocalId, Value)>,
    /// Parameters that are not captures.
    pub(crate) params: Vec<Reg>,
    pub(crate) scopes: Vec<Scope>,
    /// The `try`s that are open, outer ones first.
    pub(crate) tries: Vec<Try>,
    registers: Vec<Register>,
    next_slot: u16,
    overflow: bool,
    code: Vec<Op>,
    places: Vec<(u32, Location)>,
    names: Vec<(u16, String)>,
    lists: Vec<Vec<Reg>>,
    groups: Vec<Group>,
    handlers: Vec<Handler>,
    labels: Vec<Option<u32>>,
    jumped: Vec<bool>,
    reachable: bool,
}

impl FunctionBuilder {
    pub(crate) fn new(purity: Purity, result: TypeId) -> Self {
        Self {
            purity,
            result,
            locals: FxHashMap::default(),
            captures: Vec::new(),
            params: Vec::new(),
            scopes: Vec::new(),
            tries: Vec::new(),
            registers: Vec::new(),
            next_slot: 0,
            overflow: false,
            code: Vec::new(),
            places: Vec::new(),
            names: Vec::new(),
            lists: Vec::new(),
            groups: Vec::new(),
            handlers: Vec::new(),
            labels: Vec::new(),
            jumped: Vec::new(),
            reachable: true,
        }
    }

    /// How many scopes are open when the code runs.
    pub(crate) fn open_scopes(&self) -> u16 {
        let open = self.scopes.iter().filter(|scope| !matches!(scope, Scope::Try(_))).count();
        u16::try_from(open).unwrap_or(u16::MAX)
    }

    /// A new register of the type.
    pub(crate) fn register(&mut self, types: &Types, ty: TypeId) -> Value {
        let reg = Reg(self.next_slot);
        match self.next_slot.checked_add(types.width(ty)) {
            Some(next) => self.next_slot = next,
            None => self.overflow = true,
        }
        if self.registers.len() < REGISTERS_MAX {
            self.registers.push(Register { slot: reg, ty });
        } else {
            self.overflow = true;
        }
        Value { reg, ty }
    }

    /// Why the function cannot be part of a plan: it needs more registers or slots than a frame has, or is longer than
    /// can be checked.
    pub(crate) fn excess(&self) -> Option<String> {
        let states = self.code.len().saturating_mul(usize::from(self.next_slot));
        if self.overflow {
            Some(format!("computes more than {REGISTERS_MAX} values"))
        } else if self.code.len() > CODE_MAX || states > STATES_MAX {
            Some(format!("has {} instructions on {} values", self.code.len(), self.registers.len()))
        } else {
            None
        }
    }

    /// Remembers what people call a register.
    pub(crate) fn name(&mut self, reg: Reg, name: &str) {
        if !self.names.iter().any(|(slot, _)| *slot == reg.0) {
            self.names.push((reg.0, name.to_owned()));
        }
    }

    /// Appends an instruction, unless control cannot come here.
    pub(crate) fn emit(&mut self, op: Op) {
        if self.reachable {
            self.code.push(op);
            self.reachable = !op.diverges();
        }
    }

    /// Says where the next instructions come from.
    pub(crate) fn place(&mut self, location: Location) {
        let at = u32::try_from(self.code.len()).unwrap_or(u32::MAX);
        match self.places.last_mut() {
            Some((last, place)) if *last == at => *place = location,
            Some((_, place)) if *place == location => {}
            _ => self.places.push((at, location)),
        }
    }

    /// The number of instructions so far.
    pub(crate) fn here(&self) -> Target {
        Target(u32::try_from(self.code.len()).unwrap_or(u32::MAX))
    }

    /// Whether control can come here.
    pub(crate) fn is_reachable(&self) -> bool {
        self.reachable
    }

    /// A label without a place.
    pub(crate) fn label(&mut self) -> Label {
        let label = Label(u32::try_from(self.labels.len()).unwrap_or(u32::MAX));
        self.labels.push(None);
        self.jumped.push(false);
        label
    }

    /// Puts a label here. Control can come here if it could before, or if something jumps to the label.
    pub(crate) fn bind(&mut self, label: Label) {
        let here = self.here().0;
        if let Some(slot) = self.labels.get_mut(label.0 as usize) {
            *slot = Some(here);
        }
        self.reachable |= self.jumped.get(label.0 as usize).copied().unwrap_or(false);
    }

    /// Puts a label here that only later code or the runtime jumps to.
    pub(crate) fn bind_reached(&mut self, label: Label) {
        self.bind(label);
        self.reachable = true;
    }

    fn jumping(&mut self, label: Label) -> Target {
        if self.reachable
            && let Some(slot) = self.jumped.get_mut(label.0 as usize)
        {
            *slot = true;
        }
        Target(label.0)
    }

    pub(crate) fn jump(&mut self, label: Label) {
        let to = self.jumping(label);
        self.emit(Op::Jump { to });
    }

    pub(crate) fn jump_if(&mut self, condition: Reg, label: Label) {
        let to = self.jumping(label);
        self.emit(Op::JumpIf { condition, to });
    }

    pub(crate) fn jump_if_not(&mut self, condition: Reg, label: Label) {
        let to = self.jumping(label);
        self.emit(Op::JumpIfNot { condition, to });
    }

    pub(crate) fn list(&mut self, registers: Vec<Reg>) -> ListId {
        let position = self.lists.iter().position(|list| *list == registers).unwrap_or_else(|| {
            self.lists.push(registers);
            self.lists.len() - 1
        });
        ListId(u32::try_from(position).unwrap_or(u32::MAX))
    }

    pub(crate) fn group(&mut self, group: Group) -> GroupId {
        let id = GroupId(u32::try_from(self.groups.len()).unwrap_or(u32::MAX));
        self.groups.push(group);
        id
    }

    /// Adds a handler whose target is a label.
    pub(crate) fn handler(&mut self, handler: Handler, target: Label) {
        self.handlers.push(Handler { target: Target(target.0), ..handler });
    }

    /// The complete function: labels resolved, liveness found.
    pub(crate) fn finish(mut self) -> (Function, FunctionDebug) {
        let labels = &self.labels;
        let resolve =
            |target: Target| Target(labels.get(target.0 as usize).copied().flatten().unwrap_or(u32::MAX));
        for op in &mut self.code {
            match op {
                Op::Jump { to } | Op::JumpIf { to, .. } | Op::JumpIfNot { to, .. } => *to = resolve(*to),
                _ => {}
            }
        }
        for handler in &mut self.handlers {
            handler.target = resolve(handler.target);
        }
        self.handlers.retain(|handler| handler.start < handler.end);
        let mut params: Vec<Reg> = self.captures.iter().map(|(_, value)| value.reg).collect();
        params.extend(&self.params);
        let mut function = Function {
            purity: self.purity,
            params,
            result: self.result,
            registers: self.registers,
            code: self.code,
            lists: self.lists,
            groups: self.groups,
            handlers: self.handlers,
            live: Vec::new(),
        };
        function.live = flow_plan::live_tables(&function);
        let debug = FunctionDebug { name: String::new(), places: self.places, locals: self.names };
        (function, debug)
    }
}
