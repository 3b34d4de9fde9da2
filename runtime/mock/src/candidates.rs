//! Values that a condition (`where`) may want: those that suit the name, and those around the constants that
//! stand in the condition itself.

use flow_plan::{Constant, FunctionId, Op, Plan, Type, TypeId, op::Operand};
use rust_decimal::Decimal;

use crate::{
    json,
    limits::{CANDIDATE_SIZE_MAX, CANDIDATES_MAX},
    moment,
    sample::{self, Sampler, Spot},
};

/// Pure functions inside each other that are searched for constants.
const CALL_DEPTH_MAX: u32 = 4;

/// Other choices of a value that is made of several.
const VARIANTS: u64 = 32;

/// The first value of which the condition holds; the plain sample if none is found.
pub(crate) fn first(sampler: &Sampler<'_>, ty: TypeId, spot: Spot<'_>, check: FunctionId) -> String {
    let plain = sampler.bare(ty, spot);
    if sampler.holds(check, &plain) {
        return plain;
    }
    let constants = Constants::of(sampler.program.plan(), check);
    let mut candidates = Vec::new();
    collect(sampler, ty, spot, &constants, &mut candidates);
    candidates.into_iter().take(CANDIDATES_MAX).find(|value| sampler.holds(check, value)).unwrap_or(plain)
}

/// The constants of a condition.
#[derive(Debug, Default)]
struct Constants {
    ints: Vec<i64>,
    decimals: Vec<Decimal>,
    floats: Vec<f64>,
    texts: Vec<String>,
}

impl Constants {
    fn of(plan: &Plan, function: FunctionId) -> Self {
        let mut constants = Self::default();
        constants.add(plan, function, 0);
        constants
    }

    fn add(&mut self, plan: &Plan, function: FunctionId, depth: u32) {
        let Some(function) = plan.function(function).filter(|_| depth < CALL_DEPTH_MAX) else { return };
        for op in &function.code {
            op.operands(|_, operand| {
                if let Operand::Constant(id) = operand
                    && let Some((ty, constant)) = plan.constant(id)
                {
                    self.push(plan.types.get(*ty), constant);
                }
            });
            if let Op::CallFunction { function, .. } = op {
                self.add(plan, *function, depth + 1);
            }
        }
    }

    fn push(&mut self, ty: &Type, constant: &Constant) {
        match (ty, constant) {
            (Type::Float, Constant::Slot(bits)) => self.floats.push(f64::from_bits(*bits)),
            (_, Constant::Slot(bits)) => self.ints.push(bits.cast_signed()),
            (Type::Decimal, Constant::Wide([low, high])) => {
                let mut bytes = [0; 16];
                let (first, second) = bytes.split_at_mut(8);
                first.copy_from_slice(&low.to_le_bytes());
                second.copy_from_slice(&high.to_le_bytes());
                self.decimals.push(Decimal::deserialize(bytes));
            }
            (_, Constant::Text(text)) => self.texts.push(text.clone()),
            (_, Constant::Wide(_) | Constant::Bytes(_)) => {}
        }
    }

    /// The ints at and around the constants, by the given steps.
    fn around(&self, steps: &[i64]) -> Vec<i64> {
        let mut ints: Vec<i64> = self
            .ints
            .iter()
            .flat_map(|int| {
                steps.iter().flat_map(|step| [int.saturating_add(*step), int.saturating_sub(*step)])
            })
            .chain(self.ints.iter().copied())
            .collect();
        let means: Vec<i64> = self
            .ints
            .windows(2)
            .filter_map(|pair| Some(i64::midpoint(*pair.first()?, *pair.get(1)?)))
            .collect();
        ints.extend(means);
        ints
    }

    /// Sizes of texts, lists and maps.
    fn sizes(&self) -> Vec<u64> {
        let mut sizes: Vec<u64> = self
            .around(&[1])
            .into_iter()
            .chain(0..=4)
            .filter(|size| (0..=CANDIDATE_SIZE_MAX).contains(size))
            .filter_map(|size| u64::try_from(size).ok())
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        // Small ones first, but nothing last: an empty list is a poor sample.
        let zeros = usize::from(sizes.first() == Some(&0));
        sizes.rotate_left(zeros);
        sizes
    }
}

/// Collects the candidates of a type, best first.
fn collect(sampler: &Sampler<'_>, ty: TypeId, spot: Spot<'_>, constants: &Constants, into: &mut Vec<String>) {
    match sampler.types().get(ty) {
        Type::Optional(inner) => {
            collect(sampler, *inner, spot, constants, into);
            into.truncate(CANDIDATES_MAX - 1);
            into.push("null".into());
        }
        Type::Secret(inner) => collect(sampler, *inner, spot, constants, into),
        Type::Bool => into.extend(["true".into(), "false".into()]),
        Type::Int => {
            let usual = [1, 2, 3, 5, 7, 10, 12, 20, 24, 42, 50, 99, 100, 200, 365, 1_000, 10_000, 0, -1];
            into.extend(constants.around(&[1]).into_iter().chain(usual).map(|int| int.to_string()));
        }
        Type::Decimal => decimals(constants, into),
        Type::Float => {
            let around = constants.floats.iter().copied().chain(constants.ints.iter().map(|int| *int as f64));
            for float in
                around.flat_map(|f| [f + 1.0, f - 1.0, f, f * 0.5]).chain([1.0, 0.5, 10.0, 100.0, 0.0, -1.0])
            {
                if float.is_finite() {
                    into.push(format!("{float:?}"));
                }
            }
        }
        Type::String | Type::Url => texts(&sampler.bare(ty, spot), constants, into),
        Type::Duration => {
            let steps = [1_000_000, 3_600_000_000];
            let durations =
                constants.around(&steps).into_iter().chain([1, 60, 86_400].map(|s| s * 1_000_000));
            into.extend(durations.map(|micros| json::quoted(&moment::duration(micros))));
        }
        Type::Timestamp => {
            let steps = [1_000_000, 86_400_000_000];
            into.extend(constants.around(&steps).into_iter().map(|at| json::quoted(&moment::timestamp(at))));
        }
        Type::Date => {
            into.extend(constants.around(&[1, 366]).into_iter().map(|day| json::quoted(&moment::date(day))));
        }
        Type::Literals(literals) => into.extend(literals.values.iter().map(sample::literal)),
        Type::List(item) => {
            into.extend(constants.sizes().into_iter().map(|size| sampler.list(*item, spot, size)));
        }
        Type::Map(value) => {
            into.extend(constants.sizes().into_iter().map(|size| sampler.map(*value, spot, size)));
        }
        Type::Record(_) | Type::Tagged { .. } | Type::Uuid => {
            into.extend((1..=VARIANTS).map(|variant| sampler.bare(ty, spot.varied(variant))));
        }
        Type::Null | Type::Presence | Type::Bytes | Type::Json | Type::Error => {}
    }
}

fn decimals(constants: &Constants, into: &mut Vec<String>) {
    let known: Vec<Decimal> = constants
        .decimals
        .iter()
        .copied()
        .chain(constants.ints.iter().map(|int| Decimal::from(*int)))
        .collect();
    let steps = [Decimal::ONE, Decimal::new(1, 2)];
    for decimal in &known {
        for step in steps {
            into.extend(
                [decimal.checked_add(step), decimal.checked_sub(step)].into_iter().flatten().map(text_of),
            );
        }
        into.push(text_of(*decimal));
    }
    for pair in known.windows(2) {
        let mean = pair.iter().copied().reduce(|a, b| a.saturating_add(b)).map(|sum| sum / Decimal::TWO);
        into.extend(mean.map(text_of));
    }
    into.extend(["1", "0.5", "10", "100", "1000", "0", "-1"].map(String::from));
}

fn text_of(decimal: Decimal) -> String {
    decimal.to_string()
}

fn texts(plain: &str, constants: &Constants, into: &mut Vec<String>) {
    let plain: String = serde_json::from_str(plain).unwrap_or_default();
    let mut texts = vec![plain.to_uppercase(), plain.to_lowercase()];
    for known in &constants.texts {
        texts.extend([
            known.clone(),
            format!("{known}{plain}"),
            format!("{plain}{known}"),
            format!("{plain}{known}{plain}"),
            format!("{known}1"),
        ]);
        // A text of a certain size that begins with the constant.
        for size in constants.sizes() {
            texts.push(sized(known, size));
        }
        texts.extend(constants.texts.iter().map(|other| format!("{known}{plain}{other}")));
    }
    texts.extend(constants.sizes().into_iter().map(|size| sized(&plain, size)));
    texts.extend(["1".into(), "a".into(), "A".into()]);
    into.extend(texts.iter().map(|text| json::quoted(text)));
}

/// The text, cut or filled up to so many scalars.
fn sized(text: &str, size: u64) -> String {
    text.chars().chain(std::iter::repeat('x')).take(usize::try_from(size).unwrap_or(0)).collect()
}
