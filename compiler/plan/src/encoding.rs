//! The canonical encoding and the hash.
//!
//! The encoding is postcard's (its wire format is stable since 1.0) with the table order that the emitter
//! chose. It is canonical: bytes that decode to a plan but are not what the plan encodes to are refused.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{FORMAT, Plan};

/// The longest encoded plan that is decoded: 16 MiB.
const BYTES_MAX: usize = 16 << 20;

/// The identity of a plan: BLAKE3 of its canonical encoding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlanHash(pub [u8; 32]);

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlanHash({self})")
    }
}

/// Why bytes are not a plan.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Longer than any plan may be.
    #[error("the plan has {0} bytes; at most {BYTES_MAX} are read")]
    TooLong(usize),
    /// Truncated or damaged.
    #[error("the plan is damaged: {0}")]
    Damaged(postcard::Error),
    /// Written by a newer compiler.
    #[error("the plan has format {0}; this program reads format {FORMAT}")]
    Format(u32),
    /// Not what a compiler writes.
    #[error("the plan is not in canonical form")]
    NotCanonical,
}

impl Plan {
    /// The canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        // Plain data in memory always serialises: postcard fails only on lengths unknown in advance.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// Reads a canonical encoding. The plan is well formed as data; whether it may run is for
    /// [`verify`](crate::verify) to say.
    ///
    /// # Errors
    /// Where the bytes are too long, damaged, of a newer format, or not canonical.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > BYTES_MAX {
            return Err(DecodeError::TooLong(bytes.len()));
        }
        // The format stands first, so that a newer plan is told from a damaged one.
        let (format, _) = postcard::take_from_bytes::<u32>(bytes).map_err(DecodeError::Damaged)?;
        if format != FORMAT {
            return Err(DecodeError::Format(format));
        }
        let plan: Self = postcard::from_bytes(bytes).map_err(DecodeError::Damaged)?;
        if plan.encode() != bytes {
            return Err(DecodeError::NotCanonical);
        }
        Ok(plan)
    }

    /// The plan's identity.
    pub fn hash(&self) -> PlanHash {
        PlanHash(*blake3::hash(&self.encode()).as_bytes())
    }
}
