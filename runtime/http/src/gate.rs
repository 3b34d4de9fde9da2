//! How many calls are under way at once: gates through which so many go at a time, in fair order.

use std::collections::{HashMap, HashSet, VecDeque};

/// A call that goes through gates: its execution, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    /// The execution.
    pub execution: [u8; 16],
    /// The call.
    pub effect: u64,
}

/// Gates by name. Whoever waits at one holds its place in those before it.
#[derive(Debug, Default)]
pub(crate) struct Gates(HashMap<String, Gate>);

#[derive(Debug, Default)]
struct Gate {
    inside: HashSet<Ticket>,
    /// Who waits, and where it goes on from here.
    waiting: VecDeque<(Ticket, VecDeque<Way>)>,
}

/// A gate on somebody's way: its name, and how many it lets in.
pub(crate) type Way = (String, u32);

impl Gates {
    /// Whether a call is through all its gates; otherwise it waits at one.
    pub(crate) fn enter(&mut self, ticket: Ticket, mut ways: VecDeque<Way>) -> bool {
        while let Some((name, most)) = ways.front() {
            let gate = self.0.entry(name.clone()).or_default();
            if gate.inside.len() >= *most as usize || !gate.waiting.is_empty() {
                gate.waiting.push_back((ticket, ways));
                return false;
            }
            gate.inside.insert(ticket);
            ways.pop_front();
        }
        true
    }

    /// Calls leave their gates, or no longer wait there: which ones are through now in their place.
    pub(crate) fn leave(&mut self, leaves: impl Fn(Ticket) -> bool) -> Vec<Ticket> {
        for gate in self.0.values_mut() {
            gate.inside.retain(|ticket| !leaves(*ticket));
            gate.waiting.retain(|(ticket, _)| !leaves(*ticket));
        }
        let mut through = Vec::new();
        while let Some((ticket, ways)) = self.0.values_mut().find_map(Gate::let_in) {
            if self.enter(ticket, ways) {
                through.push(ticket);
            }
        }
        self.0.retain(|_, gate| !gate.inside.is_empty() || !gate.waiting.is_empty());
        through.sort_unstable();
        through
    }
}

impl Gate {
    /// The next one that may come in, where there is room.
    fn let_in(&mut self) -> Option<(Ticket, VecDeque<Way>)> {
        let (_, ways) = self.waiting.front()?;
        let (_, most) = ways.front()?;
        if self.inside.len() >= *most as usize {
            return None;
        }
        let (ticket, mut ways) = self.waiting.pop_front()?;
        ways.pop_front();
        self.inside.insert(ticket);
        Some((ticket, ways))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(effect: u64) -> Ticket {
        Ticket { execution: [1; 16], effect }
    }

    fn ways(names: &[(&str, u32)]) -> VecDeque<Way> {
        names.iter().map(|(name, most)| ((*name).to_owned(), *most)).collect()
    }

    #[test]
    fn so_many_are_inside_and_the_others_come_in_in_order() {
        let mut gates = Gates::default();
        let entered: Vec<bool> = (0..5).map(|n| gates.enter(ticket(n), ways(&[("a", 2)]))).collect();
        assert_eq!(entered, [true, true, false, false, false]);
        assert_eq!(gates.leave(|left| left == ticket(1)), [ticket(2)]);
        // Who comes late waits behind those who wait.
        assert_eq!(gates.leave(|left| left == ticket(3)), [], "it no longer waits");
        assert!(!gates.enter(ticket(5), ways(&[("a", 2)])));
        assert_eq!(gates.leave(|left| left == ticket(0)), [ticket(4)]);
        assert_eq!(gates.leave(|left| left == ticket(2) || left == ticket(4)), [ticket(5)]);
        gates.leave(|_| true);
        assert!(gates.0.is_empty(), "nothing is kept of gates that nobody is at");
    }

    #[test]
    fn who_goes_through_two_gates_waits_at_each() {
        let mut gates = Gates::default();
        let both = || ways(&[("op", 1), ("api", 2)]);
        assert!(gates.enter(ticket(0), ways(&[("api", 2)])));
        assert!(gates.enter(ticket(1), ways(&[("api", 2)])));
        assert!(!gates.enter(ticket(2), both()), "it is through the first, and waits at the second");
        assert!(!gates.enter(ticket(3), both()));
        assert_eq!(gates.leave(|left| left == ticket(0)), [ticket(2)]);
        assert_eq!(gates.leave(|left| left == ticket(1)), [], "the first gate is still full");
        assert_eq!(gates.leave(|left| left == ticket(2)), [ticket(3)]);
    }
}
