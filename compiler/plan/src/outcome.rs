//! What an answer says about whether a step took effect.

use crate::{EffectClass, Operation, Response};

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

/// Statuses that leave the outcome open: the request may still be under way, or an intermediary gave up.
const OPEN: [u16; 3] = [408, 502, 504];

impl Operation {
    /// What a status says, for an attempt of this operation; `again` where it undoes or is sent once more.
    /// A 2xx counts as done here: whether its body fits is for the reader of the body to say. So does a declared 3xx.
    pub fn outcome(&self, status: u16, again: bool) -> Outcome {
        let listed = |statuses: &[u16]| statuses.contains(&status);
        let redirected = (300..400).contains(&status) && listed(&self.statuses);
        if (200..300).contains(&status) || redirected || listed(&self.absent) || again && listed(&self.done) {
            Outcome::Done
        } else if OPEN.contains(&status) || listed(&self.unknown_on) {
            if self.class == EffectClass::Safe { Outcome::NotDone } else { Outcome::Unknown }
        } else {
            Outcome::NotDone
        }
    }

    /// Whether an answer of the status gives the call's result, which its body is read for.
    pub fn gives_result(&self, status: u16) -> bool {
        self.response != Response::Ignored
            && ((200..300).contains(&status) || self.statuses.contains(&status))
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
    pub fn raised(&self, status: u16) -> Option<crate::ErrorId> {
        self.raises.iter().find(|(raised, _)| *raised == status).map(|(_, error)| *error)
    }
}
