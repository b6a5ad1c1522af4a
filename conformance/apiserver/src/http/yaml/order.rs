//! The order of the fields of a mapping.

use serde_json::{Map, Value};

/// The fields in the order of Go's writer, which reads digits as numbers.
pub(super) fn sorted(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<(&String, &Value)> = Vec::with_capacity(fields.len());
    for (key, value) in fields {
        // the order is not total, which a sort would not forgive
        let at = sorted.partition_point(|(before, _)| !is_less(key, before));
        sorted.insert(at, (key, value));
    }
    sorted
}

fn is_less(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else {
        return a.len() < b.len();
    };
    let (first, second) = (a[at], b[at]);
    match (first.is_alphabetic(), second.is_alphabetic()) {
        (true, true) => return first < second,
        (false, false) => {}
        (_, second_is_letter) => return second_is_letter,
    }
    let mut digits = a[..at].iter().rev().take_while(|c| c.is_ascii_digit());
    let zero = first == '0' || second == '0';
    let start = u64::from(zero && digits.any(|c| *c != '0'));
    let (first_number, first_length) = digits_at(&a[at..], start);
    let (second_number, second_length) = digits_at(&b[at..], start);
    (first_number, first_length, first) < (second_number, second_length, second)
}

/// The number at the start of a text, after the digits `start`, and how many digits it has.
fn digits_at(text: &[char], start: u64) -> (u64, usize) {
    let digits = text.iter().map_while(|c| c.to_digit(10));
    digits.fold((start, 0), |(number, length), digit| {
        (number.wrapping_mul(10).wrapping_add(u64::from(digit)), length + 1)
    })
}
