//! Decimals: 28 significant digits, results rounded once, half-even.
//!
//! `rust_decimal` holds 96 bits, which is a little more than 28 digits, and rounds at its own border. So sums,
//! products and quotients are made here exactly in 256 bits and then rounded; comparisons, remainders and
//! roundings to places are exact in the crate.

use std::cmp::Ordering;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::fault::Fault;

/// Significant digits of a decimal.
pub(crate) const DIGITS_MAX: u32 = 28;

const SCALE_MAX: u32 = 28;
const MANTISSA_END: u128 = 10_u128.pow(DIGITS_MAX);

/// The slots of a decimal.
pub(crate) fn to_slots(value: Decimal) -> [u64; 2] {
    let bytes = value.serialize();
    let (low, high) = bytes.split_at(8);
    let word = |half: &[u8]| half.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    [word(low), word(high)]
}

/// The decimal of two slots. Slots that no decimal has are read as near as can be.
pub(crate) fn from_slots(low: u64, high: u64) -> Decimal {
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(low.to_le_bytes().into_iter().chain(high.to_le_bytes())) {
        *byte = from;
    }
    // INVARIANT: the scale, in the third byte, is at most 28 in every decimal that the machine makes; only a
    // changed state can hold another, and the crate's arithmetic relies on it.
    if let Some(scale) = bytes.get_mut(2) {
        *scale = (*scale).min(28);
    }
    Decimal::deserialize(bytes)
}

/// A decimal from parts, rounded to 28 digits and 28 places.
fn rounded(negative: bool, mut mantissa: Wide, scale: i64) -> Result<Decimal, Fault> {
    let overflow = || Fault::arithmetic("a decimal has more than 28 digits before its point");
    let digits = i64::from(mantissa.digits());
    let surplus = (digits - i64::from(DIGITS_MAX)).max(scale - i64::from(SCALE_MAX)).max(0);
    let mut scale = scale - surplus;
    mantissa = mantissa.shed(surplus);
    if mantissa.cmp(&Wide::from(MANTISSA_END)) == Ordering::Equal {
        // Rounding up made a digit more: 99…9.5 became 100…0.
        mantissa = mantissa.shed(1);
        scale -= 1;
    }
    while scale < 0 {
        mantissa = mantissa.times(10).ok_or_else(overflow)?;
        scale += 1;
    }
    let low = mantissa.low().filter(|low| *low < MANTISSA_END).ok_or_else(overflow)?;
    let signed = i128::try_from(low).map_err(|_| overflow())?;
    let signed = if negative { -signed } else { signed };
    let scale = u32::try_from(scale).map_err(|_| overflow())?;
    Decimal::try_from_i128_with_scale(signed, scale).map_err(|_| overflow())
}

/// `a + b`.
pub(crate) fn add(a: Decimal, b: Decimal) -> Result<Decimal, Fault> {
    let scale = a.scale().max(b.scale());
    let lift =
        |value: Decimal| Wide::from(value.mantissa().unsigned_abs()).times_ten_to(scale - value.scale());
    let damaged = || Fault::Damaged;
    let (left, right) = (lift(a).ok_or_else(damaged)?, lift(b).ok_or_else(damaged)?);
    let (negative, sum) = if a.is_sign_negative() == b.is_sign_negative() {
        (a.is_sign_negative(), left.plus(&right).ok_or_else(damaged)?)
    } else if left.cmp(&right) == Ordering::Less {
        (b.is_sign_negative(), right.minus(&left))
    } else {
        (a.is_sign_negative(), left.minus(&right))
    };
    rounded(negative && sum.low() != Some(0), sum, i64::from(scale))
}

/// `a - b`.
pub(crate) fn subtract(a: Decimal, b: Decimal) -> Result<Decimal, Fault> {
    add(a, -b)
}

/// `a * b`.
pub(crate) fn multiply(a: Decimal, b: Decimal) -> Result<Decimal, Fault> {
    let product = Wide::product(a.mantissa().unsigned_abs(), b.mantissa().unsigned_abs());
    let negative = a.is_sign_negative() != b.is_sign_negative() && product.low() != Some(0);
    rounded(negative, product, i64::from(a.scale()) + i64::from(b.scale()))
}

/// `a / b`. An exact quotient has as few places as it needs, and not fewer than `a` has more than `b`.
pub(crate) fn divide(a: Decimal, b: Decimal) -> Result<Decimal, Fault> {
    let (left, right) = (a.mantissa().unsigned_abs(), b.mantissa().unsigned_abs());
    if right == 0 {
        return Err(Fault::arithmetic("division by zero"));
    }
    let ideal = i64::from(a.scale()) - i64::from(b.scale());
    // So many more digits that the quotient has at least 30, and the rest decides the rounding.
    let lift = (30 + digits(right)).saturating_sub(digits(left));
    let numerator = Wide::from(left).times_ten_to(lift).ok_or(Fault::Damaged)?;
    let (mut quotient, remainder) = numerator.divide(right);
    let mut scale = ideal + i64::from(lift);
    if remainder == 0 {
        while scale > ideal.max(0) {
            let (shorter, digit) = quotient.divide(10);
            if digit != 0 {
                break;
            }
            quotient = shorter;
            scale -= 1;
        }
    } else {
        // A digit that is neither 0 nor 5 stands for the rest, so that it never counts as a tie.
        let tenfold = quotient.times(10).and_then(|wide| wide.plus(&Wide::from(1)));
        quotient = tenfold.ok_or(Fault::Damaged)?;
        scale += 1;
    }
    let negative = a.is_sign_negative() != b.is_sign_negative() && left != 0;
    rounded(negative, quotient, scale)
}

/// `a % b`, with the sign of `a`.
pub(crate) fn remainder(a: Decimal, b: Decimal) -> Result<Decimal, Fault> {
    if b.is_zero() {
        return Err(Fault::arithmetic("division by zero"));
    }
    a.checked_rem(b).ok_or_else(|| Fault::arithmetic("a remainder overflows"))
}

/// The int of the same value, where there is one.
pub(crate) fn to_int(value: Decimal) -> Option<i64> {
    value.fract().is_zero().then(|| i64::try_from(value).ok()).flatten()
}

/// Half-even, to so many places.
pub(crate) fn round(value: Decimal, places: i64) -> Result<Decimal, Fault> {
    if places >= 0 {
        let places = u32::try_from(places).unwrap_or(u32::MAX).min(SCALE_MAX);
        return Ok(value.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven));
    }
    let places = u32::try_from(places.unsigned_abs()).unwrap_or(u32::MAX);
    if places > DIGITS_MAX {
        return Ok(Decimal::ZERO);
    }
    let unit = Decimal::try_from_i128_with_scale(10_i128.pow(places), 0)
        .map_err(|_| Fault::arithmetic("a decimal overflows"))?;
    let count = divide(value, unit)?.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    multiply(count, unit)
}

/// Reads a JSON number's text, or a literal's, digit by digit.
pub(crate) fn parse(text: &str) -> Result<Decimal, &'static str> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        // An exponent too long for 64 bits is far out of every decimal's reach, unless the number is zero.
        Some((number, exponent)) => (number, exponent.parse::<i64>().unwrap_or(i64::MAX)),
        None => (unsigned, 0),
    };
    let mut mantissa = 0_u128;
    let (mut significant, mut places, mut after_point) = (0_u32, 0_i64, false);
    for byte in number.bytes() {
        if byte == b'.' {
            after_point = true;
            continue;
        }
        if !byte.is_ascii_digit() {
            return Err("no decimal");
        }
        if after_point {
            places += 1;
        }
        if byte != b'0' || significant > 0 {
            significant += 1;
            if significant > DIGITS_MAX {
                return Err("more than 28 significant digits");
            }
            mantissa = mantissa * 10 + u128::from(byte - b'0');
        }
    }
    let mut scale = places.saturating_sub(exponent);
    if mantissa == 0 {
        scale = scale.clamp(0, i64::from(SCALE_MAX));
    }
    while scale < 0 {
        significant += 1;
        if significant > DIGITS_MAX {
            return Err("more than 28 significant digits");
        }
        mantissa *= 10;
        scale += 1;
    }
    let scale = u32::try_from(scale).ok().filter(|scale| *scale <= SCALE_MAX);
    let scale = scale.ok_or("more than 28 digits after the point")?;
    let signed = i128::try_from(mantissa).map_err(|_| "no decimal")?;
    let signed = if negative { -signed } else { signed };
    Decimal::try_from_i128_with_scale(signed, scale).map_err(|_| "no decimal")
}

/// The number of decimal digits; 1 for zero.
fn digits(value: u128) -> u32 {
    value.checked_ilog10().map_or(1, |log| log + 1)
}

/// An unsigned number of 256 bits: high half, low half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wide(u128, u128);

impl From<u128> for Wide {
    fn from(value: u128) -> Self {
        Wide(0, value)
    }
}

impl Wide {
    fn low(&self) -> Option<u128> {
        (self.0 == 0).then_some(self.1)
    }

    fn plus(&self, other: &Self) -> Option<Self> {
        let (low, carry) = self.1.overflowing_add(other.1);
        Some(Wide(self.0.checked_add(other.0)?.checked_add(u128::from(carry))?, low))
    }

    /// `self - other`, which is not negative.
    fn minus(&self, other: &Self) -> Self {
        let (low, borrow) = self.1.overflowing_sub(other.1);
        Wide(self.0.wrapping_sub(other.0).wrapping_sub(u128::from(borrow)), low)
    }

    fn product(a: u128, b: u128) -> Self {
        const HALF: u128 = u64::MAX as u128;
        let (a_high, a_low, b_high, b_low) = (a >> 64, a & HALF, b >> 64, b & HALF);
        let low = a_low * b_low;
        let (middle, carry) = (a_high * b_low).overflowing_add(a_low * b_high);
        let (low, low_carry) = low.overflowing_add(middle << 64);
        let high = a_high * b_high + (middle >> 64) + (u128::from(carry) << 64) + u128::from(low_carry);
        Wide(high, low)
    }

    fn times(&self, factor: u64) -> Option<Self> {
        let Wide(carry, low) = Wide::product(self.1, u128::from(factor));
        Some(Wide(self.0.checked_mul(u128::from(factor))?.checked_add(carry)?, low))
    }

    fn times_ten_to(&self, exponent: u32) -> Option<Self> {
        (0..exponent).try_fold(*self, |wide, _| wide.times(10))
    }

    /// Quotient and remainder, bit by bit where the number does not fit 128 bits.
    fn divide(&self, divisor: u128) -> (Self, u128) {
        if self.0 == 0 {
            return (Wide(0, self.1 / divisor), self.1 % divisor);
        }
        let (mut quotient, mut rest) = (Wide(0, 0), 0_u128);
        for bit in (0..256_u32).rev() {
            let next = if bit >= 128 { self.0 >> (bit - 128) & 1 } else { self.1 >> bit & 1 };
            let over = rest >> 127 == 1;
            rest = rest << 1 | next;
            if over || rest >= divisor {
                rest = rest.wrapping_sub(divisor);
                if bit >= 128 {
                    quotient.0 |= 1 << (bit - 128);
                } else {
                    quotient.1 |= 1 << bit;
                }
            }
        }
        (quotient, rest)
    }

    fn digits(&self) -> u32 {
        let (mut count, mut rest) = (0, *self);
        while rest.0 != 0 {
            rest = rest.divide(10_u128.pow(19)).0;
            count += 19;
        }
        count + digits(rest.1)
    }

    /// Without its last digits, rounded half-even.
    fn shed(self, count: i64) -> Self {
        let (mut kept, mut last, mut sticky) = (self, 0, false);
        for _ in 0..count {
            sticky |= last != 0;
            (kept, last) = kept.divide(10);
            if kept == Wide(0, 0) && last == 0 {
                break;
            }
        }
        let odd = kept.1 & 1 == 1;
        let up = last > 5 || last == 5 && (sticky || odd);
        if up { kept.plus(&Wide(0, 1)).unwrap_or(kept) } else { kept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        parse(text).unwrap()
    }

    #[test]
    fn results_have_28_digits_and_are_rounded_once_half_even() {
        let cases = [
            ("1", "/", "3", "0.3333333333333333333333333333"),
            ("2", "/", "3", "0.6666666666666666666666666667"),
            ("10", "/", "4", "2.5"),
            ("10.00", "/", "2", "5.00"),
            ("1", "/", "8", "0.125"),
            ("-7", "/", "2", "-3.5"),
            ("0", "/", "5", "0"),
            ("100", "/", "0.5", "200"),
            ("9999999999999999999999999999", "/", "10", "999999999999999999999999999.9"),
            ("40.00", "*", "0.95", "38.0000"),
            ("1.111111111111111", "*", "1.111111111111111", "1.234567901234567654320987654"),
            ("0.1", "+", "0.2", "0.3"),
            ("1.50", "-", "1.5", "0.00"),
            ("9999999999999999999999999999", "+", "0.5", "overflow"),
            ("9999999999999999999999999998", "+", "0.5", "9999999999999999999999999998"),
            ("9999999999999999999999999998", "+", "0.50001", "9999999999999999999999999999"),
            ("9999999999999999999999999999", "*", "10", "overflow"),
            ("0.0000000000000000000000000001", "*", "0.5", "0.0000000000000000000000000000"),
            ("0.0000000000000000000000000003", "*", "0.5", "0.0000000000000000000000000002"),
        ];
        for (a, operator, b, expected) in cases {
            let result = match operator {
                "+" => add(decimal(a), decimal(b)),
                "-" => subtract(decimal(a), decimal(b)),
                "*" => multiply(decimal(a), decimal(b)),
                _ => divide(decimal(a), decimal(b)),
            };
            let found = result.map_or_else(|_| "overflow".to_owned(), |value| value.to_string());
            assert_eq!(found, expected, "{a} {operator} {b}");
        }
    }

    #[test]
    fn texts_are_read_digit_by_digit() {
        let cases = [
            ("12.50", "12.50"),
            ("-0", "0"),
            ("1.5e3", "1500"),
            ("15e-1", "1.5"),
            ("0e99999999999999999999", "0"),
            ("1e28", "more than 28 significant digits"),
            ("1e-29", "more than 28 digits after the point"),
            ("1234567890123456789012345678", "1234567890123456789012345678"),
            ("12345678901234567890123456789", "more than 28 significant digits"),
            ("0.1000000000000000055511151231", "0.1000000000000000055511151231"),
            ("1e999999999999999999999", "more than 28 significant digits"),
        ];
        for (text, expected) in cases {
            let found = parse(text).map_or_else(str::to_owned, |value| value.to_string());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn slots_keep_sign_and_scale() {
        for text in ["0", "-1.50", "79228162514264337593543950.00", "0.0000000000000000000000000001"] {
            let [low, high] = to_slots(decimal(text));
            assert_eq!(from_slots(low, high).to_string(), text);
        }
    }

    #[test]
    fn rounding_to_places() {
        let cases =
            [("2.5", 0, "2"), ("3.5", 0, "4"), ("2.345", 2, "2.34"), ("1250", -2, "1200"), ("7", 3, "7")];
        for (text, places, expected) in cases {
            assert_eq!(round(decimal(text), places).unwrap().to_string(), expected, "{text} to {places}");
        }
    }
}
