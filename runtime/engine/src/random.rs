//! The seam to chance.

/// Draws random numbers.
pub trait Random: Send {
    /// 64 random bits.
    fn bits(&mut self) -> u64;
}

/// A number in 0..1 of 53 random bits.
#[allow(clippy::cast_precision_loss, reason = "53 bits are what a double holds")]
pub(crate) fn unit(random: &mut dyn Random) -> f64 {
    (random.bits() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A UUID of version 7 (RFC 9562, section 5.7).
pub(crate) fn uuid_v7(wall_us: i64, random: &mut dyn Random) -> [u8; 16] {
    let millis = u64::try_from(wall_us / 1000).unwrap_or(0);
    let mut bytes = [0; 10];
    let (high, low) = (random.bits().to_le_bytes(), random.bits().to_le_bytes());
    for (to, from) in bytes.iter_mut().zip(high.iter().chain(&low)) {
        *to = *from;
    }
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid().into_bytes()
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn bits(&mut self) -> u64 {
        // Without randomness there are still jitter and ids to make. The address of a stack slot and a counter are
        // poor, and better than an end: getrandom fails only where the system has no source at all.
        getrandom::u64().unwrap_or_else(|_| {
            static COUNTER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
            let count = COUNTER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            mix(count ^ u64::from(std::process::id()) << 32)
        })
    }
}

/// A sequence that its seed determines: for simulations and tests.
#[derive(Clone, Copy, Debug)]
pub struct SeededRandom(u64);

impl SeededRandom {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Random for SeededRandom {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_sequence() {
        let draw = |seed| {
            let mut random = SeededRandom::new(seed);
            [random.bits(), random.bits(), random.bits()]
        };
        assert_eq!(draw(0), [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]);
        assert_ne!(draw(0), draw(1));
    }

    #[test]
    fn uuids_are_of_version_7_and_in_the_order_of_time() {
        let mut random = SeededRandom::new(1);
        let first = uuid_v7(1_700_000_000_000_000, &mut random);
        let second = uuid_v7(1_700_000_000_001_000, &mut random);
        assert_eq!(uuid::Uuid::from_bytes(first).get_version_num(), 7);
        assert!(first < second);
    }

    #[test]
    fn units_lie_in_their_range() {
        let mut random = SeededRandom::new(7);
        assert!((0..10_000).map(|_| unit(&mut random)).all(|value| (0.0..1.0).contains(&value)));
    }
}
