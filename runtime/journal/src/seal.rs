//! Sealing: a record with a secret in it is kept encrypted and authenticated, whatever keeps it.
//!
//! What is sealed is the whole record. Beside it stands its shell, the same record without its contents, so that a
//! list can be made without the key. Both are bound to each other and to the execution: neither can be altered, or
//! moved to another one.
//!
//! The cipher is XChaCha20-Poly1305. The nonce is a keyed digest of what is sealed, so that sealing needs no
//! randomness: the same record of the same execution is sealed alike, and no two others share a nonce.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    CalledBack, Completed, Ended, ExecutionId, Intent, Record, Signalled, Snapshot, Started,
    codec::{self, CodecError},
};

/// A record that is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The same record without its contents, encoded.
    pub shell: Vec<u8>,
    /// The name of the key.
    pub key: [u8; 8],
    /// The nonce.
    pub nonce: [u8; 24],
    /// The record, encoded and encrypted.
    pub bytes: Vec<u8>,
}

/// Why a record is not opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// There is another key.
    #[error("the record is sealed with the key {}, and the key here is {}", hex(.sealed), hex(.here))]
    OtherKey {
        /// The name of the key that it is sealed with.
        sealed: [u8; 8],
        /// The name of the key that is here.
        here: [u8; 8],
    },
    /// It was altered, or belongs to another execution.
    #[error("the sealed record is damaged, or belongs to another execution")]
    Damaged,
    /// What was sealed is no record.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seals records and opens them. It holds the key, which is wiped from memory with it.
pub struct Sealer {
    key: Zeroizing<[u8; 32]>,
    /// What nonces are made with: not the key itself.
    nonces: Zeroizing<[u8; 32]>,
    name: [u8; 8],
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({})", hex(&self.name))
    }
}

impl Sealer {
    /// A sealer with a key.
    pub fn new(key: [u8; 32]) -> Self {
        let key = Zeroizing::new(key);
        let nonces = Zeroizing::new(blake3::derive_key("flow journal 2026 nonces", key.as_slice()));
        let digest = blake3::derive_key("flow journal 2026 name of a key", key.as_slice());
        let mut name = [0; 8];
        name.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self { key, nonces, name }
    }

    /// A sealer with a new key, which nobody else has: what it seals can be read as long as it lives.
    ///
    /// # Errors
    /// Where the system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self::new(key))
    }

    /// Seals a record. One without contents, or whose contents are texts that are masked, stays as it is.
    ///
    /// # Errors
    /// None in practice: see [`codec::encode`].
    pub fn seal(&self, execution: ExecutionId, record: Record) -> Result<Record, CodecError> {
        let Some(shell) = shell(&record) else { return Ok(record) };
        let shell = codec::encode(&shell)?;
        let plain = Zeroizing::new(codec::encode(&record)?);
        let context = context(execution, &shell);
        let mut digest = blake3::Hasher::new_keyed(&self.nonces);
        digest.update(&(context.len() as u64).to_le_bytes()).update(&context).update(&plain);
        let mut nonce = [0; 24];
        digest.finalize_xof().fill(&mut nonce);
        let payload = Payload { msg: &plain, aad: &context };
        // It fails alone for more than 256 GiB, which no record has.
        let bytes = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| CodecError::TooLong)?;
        Ok(Record::Sealed(Sealed { shell, key: self.name, nonce, bytes }))
    }

    /// Opens a record; one that is not sealed stays as it is.
    ///
    /// # Errors
    /// Where the key is another, or the record was altered.
    pub fn open(&self, execution: ExecutionId, record: &Record) -> Result<Record, SealError> {
        let Record::Sealed(sealed) = record else { return Ok(record.clone()) };
        if sealed.key != self.name {
            return Err(SealError::OtherKey { sealed: sealed.key, here: self.name });
        }
        let context = context(execution, &sealed.shell);
        let payload = Payload { msg: &sealed.bytes, aad: &context };
        let plain = self.cipher().decrypt(&XNonce::from(sealed.nonce), payload);
        let plain = Zeroizing::new(plain.map_err(|_| SealError::Damaged)?);
        match codec::decode(&plain)? {
            Record::Sealed(_) => Err(SealError::Damaged),
            record => Ok(record),
        }
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.key).into())
    }
}

impl Sealed {
    /// The record without its contents.
    ///
    /// # Errors
    /// Where it was damaged.
    pub fn shell(&self) -> Result<Record, CodecError> {
        codec::decode(&self.shell)
    }
}

/// What a sealed record is bound to.
fn context(execution: ExecutionId, shell: &[u8]) -> Vec<u8> {
    [execution.0.as_slice(), shell].concat()
}

/// The record without its contents; nothing where it has none but texts for people. Each kind is taken apart in full,
/// so that a new field cannot be forgotten.
fn shell(record: &Record) -> Option<Record> {
    Some(match record.clone() {
        Record::Started(Started { plan, workflow, input: _, config: _, secrets, key: _, parent, at_us }) => {
            let (input, config) = (Vec::new(), Vec::new());
            Record::Started(Started { plan, workflow, input, config, secrets, key: None, parent, at_us })
        }
        Record::Intent(Intent {
            effect,
            path,
            repeatable,
            method,
            target: _,
            headers: _,
            body: _,
            key: _,
            at_us,
        }) => Record::Intent(Intent {
            effect,
            path,
            repeatable,
            method,
            target: String::new(),
            headers: Vec::new(),
            body: None,
            key: String::new(),
            at_us,
        }),
        Record::Completed(Completed { effect, completion: _, at_us }) => {
            Record::Completed(Completed { effect, completion: Vec::new(), at_us })
        }
        Record::Signalled(Signalled { name, json: _, at_us }) => {
            Record::Signalled(Signalled { name, json: Vec::new(), at_us })
        }
        Record::CalledBack(CalledBack { number, json: _, at_us }) => {
            Record::CalledBack(CalledBack { number, json: Vec::new(), at_us })
        }
        Record::Snapshot(Snapshot { machine: _, driver: _, at_us }) => {
            Record::Snapshot(Snapshot { machine: Vec::new(), driver: Vec::new(), at_us })
        }
        Record::Ended(Ended { status, outcome: _, at_us }) => {
            Record::Ended(Ended { status, outcome: Vec::new(), at_us })
        }
        Record::AttemptStarted(_)
        | Record::AttemptEnded(_)
        | Record::TimerSet(_)
        | Record::Logged(_)
        | Record::Cancelled { .. }
        | Record::Held(_)
        | Record::Proceeded { .. }
        | Record::Reported(_)
        | Record::Joined(_)
        | Record::Sealed(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Summary, sample};

    const OF: ExecutionId = ExecutionId([1; 16]);

    fn sealed(sealer: &Sealer) -> impl Iterator<Item = (Record, Sealed)> {
        let records = sample::records().into_iter().filter(|record| !matches!(record, Record::Sealed(_)));
        let each = records.map(|record| (sealer.seal(OF, record.clone()), record));
        each.filter_map(|(sealed, record)| match sealed {
            Ok(Record::Sealed(sealed)) => Some((record, sealed)),
            _ => None,
        })
    }

    #[test]
    fn a_sealed_record_comes_back_and_shows_nothing() {
        let sealer = Sealer::new([3; 32]);
        let all: Vec<(Record, Sealed)> = sealed(&sealer).collect();
        assert_eq!(all.len(), 7, "one of each kind that has contents");
        for (record, sealed) in all {
            let wrapped = Record::Sealed(sealed.clone());
            let written = codec::encode(&wrapped).unwrap();
            for content in [&b"o-1"[..], b"127.0.0.1", b"/payments"] {
                assert!(!written.windows(content.len()).any(|part| part == content), "{record:?}");
            }
            assert_eq!(sealer.open(OF, &codec::decode(&written).unwrap()).unwrap(), record);
            assert_eq!(wrapped.at_us(), record.at_us());
        }
    }

    #[test]
    fn what_is_no_secret_stays_in_a_list() {
        let sealer = Sealer::new([3; 32]);
        let started = sealer.seal(OF, sample::started(1)).unwrap();
        let mut summary = Summary::begin(OF, &started).unwrap();
        assert_eq!(summary.workflow, "process_order");
        summary.apply(&sealer.seal(OF, sample::ended(2)).unwrap());
        assert_eq!(summary.state, crate::State::Ended(crate::EndStatus::Succeeded));
    }

    #[test]
    fn a_changed_bit_or_another_key_or_execution_is_refused() {
        let sealer = Sealer::new([3; 32]);
        for (_, sealed) in sealed(&sealer) {
            let mut others = Vec::new();
            for bit in 0..8 {
                for (part, length) in [(0, sealed.shell.len()), (1, sealed.bytes.len()), (2, 24)] {
                    for at in 0..length {
                        let mut other = sealed.clone();
                        let parts = [&mut other.shell[..], &mut other.bytes[..], &mut other.nonce[..]];
                        parts.into_iter().nth(part).unwrap()[at] ^= 1 << bit;
                        others.push(other);
                    }
                }
            }
            for other in others {
                assert!(matches!(sealer.open(OF, &Record::Sealed(other)), Err(SealError::Damaged)));
            }
            let record = Record::Sealed(sealed);
            assert!(matches!(sealer.open(ExecutionId([2; 16]), &record), Err(SealError::Damaged)));
            let error = Sealer::new([4; 32]).open(OF, &record).unwrap_err();
            assert!(error.to_string().starts_with("the record is sealed with the key "), "{error}");
        }
    }

    #[test]
    fn no_two_records_share_a_nonce() {
        let sealer = Sealer::new([3; 32]);
        let mut nonces: Vec<[u8; 24]> = sealed(&sealer).map(|(_, sealed)| sealed.nonce).collect();
        let other = sealer.seal(ExecutionId([9; 16]), sample::started(1)).unwrap();
        let Record::Sealed(other) = other else { panic!("it is sealed") };
        nonces.push(other.nonce);
        let count = nonces.len();
        nonces.sort_unstable();
        nonces.dedup();
        assert_eq!(nonces.len(), count);
    }
}
