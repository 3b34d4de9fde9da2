//! The encoding of a record: one byte that names the format, then postcard.
//!
//! Lengths, sequence numbers and checksums belong to the frames in which a store keeps records, not here.

use crate::Record;

/// The format that is written. A reader refuses newer ones.
pub const FORMAT: u8 = 1;

/// Why bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Written by a newer program.
    #[error("the record has format {0}; this program reads format {FORMAT}")]
    Format(u8),
    /// Truncated or altered.
    #[error("the record is damaged: {0}")]
    Damaged(postcard::Error),
    /// More bytes than a record has.
    #[error("the record is damaged: {0} bytes follow it")]
    Trailing(usize),
    /// More than can be sealed.
    #[error("the record is too long to be sealed")]
    TooLong,
    /// No byte at all.
    #[error("the record is damaged: it is empty")]
    Empty,
}

/// Encodes a record.
///
/// # Errors
/// None in practice: records are plain data, and only lengths that are unknown in advance cannot be encoded.
pub fn encode(record: &Record) -> Result<Vec<u8>, CodecError> {
    postcard::to_extend(record, vec![FORMAT]).map_err(CodecError::Damaged)
}

/// Reads a record.
///
/// # Errors
/// Where the bytes are damaged, or of a newer format.
pub fn decode(bytes: &[u8]) -> Result<Record, CodecError> {
    let (format, rest) = bytes.split_first().ok_or(CodecError::Empty)?;
    if *format != FORMAT {
        return Err(CodecError::Format(*format));
    }
    let (record, rest) = postcard::take_from_bytes(rest).map_err(CodecError::Damaged)?;
    if rest.is_empty() { Ok(record) } else { Err(CodecError::Trailing(rest.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_kind_of_record_comes_back_as_it_was() {
        for record in sample::records() {
            assert_eq!(decode(&encode(&record).unwrap()).unwrap(), record);
        }
    }

    #[test]
    fn damaged_records_are_refused() {
        for record in sample::records() {
            let bytes = encode(&record).unwrap();
            for end in 0..bytes.len() {
                assert!(decode(&bytes[..end]).is_err(), "{record:?} cut to {end} bytes");
            }
            let longer = [bytes.as_slice(), &[0]].concat();
            assert!(matches!(decode(&longer), Err(CodecError::Trailing(1))));
        }
        assert!(matches!(decode(&[FORMAT + 1, 0]), Err(CodecError::Format(2))));
    }

    #[test]
    fn the_format_does_not_change_unnoticed() {
        // Bytes that were written once must be read for ever, or the format number must change.
        let written = [1, 7, 0x80, 0x89, 0x7a];
        assert_eq!(decode(&written).unwrap(), Record::Cancelled { at_us: 1_000_000 });
        assert_eq!(encode(&Record::Cancelled { at_us: 1_000_000 }).unwrap(), written);
    }
}
