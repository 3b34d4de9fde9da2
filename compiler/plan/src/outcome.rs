//! What an answer says about whether a step took effect, and what its body is read for.

use crate::{EffectClass, ErrorId, Operation, Response, Statuses};

/// The outcome of a step, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took effect.
    Done,
    /// It did not.
    NotDone,
    /// It may have.
    Unknown,
}

/// What an answer of some status gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The call's result is null, whatever the body says.
    Absent,
    /// The call's result; in a response by status, that of the case at this position.
    Result(Option<usize>),
    /// A declared error, whose fields the body gives.
    Raised(ErrorId),
    /// Nothing that is declared.
    Undeclared,
}

/// Statuses that leave the outcome open: the request may still be under way, or an intermediary gave up. A class
/// that counts as done leaves them out.
const OPEN: [u16; 3] = [408, 502, 504];

/// How exactly a list of statuses names one: by itself, by its class, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    No,
    ByClass,
    Itself,
}

fn named(list: &[Statuses], status: u16) -> Named {
    match () {
        () if list.contains(&Statuses::One(status)) => Named::Itself,
        () if list.iter().any(|statuses| statuses.cover(status)) => Named::ByClass,
        () => Named::No,
    }
}

/// The same of a list that counts as done.
fn named_done(list: &[Statuses], status: u16) -> Named {
    match named(list, status) {
        Named::ByClass if OPEN.contains(&status) => Named::No,
        named => named,
    }
}

impl Operation {
    /// What a status says, for an attempt of this operation; `again` where it undoes or is sent once more.
    /// A 2xx counts as done here: whether its body fits is for the reader of the body to say. So does a declared 3xx.
    pub fn outcome(&self, status: u16, again: bool) -> Outcome {
        if (200..300).contains(&status) {
            return Outcome::Done;
        }
        let meaning = self.meaning(status);
        let redirected = (300..400).contains(&status) && matches!(meaning, Meaning::Result(_));
        let mut done = match meaning {
            Meaning::Absent => named_done(&self.absent, status),
            _ => Named::No,
        };
        if again {
            done = done.max(named_done(&self.done, status));
        }
        let unknown = named(&self.unknown_on, status);
        // Of two that name it alike, what says that it is done wins; the checker refuses most such pairs.
        if redirected || done != Named::No && done >= unknown {
            Outcome::Done
        } else if OPEN.contains(&status) || unknown != Named::No {
            if self.class == EffectClass::Safe { Outcome::NotDone } else { Outcome::Unknown }
        } else {
            Outcome::NotDone
        }
    }

    /// What an answer of a status gives: what names the status itself comes before what names its class.
    pub fn meaning(&self, status: u16) -> Meaning {
        let absent = named_done(&self.absent, status);
        let raised = |name: Statuses| self.raises.iter().find(|(statuses, _)| *statuses == name);
        let case = |name: Statuses| self.statuses.iter().position(|statuses| *statuses == name);
        let class = u8::try_from(status / 100).unwrap_or(0);
        for (name, level) in
            [(Statuses::One(status), Named::Itself), (Statuses::Class(class), Named::ByClass)]
        {
            if absent == level {
                return Meaning::Absent;
            }
            if let Some(case) = case(name) {
                return Meaning::Result(Some(case));
            }
            if let Some((_, error)) = raised(name) {
                return Meaning::Raised(*error);
            }
        }
        let success = (200..300).contains(&status);
        if success && self.response != Response::Ignored {
            Meaning::Result(None)
        } else {
            Meaning::Undeclared
        }
    }

    /// Whether an answer of the status gives the call's result, which its body is read for.
    pub fn gives_result(&self, status: u16) -> bool {
        matches!(self.meaning(status), Meaning::Result(_))
    }

    /// Whether a header of an answer is looked at.
    pub fn reads_header(&self, name: &str) -> bool {
        match self.response {
            Response::Ignored => false,
            Response::Whole(_) => true,
            Response::Page(_) => matches!(name, "content-type" | "link"),
            Response::Body(_) | Response::ByStatus(_) => name == "content-type",
        }
    }

    /// The declared error that a status raises.
    pub fn raised(&self, status: u16) -> Option<ErrorId> {
        match self.meaning(status) {
            Meaning::Raised(error) => Some(error),
            _ => None,
        }
    }

    /// A status of those that a declaration names: of a class, one whose meaning the class gives and whose outcome
    /// is not open.
    pub fn example(&self, statuses: Statuses) -> u16 {
        let class = match statuses {
            Statuses::One(status) => return status,
            Statuses::Class(class) => u16::from(class) * 100,
        };
        let lists = [&self.statuses, &self.absent, &self.done, &self.unknown_on];
        let is_free = |status: &u16| {
            let one = Statuses::One(*status);
            !OPEN.contains(status)
                && !lists.iter().any(|list| list.contains(&one))
                && !self.raises.iter().any(|(raised, _)| *raised == one)
        };
        (class..class + 100).find(is_free).unwrap_or(class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApiId, Method, RequestForm, TypeId};

    fn operation() -> Operation {
        Operation {
            api: ApiId(0),
            name: "make".into(),
            method: Method::Post,
            path: Vec::new(),
            params: Vec::new(),
            response: Response::ByStatus(TypeId(0)),
            statuses: vec![Statuses::One(201), Statuses::Class(2), Statuses::One(404)],
            class: EffectClass::Unsafe,
            idempotency: None,
            raises: vec![(Statuses::Class(4), ErrorId(0)), (Statuses::One(409), ErrorId(1))],
            absent: vec![Statuses::One(410)],
            done: vec![Statuses::Class(4)],
            unknown_on: vec![Statuses::Class(5), Statuses::One(423)],
            confirm: None,
            rate: None,
            concurrency: None,
            headers: Vec::new(),
            form: RequestForm::default(),
        }
    }

    #[test]
    fn what_names_a_status_itself_comes_before_its_class() {
        let operation = operation();
        let meanings = [201, 200, 404, 409, 400, 410, 500].map(|status| operation.meaning(status));
        let due = [
            Meaning::Result(Some(0)),
            Meaning::Result(Some(1)),
            Meaning::Result(Some(2)),
            Meaning::Raised(ErrorId(1)),
            Meaning::Raised(ErrorId(0)),
            Meaning::Absent,
            Meaning::Undeclared,
        ];
        assert_eq!(meanings, due);
    }

    #[test]
    fn a_class_that_counts_as_done_leaves_out_what_says_nothing() {
        let operation = operation();
        let outcomes = [404, 408, 423, 500, 200, 300].map(|status| operation.outcome(status, true));
        assert_eq!(
            outcomes,
            [
                Outcome::Done,
                Outcome::Unknown,
                Outcome::Unknown,
                Outcome::Unknown,
                Outcome::Done,
                Outcome::NotDone
            ]
        );
        assert_eq!(operation.outcome(404, false), Outcome::NotDone);
    }

    #[test]
    fn an_example_of_a_class_is_named_by_nothing_else() {
        let mut operation = operation();
        assert_eq!(operation.example(Statuses::One(418)), 418);
        assert_eq!(operation.example(Statuses::Class(4)), 400);
        operation.raises.push((Statuses::One(400), ErrorId(1)));
        assert_eq!(operation.example(Statuses::Class(4)), 401);
    }
}
