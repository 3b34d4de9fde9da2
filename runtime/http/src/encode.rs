//! Percent-encoding of one component of a URL (RFC 3986, section 2.3).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// What is encoded in a path segment: all but the unreserved characters.
pub(crate) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
