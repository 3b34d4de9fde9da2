//! Forms on the wire that are not a type's own: decimals in texts, durations as numbers.

use flow_plan::WireForm;
use rust_decimal::Decimal;

use super::{Misfit, Wire, padded};
use crate::decimal;
use crate::fault::Fault;
use crate::json::{Kind, Reader};
use crate::program::Slots;

const SECOND: i64 = 1_000_000;
const MILLI: i64 = 1_000;

impl Wire<'_> {
    /// Reads a value in another form than its type's own.
    pub(super) fn read_form(&mut self, reader: &mut Reader<'_>, form: WireForm) -> Result<Slots, Misfit> {
        match (form, reader.kind()?) {
            (WireForm::Text, Kind::Text) => {
                let text = reader.text()?;
                let number = Reader::new(text.as_bytes(), true).and_then(|mut reader| {
                    let number = reader.number()?.to_owned();
                    reader.end()?;
                    Ok(number)
                });
                // The reader passes over blanks, which are no part of a number.
                let number = number.ok().filter(|number| number.len() == text.len());
                let value = number.and_then(|number| decimal::parse(&number).ok());
                let due =
                    || Misfit::new(format!("expected decimal in a string, found {}", self.quoted(&text)));
                Ok(padded(&decimal::to_slots(value.ok_or_else(due)?)))
            }
            (WireForm::Seconds | WireForm::Millis, Kind::Number) => {
                let text = reader.number()?;
                let unit = if form == WireForm::Seconds { SECOND } else { MILLI };
                let micros = decimal::parse(text).ok().and_then(|value| value.checked_mul(unit.into()));
                let micros = micros.filter(Decimal::is_integer).and_then(|micros| i64::try_from(micros).ok());
                let due = || self.misfit_number("duration", text, "not a whole number of microseconds");
                Ok([micros.ok_or_else(due)?.cast_unsigned(), 0, 0])
            }
            (_, _) => {
                let due = match form {
                    WireForm::Text => "decimal in a string",
                    WireForm::Seconds => "duration as a number of seconds",
                    WireForm::Millis => "duration as a number of milliseconds",
                };
                let found = self.found(reader)?;
                Err(Misfit::new(format!("expected {due}, found {found}")))
            }
        }
    }
}

/// A value in another form than its type's own, and whether it stands in quotes.
pub(super) fn write_form(form: WireForm, slots: &[u64]) -> Result<(String, bool), Fault> {
    match (form, slots) {
        (WireForm::Text, [low, high, ..]) => Ok((decimal::from_slots(*low, *high).to_string(), true)),
        (WireForm::Seconds, [micros, ..]) => Ok((number(*micros, 6), false)),
        (WireForm::Millis, [micros, ..]) => Ok((number(*micros, 3), false)),
        _ => Err(Fault::Damaged),
    }
}

/// Microseconds as a number of a unit of 10 to the scale of them, without zeros at the end.
fn number(micros: u64, scale: u32) -> String {
    Decimal::new(micros.cast_signed(), scale).normalize().to_string()
}
