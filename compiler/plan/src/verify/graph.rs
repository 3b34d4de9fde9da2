//! Which functions come to run which: no function may come to run itself.
//!
//! Types are nodes too, since converting a value runs the conditions of its type. Types may refer to each
//! other in circles; a circle with a function in it is refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Branch, Function, FunctionId, Op, Plan, Type, TypeId};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Function(FunctionId),
    Type(TypeId),
}

/// How deep branches may be nested in each other. The compiler nests half as deeply; what runs them goes from one to the next
/// by a call of its own where an error leaves them.
const BRANCH_DEPTH_MAX: u32 = 128;

/// The function that comes to run itself, and what is wrong.
pub(super) fn check(plan: &Plan) -> Result<(), (FunctionId, String)> {
    check_steps(plan)?;
    let mut search =
        Search { plan, states: BTreeMap::new(), open: Vec::new(), count: 0, depths: BTreeMap::new() };
    for id in (0..).map(FunctionId).take(plan.functions.len()) {
        search.visit(Node::Function(id))?;
    }
    Ok(())
}

/// A step stands for one place: the paths of its calls, and with them their keys, rely on it.
fn check_steps(plan: &Plan) -> Result<(), (FunctionId, String)> {
    let mut called = BTreeSet::new();
    for (id, function) in (0..).map(FunctionId).zip(&plan.functions) {
        for op in &function.code {
            if let Op::Call { step, .. } | Op::Spawn { step, .. } = op
                && !called.insert(*step)
            {
                return Err((id, format!("{step} is called at a second place")));
            }
        }
    }
    Ok(())
}

/// Tarjan's strongly connected components, without recursion.
struct Search<'a> {
    plan: &'a Plan,
    /// The number of each node in the order of visits, the least number that it reaches, whether it is open.
    states: BTreeMap<Node, (u32, u32, bool)>,
    open: Vec<Node>,
    count: u32,
    /// How deep the branches of a function are nested, where it has any.
    depths: BTreeMap<FunctionId, u32>,
}

impl Search<'_> {
    fn begin(&mut self, node: Node) -> (Node, Vec<Node>) {
        self.states.insert(node, (self.count, self.count, true));
        self.count += 1;
        self.open.push(node);
        (node, successors(self.plan, node))
    }

    fn visit(&mut self, root: Node) -> Result<(), (FunctionId, String)> {
        if self.states.contains_key(&root) {
            return Ok(());
        }
        let mut path = vec![self.begin(root)];
        while let Some((node, rest)) = path.last_mut() {
            let node = *node;
            match rest.pop() {
                Some(next) => match (self.states.get(&next).copied(), next) {
                    (_, Node::Function(id)) if next == node => return Err(circle(id)),
                    (None, _) => {
                        let begun = self.begin(next);
                        path.push(begun);
                    }
                    (Some((number, _, true)), _) => self.reach(node, number),
                    (Some(_), _) => {}
                },
                None => {
                    path.pop();
                    self.close(node)?;
                    if let (Some((before, _)), Some((_, least, _))) =
                        (path.last(), self.states.get(&node).copied())
                    {
                        self.reach(*before, least);
                    }
                }
            }
        }
        Ok(())
    }

    fn reach(&mut self, node: Node, number: u32) {
        if let Some((_, least, _)) = self.states.get_mut(&node) {
            *least = (*least).min(number);
        }
    }

    /// All that a node leads to is seen: where it is the first of its component, the component is complete.
    fn close(&mut self, node: Node) -> Result<(), (FunctionId, String)> {
        let Some((number, least, _)) = self.states.get(&node).copied() else { return Ok(()) };
        if number != least {
            return Ok(());
        }
        let start = self.open.iter().rposition(|open| *open == node).unwrap_or(0);
        let component = self.open.split_off(start);
        for member in &component {
            if let Some((_, _, open)) = self.states.get_mut(member) {
                *open = false;
            }
            if let (Node::Function(id), true) = (member, component.len() > 1) {
                return Err(circle(*id));
            }
        }
        match node {
            Node::Function(id) => self.measure(id),
            Node::Type(_) => Ok(()),
        }
    }

    /// How deep the branches of a function are nested. What it leads to was measured before.
    fn measure(&mut self, id: FunctionId) -> Result<(), (FunctionId, String)> {
        let groups = self.plan.function(id).map_or(&[][..], |function| &function.groups);
        let branches = groups.iter().flat_map(|group| &group.branches);
        let inner = |branch: &Branch| self.depths.get(&branch.function).copied().unwrap_or(0);
        let Some(depth) = branches.map(inner).max().map(|inner| inner + 1) else { return Ok(()) };
        if depth > BRANCH_DEPTH_MAX {
            return Err((id, format!("branches are nested more than {BRANCH_DEPTH_MAX} deep")));
        }
        self.depths.insert(id, depth);
        Ok(())
    }
}

fn circle(id: FunctionId) -> (FunctionId, String) {
    (id, "it comes to run itself".to_owned())
}

fn successors(plan: &Plan, node: Node) -> Vec<Node> {
    match node {
        Node::Function(id) => plan.function(id).map_or_else(Vec::new, function_successors),
        Node::Type(id) => type_successors(plan, id),
    }
}

fn type_successors(plan: &Plan, id: TypeId) -> Vec<Node> {
    let own = plan.boundary(id).and_then(|boundary| boundary.check).map(Node::Function);
    let parts = match plan.types.get(id) {
        Type::Optional(inner) | Type::Secret(inner) | Type::List(inner) | Type::Map(inner) => {
            vec![Node::Type(*inner)]
        }
        Type::Record(fields) => {
            let checks = fields.iter().filter_map(|field| field.check).map(Node::Function);
            fields.iter().map(|field| Node::Type(field.ty)).chain(checks).collect()
        }
        Type::Tagged { cases, .. } => cases.iter().map(|case| Node::Type(case.fields)).collect(),
        _ => Vec::new(),
    };
    parts.into_iter().chain(own).collect()
}

fn function_successors(function: &Function) -> Vec<Node> {
    let mut next = Vec::new();
    for op in &function.code {
        match op {
            Op::CallFunction { function, .. } | Op::ReceiveIf { filter: function, .. } => {
                next.push(Node::Function(*function))
            }
            Op::FromJson { of, .. } => next.push(Node::Type(*of)),
            _ => {}
        }
    }
    let branches = function.groups.iter().flat_map(|group| &group.branches);
    next.extend(branches.map(|branch| Node::Function(branch.function)));
    next
}
