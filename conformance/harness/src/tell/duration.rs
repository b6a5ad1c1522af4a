//! A measured duration, written as exactly as its error bar allows.

use std::time::Duration;

const SECOND: u128 = 1_000_000_000;
const MICROSECOND: u128 = 1_000;

/// `3.06 s ± 0.02 s`: the error rounded up to one digit, the value to the same place.
pub(super) fn with_error(value: Duration, error: Duration) -> String {
    let mut unit = place(error.as_nanos());
    let mut bars = error.as_nanos().div_ceil(unit);
    if bars == 10 && unit < SECOND {
        unit *= 10;
        bars = 1;
    }
    let value = (value.as_nanos() + unit / 2) / unit;
    format!("{} s ± {} s", seconds(value, unit), seconds(bars, unit))
}

/// The power of ten, in nanoseconds, of the first digit that is not zero; a second at most.
fn place(nanoseconds: u128) -> u128 {
    let mut unit = MICROSECOND;
    while unit < SECOND && unit * 10 <= nanoseconds {
        unit *= 10;
    }
    unit
}

fn seconds(count: u128, unit: u128) -> String {
    let whole = count * unit / SECOND;
    let places = (SECOND / unit).ilog10() as usize;
    if places == 0 {
        return whole.to_string();
    }
    let fraction = count * unit % SECOND / unit;
    format!("{whole}.{fraction:0places$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(3_060_400, 20_000, "3.06 s ± 0.02 s")]
    #[case(3_060_400, 20_100, "3.06 s ± 0.03 s")]
    #[case(3_060_400, 95_000, "3.1 s ± 0.1 s")]
    #[case(3_060_400, 254, "3.0604 s ± 0.0003 s")]
    #[case(1_999_999, 1_000, "2.000 s ± 0.001 s")]
    #[case(61_500_000, 1_200_000, "62 s ± 2 s")]
    #[case(61_500_000, 9_900_000, "62 s ± 10 s")]
    #[case(5_421_000_000, 33_000_000, "5421 s ± 33 s")]
    #[case(3_060_400, 0, "3.060400 s ± 0.000000 s")]
    fn a_value_is_as_exact_as_its_error_bar(
        #[case] value: u64,
        #[case] error: u64,
        #[case] expected: &str,
    ) {
        let (value, error) = (Duration::from_micros(value), Duration::from_micros(error));
        assert_eq!(with_error(value, error), expected);
    }
}
