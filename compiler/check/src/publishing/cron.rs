//! The times of schedules: five fields, as cron has them.
//!
//! A field is `*`, a value, a range `1-5`, or several of these with commas between; `/n` after `*` or a range takes
//! every n-th. Months and days of the week have names too. What other dialects add (`?`, `L`, `W`, `#`, `@daily`,
//! seconds) is refused with what to write instead. Where both the day of the month and the day of the week are given,
//! either is enough.

use std::ops::Range;

/// A mistake in the text, with its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Which bytes are wrong.
    pub(crate) range: Range<usize>,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: String,
    /// What to write in the place of the range.
    pub(crate) instead: Option<String>,
}

/// What a field counts.
struct Unit {
    name: &'static str,
    min: u32,
    max: u32,
    /// Names of values, from the smallest on.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// How many days each month has at most.
const LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const UNITS: [Unit; 5] = [
    Unit { name: "minute", min: 0, max: 59, names: &[] },
    Unit { name: "hour", min: 0, max: 23, names: &[] },
    Unit { name: "day of the month", min: 1, max: 31, names: &[] },
    Unit { name: "month", min: 1, max: 12, names: &MONTHS },
    // 7 is Sunday as well.
    Unit {
        name: "day of the week",
        min: 0,
        max: 7,
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    },
];

/// Short forms of other dialects.
const SHORT: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// Reads the text of a schedule.
///
/// # Errors
/// The first mistake in it.
pub(crate) fn check(text: &str) -> Result<(), Fault> {
    let fields = fields(text);
    let whole = 0..text.len();
    if let Some(first) = fields.first()
        && text.get(first.clone()).is_some_and(|word| word.starts_with('@'))
    {
        let known = SHORT.iter().find(|(short, _)| text.trim().eq_ignore_ascii_case(short));
        return Err(Fault {
            range: whole,
            message: "short forms are not known here".into(),
            help: match known {
                Some((_, long)) => format!("write `{long}`"),
                None => "write five fields: minute, hour, day of the month, month, day of the week".into(),
            },
            instead: known.map(|(_, long)| (*long).to_owned()),
        });
    }
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return Err(wrong_count(text, &fields));
    };
    let mut sets = [0_u64; 5];
    for ((set, range), unit) in sets.iter_mut().zip([minute, hour, day, month, weekday]).zip(&UNITS) {
        *set = field(text, range.clone(), unit)?;
    }
    let [_, _, days, months, _] = sets;
    let any = |range: &Range<usize>| text.get(range.clone()) == Some("*");
    // A day of the week that is given is enough.
    let comes = !any(weekday)
        || (1..=12).zip(LENGTHS).any(|(month, length)| {
            months & (1 << month) != 0 && (1..=length).any(|day| days & (1 << day) != 0)
        });
    if comes {
        return Ok(());
    }
    Err(Fault {
        range: day.start..month.end,
        message: "this day never comes".into(),
        help: "none of these months is that long: February has 29 days at most; April, June, September and November have 30"
            .into(),
        instead: None,
    })
}

/// The places of the fields.
fn fields(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, character.is_whitespace()) {
            (None, false) => start = Some(at),
            (Some(from), true) => {
                found.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    found
}

fn wrong_count(text: &str, fields: &[Range<usize>]) -> Fault {
    let count = fields.len();
    let (mut range, mut instead) = (0..text.len(), None);
    let mut help =
        "write minute, hour, day of the month, month, day of the week: `0 2 * * *` is two o'clock each night"
            .to_owned();
    if let (6, Some(first), Some(second)) = (count, fields.first(), fields.get(1)) {
        help = "the smallest field is the minute: leave out the seconds".to_owned();
        if text.get(first.clone()).is_some_and(|seconds| matches!(seconds, "0" | "00" | "*")) {
            range = first.start..second.start;
            instead = Some(String::new());
        }
    }
    Fault { range, message: format!("expected five fields, found {count}"), help, instead }
}

/// The values of a field, one bit each; the week begins with Sunday.
fn field(text: &str, range: Range<usize>, unit: &Unit) -> Result<u64, Fault> {
    let mut set = 0;
    let mut at = range.start;
    for item in text.get(range).unwrap_or_default().split(',') {
        set |= self::item(item, at, unit)?;
        at += item.len() + 1;
    }
    // The second Sunday is the first.
    if unit.max == 7 && set & (1 << 7) != 0 {
        set = (set & !(1 << 7)) | 1;
    }
    Ok(set)
}

/// `*`, `5`, `1-5`, with `/n` or without. `at` is where it begins.
fn item(item: &str, at: usize, unit: &Unit) -> Result<u64, Fault> {
    let (span, step) = match item.split_once('/') {
        Some((span, step)) => (span, Some(step)),
        None => (item, None),
    };
    // Of the two Sundays one will do.
    let last = if unit.max == 7 { 6 } else { unit.max };
    let (first, last, is_range) = if span == "*" {
        (unit.min, last, true)
    } else if let Some((first, last)) = span.split_once('-') {
        let (from, mut to) = (value(first, at, unit)?, value(last, at + first.len() + 1, unit)?);
        if unit.max == 7 && to == 0 && from > 0 {
            to = 7;
        }
        if from > to {
            let end = if unit.max == 7 { 6 } else { unit.max };
            let instead = format!("{first}-{end},{}-{last}", unit.min);
            return Err(Fault {
                range: at..at + span.len(),
                message: format!("this range goes from {from} back to {to}"),
                help: format!("write two: `{instead}`"),
                instead: step.is_none().then_some(instead),
            });
        }
        (from, to, true)
    } else {
        let only = value(span, at, unit)?;
        (only, only, false)
    };
    let Some(step) = step else { return Ok(bits(first, last, 1)) };
    let place = at + span.len() + 1..at + item.len();
    if !is_range {
        let instead = format!("{span}-{}/{step}", if unit.max == 7 { 6 } else { unit.max });
        return Err(Fault {
            range: at..at + item.len(),
            message: "a step goes with `*` or with a range".into(),
            help: format!("write `{instead}`"),
            instead: Some(instead),
        });
    }
    let width = last - first + 1;
    match step.parse::<u32>() {
        Ok(0) => Err(Fault {
            range: place,
            message: "a step of zero".into(),
            help: "leave it out, or write one from 1 on".into(),
            instead: None,
        }),
        Ok(step) if step < width.max(2) => Ok(bits(first, last, step)),
        Ok(step) => Err(Fault {
            range: place,
            message: format!("a step of {step} never comes to a second {}", unit.name),
            help: format!("it begins anew after {last}: write the times one by one, or a step below {width}"),
            instead: None,
        }),
        Err(_) => Err(Fault {
            range: place,
            message: format!("`{step}` is no step"),
            help: "write a whole number, such as `*/15`".into(),
            instead: None,
        }),
    }
}

fn bits(first: u32, last: u32, step: u32) -> u64 {
    (first..=last).step_by(step.max(1) as usize).fold(0, |set, value| set | 1 << value)
}

/// A number, or a name where the unit has names.
fn value(text: &str, at: usize, unit: &Unit) -> Result<u32, Fault> {
    let range = at..at + text.len();
    let fault = |message: String, help: String, instead: Option<String>| {
        Err(Fault { range: range.clone(), message, help, instead })
    };
    if let Some(index) = unit.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return Ok(unit.min + u32::try_from(index).unwrap_or_default());
    }
    let Unit { name, min, max, .. } = unit;
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.parse::<u32>() {
            Ok(number) if (*min..=*max).contains(&number) => Ok(number),
            Ok(24) if *max == 23 => {
                fault("there is no hour 24".into(), "midnight is hour 0".into(), Some("0".into()))
            }
            _ => fault(format!("a {name} goes from {min} to {max}"), format!("`{text}` is none"), None),
        };
    }
    if text.is_empty() {
        return fault(format!("a {name} is missing"), "write one, or `*` for all".into(), None);
    }
    if text == "?" {
        return fault("`?` is not known here".into(), "write `*`".into(), Some("*".into()));
    }
    let other = text.contains(['L', 'W', '#'])
        && text.bytes().any(|byte| byte.is_ascii_digit() || text.len() == 1 || byte == b'#');
    if other {
        let help = "days counted from the end of a month, and the nearest working day, are not known: decide in the workflow";
        return fault(format!("`{text}` is not known here"), help.into(), None);
    }
    match flow_diagnostics::nearest(&text.to_ascii_uppercase(), unit.names.iter().copied()) {
        Some(near) => {
            fault(format!("`{text}` is no {name}"), format!("did you mean `{near}`?"), Some(near.to_owned()))
        }
        None if unit.names.is_empty() => fault(
            format!("`{text}` is no {name}"),
            format!("write a number from {min} to {max}, or `*`"),
            None,
        ),
        None => fault(
            format!("`{text}` is no {name}"),
            format!(
                "write a number from {min} to {max}, a name such as `{}`, or `*`",
                unit.names.get(1).unwrap_or(&"")
            ),
            None,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_set_of_values() {
        let set = |text: &str, unit: usize| field(text, 0..text.len(), &UNITS[unit]).unwrap();
        assert_eq!(set("*", 3), bits(1, 12, 1));
        assert_eq!(set("1-5/2,9", 1), 1 << 1 | 1 << 3 | 1 << 5 | 1 << 9);
        assert_eq!(set("*/20", 0), 1 | 1 << 20 | 1 << 40);
        assert_eq!(set("FRI-SUN", 4), 1 | 1 << 5 | 1 << 6);
        assert_eq!(set("7", 4), 1);
        assert_eq!(set("jan,Dec", 3), 1 << 1 | 1 << 12);
    }

    #[test]
    fn a_day_must_come() {
        for never in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30-31 FEB *"] {
            assert_eq!(check(never).unwrap_err().message, "this day never comes", "{never}");
        }
        for comes in ["0 0 29 2 *", "0 0 31 2,3 *", "0 0 30 2 MON", "0 0 * 2 *", "0 0 */2 2 *"] {
            assert_eq!(check(comes), Ok(()), "{comes}");
        }
    }

    #[test]
    fn a_mistake_has_its_place() {
        for (text, wrong) in [
            ("60 * * * *", "60"),
            ("0 24 * * *", "24"),
            ("0 0 0 * *", "0"),
            ("0 0 1, * *", ""),
            ("0 0 * JNU *", "JNU"),
            ("0 0 ? * *", "?"),
            ("0 0 L * *", "L"),
            ("0 0 * * 5#3", "5#3"),
            ("0 22-2 * * *", "22-2"),
            ("*/90 * * * *", "90"),
            ("5/15 * * * *", "5/15"),
            ("*/0 * * * *", "0"),
            ("1-x * * * *", "x"),
            ("0 0 30 2 *", "30 2"),
            ("* * * *", "* * * *"),
            ("0 0 2 * * *", "0 "),
            ("@daily", "@daily"),
            ("", ""),
            ("0 0 * * ä", "ä"),
        ] {
            let fault = check(text).unwrap_err();
            assert_eq!(&text[fault.range.clone()], wrong, "{text}: {fault:?}");
        }
    }

    #[test]
    fn what_is_written_instead_is_right() {
        for text in [
            "0 24 * * *",
            "0 22-2 * * *",
            "5/15 * * * *",
            "0 0 ? * *",
            "@weekly",
            "0 0 0 1 1 *",
            "0 0 * * MNO",
        ] {
            let fault = check(text).unwrap_err();
            let mut mended = text.to_owned();
            mended.replace_range(fault.range.clone(), &fault.instead.unwrap());
            assert_eq!(check(&mended), Ok(()), "{text} became {mended}");
        }
    }
}
