//! What handlers catch, as the plans of these tests name it.

use flow_plan::Catch;

/// The errors that one word names.
pub(crate) fn plain(word: &str) -> Option<Catch> {
    Some(match word {
        "any" => Catch::Any,
        "finally" => Catch::Finally,
        "refused" => Catch::Refused,
        "unknown" => Catch::Unknown,
        "timeout" => Catch::Timeout,
        "connection" => Catch::Connection,
        "decode" => Catch::Decode,
        "deadline" => Catch::Deadline,
        "arithmetic" => Catch::Arithmetic,
        "range" => Catch::Range,
        "cast" => Catch::Cast,
        "quorum" => Catch::Quorum,
        _ => return None,
    })
}
