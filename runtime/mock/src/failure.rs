//! What an operation is told to do instead of answering well, and the text in which people say so.
//!
//! `payments.charge=503:2,402`: twice 503, then always 402. A step is `ok`, a status, `drop`, `reset`, `timeout`
//! or `delay:3s`, with `:n` for how many times. Without a number it counts once, and the last one for good; after
//! the last counted step the operation answers well again.

use std::time::Duration;

use crate::{OperationName, ParseError, limits::DELAY_MAX};

/// What one operation is told, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The operation.
    pub operation: OperationName,
    /// The steps; each request takes the next one.
    pub steps: Vec<FailureStep>,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureStep {
    /// What happens.
    pub kind: FailureKind,
    /// To how many requests; none is one, and all that follow for the last step.
    pub times: Option<u32>,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It is answered well.
    Ok,
    /// It is answered with the status. A success takes effect; a status that raises a declared error has its
    /// fields as the body, any other is `application/problem+json` (RFC 9457).
    Status(u16),
    /// It takes effect, and the connection is closed without an answer.
    Drop,
    /// It is read and has no effect, and the connection is reset.
    Reset,
    /// It takes effect, and no answer comes.
    Timeout,
    /// It is answered well, that much later.
    Delay(Duration),
}

impl Failure {
    /// Reads `payments.charge=503:2,402`.
    ///
    /// # Errors
    /// Where the text is malformed. Whether the operation exists shows when a mock starts.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let Some((operation, steps)) = text.split_once('=') else {
            return Err(ParseError::new(text, "a failure is written `api.operation=503:2`"));
        };
        let steps = steps.split(',').map(|step| step.trim().parse()).collect::<Result<_, _>>()?;
        Ok(Self { operation: operation.trim().parse()?, steps })
    }
}

impl std::str::FromStr for Failure {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Failure::parse(text)
    }
}

impl std::str::FromStr for FailureStep {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut words = text.split(':');
        let kind = match words.next().unwrap_or_default() {
            "ok" => FailureKind::Ok,
            "drop" => FailureKind::Drop,
            "reset" => FailureKind::Reset,
            "timeout" => FailureKind::Timeout,
            "delay" => FailureKind::Delay(words.next().and_then(delay).ok_or_else(|| {
                ParseError::new(text, "a delay is written `delay:250ms` or `delay:3s`, up to an hour")
            })?),
            status => FailureKind::Status(
                status.parse().ok().filter(|s| (200..600).contains(s)).ok_or_else(|| {
                    ParseError::new(
                        text,
                        "expected a status from 200 to 599, `ok`, `drop`, `reset`, `timeout` or `delay:3s`",
                    )
                })?,
            ),
        };
        let times = match words.next() {
            None => None,
            Some(count) => Some(
                count
                    .parse()
                    .ok()
                    .filter(|count| *count > 0)
                    .ok_or_else(|| ParseError::new(text, "how many times is a whole number from 1"))?,
            ),
        };
        if words.next().is_some() {
            return Err(ParseError::new(text, "there is more than one number of times"));
        }
        Ok(Self { kind, times })
    }
}

/// A duration of one unit.
fn delay(text: &str) -> Option<Duration> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(millis)?)).filter(|delay| *delay <= DELAY_MAX)
}

/// Where an operation stands in what it is told.
#[derive(Debug, Default)]
pub(crate) struct Script {
    steps: Vec<FailureStep>,
    index: usize,
    used: u32,
}

impl Script {
    pub(crate) fn extend(&mut self, steps: &[FailureStep]) {
        self.steps.extend_from_slice(steps);
    }

    /// What happens to the next request.
    pub(crate) fn next(&mut self) -> FailureKind {
        while let Some(step) = self.steps.get(self.index) {
            let last = self.index + 1 == self.steps.len();
            match step.times {
                None if last => return step.kind,
                times if self.used < times.unwrap_or(1) => {
                    self.used += 1;
                    return step.kind;
                }
                _ => {
                    self.index += 1;
                    self.used = 0;
                }
            }
        }
        FailureKind::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the first five requests meet.
    fn first_five(text: &str) -> String {
        let failure = Failure::parse(&format!("payments.charge={text}")).unwrap();
        let mut script = Script::default();
        script.extend(&failure.steps);
        let met: Vec<String> = (0..5)
            .map(|_| match script.next() {
                FailureKind::Ok => "ok".into(),
                FailureKind::Status(status) => status.to_string(),
                FailureKind::Delay(delay) => format!("{}ms", delay.as_millis()),
                other => format!("{other:?}").to_lowercase(),
            })
            .collect();
        met.join(" ")
    }

    #[test]
    fn each_request_takes_the_next_step() {
        for (text, expected) in [
            ("503:2", "503 503 ok ok ok"),
            ("402", "402 402 402 402 402"),
            ("503:2,402", "503 503 402 402 402"),
            ("503, 402, ok", "503 402 ok ok ok"),
            ("drop:1", "drop ok ok ok ok"),
            ("reset:1,timeout:1", "reset timeout ok ok ok"),
            ("delay:3s", "3000ms 3000ms 3000ms 3000ms 3000ms"),
            ("ok:3,delay:250ms:1", "ok ok ok 250ms ok"),
            ("ok", "ok ok ok ok ok"),
        ] {
            assert_eq!(first_five(text), expected, "{text}");
        }
    }

    #[test]
    fn malformed_failures_say_what_is_wrong() {
        for (text, expected) in [
            ("payments.charge", "`payments.charge`: a failure is written `api.operation=503:2`"),
            ("charge=503", "`charge`: an operation is named `api.operation` or `api@v2.operation`"),
            (
                "payments.charge=50x",
                "`50x`: expected a status from 200 to 599, `ok`, `drop`, `reset`, `timeout` or `delay:3s`",
            ),
            (
                "payments.charge=503,",
                "``: expected a status from 200 to 599, `ok`, `drop`, `reset`, `timeout` or `delay:3s`",
            ),
            ("payments.charge=503:0", "`503:0`: how many times is a whole number from 1"),
            ("payments.charge=503:99999999999", "`503:99999999999`: how many times is a whole number from 1"),
            ("payments.charge=drop:1:2", "`drop:1:2`: there is more than one number of times"),
            (
                "payments.charge=delay",
                "`delay`: a delay is written `delay:250ms` or `delay:3s`, up to an hour",
            ),
            (
                "payments.charge=delay:9h",
                "`delay:9h`: a delay is written `delay:250ms` or `delay:3s`, up to an hour",
            ),
        ] {
            assert_eq!(Failure::parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
