//! Loops over pages: a call for each page, a loop over its items inside. Only the page at hand is held.

use flow_check::{NextPage, PageField};
use flow_hir::{ExprId, ExprKind, Pattern};
use flow_plan::{Op, StepId, Type};

use super::calls::PAGE_BODY;
use crate::builder::{Label, Value};
use crate::context::Context;

/// What changes from page to page.
struct Turn {
    /// The argument that the call is made with.
    argument: Value,
    /// How many items came before, where that is what it says.
    position: Option<Value>,
}

/// A field of what a step by link gives.
fn of_page(name: &str) -> PageField {
    PageField { name: name.to_owned(), wire: name.to_owned() }
}

impl Context<'_> {
    /// `for x in api.operation.all(…) { }`.
    pub(super) fn for_pages(&mut self, pattern: &Pattern, call: ExprId, body: ExprId) -> Value {
        let ExprKind::CallOperation { operation, .. } = self.program.exprs[call].kind else {
            return self.null();
        };
        let Some(pages) = self.typed.operations.get(operation).and_then(|checked| checked.pages.clone())
        else {
            return self.null();
        };
        // By link the step gives the body with the link beside it.
        let (mut items, mut from) = (pages.items.clone(), Vec::new());
        match &pages.next {
            NextPage::Cursor { from: way, .. } => from.clone_from(way),
            NextPage::Offset { .. } => {}
            NextPage::Link => {
                items.insert(0, of_page(PAGE_BODY));
                from.push(of_page("next"));
            }
        }
        let mut args = self.call_arguments(call, operation);
        let Some(turn) = self.begin_turns(&pages.next, &mut args) else { return self.null() };

        let (top, _, exit) = self.open_loop();
        self.current.bind(top);
        let Some((page, step)) = self.step_call(call, operation, None, &args) else { return self.null() };
        let (after, broken) = (self.current.label(), self.current.label());
        // By count, a page without items is the last one.
        let without = if turn.position.is_some() { exit } else { after };
        let items = self.part_of_page(page, &items, without);
        if let Some(position) = turn.position {
            let count = self.register_as(Type::Int);
            self.current.emit(Op::Len { dst: count.reg, list: items.reg });
            let none = self.load_int(0);
            let some = self.compare(none, count, true);
            self.current.jump_if_not(some.reg, exit);
            self.add_to(position, count);
        }
        self.page_items(pattern, items, body, broken);
        self.current.bind(after);
        match turn.position {
            Some(position) => self.some(turn.argument, position),
            None => self.next_cursor(page, &from, turn.argument, step, exit),
        }
        self.next_loop();
        self.current.jump(top);

        // A `break` leaves the loop over the items, and then the one over the pages.
        self.current.bind(broken);
        self.current.emit(Op::Leave {});
        self.close_loop(exit)
    }

    /// Puts the argument that changes into a register of its own.
    fn begin_turns(&mut self, next: &NextPage, args: &mut [Value]) -> Option<Turn> {
        let given = match next {
            NextPage::Cursor { param, .. } | NextPage::Offset { param, .. } => args.get_mut(*param)?,
            NextPage::Link => args.last_mut()?,
        };
        let argument = self.register(given.ty);
        self.assign(argument, *given);
        *given = argument;
        let NextPage::Offset { .. } = next else { return Some(Turn { argument, position: None }) };
        let position = self.load_int(0);
        if let Type::Optional(_) = self.plan.types.get(argument.ty) {
            let begun = self.current.label();
            let null = self.is_null(argument);
            self.current.jump_if(null.reg, begun);
            let first = self.unwrap(argument);
            self.assign(position, first);
            self.current.bind(begun);
        } else {
            self.assign(position, argument);
        }
        Some(Turn { argument, position: Some(position) })
    }

    /// What stands at the end of a way through a page; where something on it is null, control goes on elsewhere.
    fn part_of_page(&mut self, page: Value, path: &[PageField], absent: Label) -> Value {
        let mut value = page;
        for name in path.iter().map(|field| Some(&field.name)).chain([None]) {
            if let Type::Optional(_) = self.plan.types.get(value.ty) {
                let null = self.is_null(value);
                self.current.jump_if(null.reg, absent);
                value = self.unwrap(value);
            }
            if let Some(name) = name {
                value = self.field(value, name);
            }
        }
        value
    }

    /// The loop over the items of one page. A `break` in it goes to the label, with this loop still open.
    fn page_items(&mut self, pattern: &Pattern, items: Value, body: ExprId, broken: Label) {
        let (top, next, ended) = self.open_loop_to(broken);
        let walk = self.walk_with(items, top, next, ended);
        self.bind_pattern(pattern, walk.item);
        self.expr(body);
        self.current.bind(next);
        self.next_loop();
        let one = self.load_int(1);
        self.add_to(walk.index(), one);
        self.current.jump(top);
        self.close_loop(ended);
    }

    /// Takes the cursor of the next page, or ends.
    fn next_cursor(&mut self, page: Value, from: &[PageField], argument: Value, step: StepId, exit: Label) {
        let value = self.part_of_page(page, from, exit);
        if *self.plan.types.get(value.ty) == Type::String {
            let empty = self.load_text("");
            let ends = self.equal_values(value, empty);
            self.current.jump_if(ends.reg, exit);
        }
        let next = self.register(argument.ty);
        self.some(next, value);
        let (again, goes_on) = (self.equal_values(next, argument), self.current.label());
        self.current.jump_if_not(again.reg, goes_on);
        self.current.emit(Op::PageAgain { step });
        self.current.bind(goes_on);
        self.assign(argument, next);
    }
}
