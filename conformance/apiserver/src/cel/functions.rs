//! Functions and methods; a method has its object as first argument.

use std::cmp::Ordering;

use regex::Regex;

use super::Cel;

/// The names that are known.
const NAMES: [&str; 30] = [
    "size",
    "string",
    "int",
    "double",
    "bool",
    "matches",
    "startsWith",
    "endsWith",
    "contains",
    "split",
    "join",
    "trim",
    "lowerAscii",
    "upperAscii",
    "replace",
    "substring",
    "charAt",
    "indexOf",
    "lastIndexOf",
    "isSorted",
    "sum",
    "min",
    "max",
    "find",
    "dyn",
    "type",
    "hasValue",
    "value",
    "orValue",
    "or",
];

pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

fn length(count: usize) -> Cel {
    Cel::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Calls a function.
///
/// # Errors
/// If it does not take such arguments.
pub(super) fn call(name: &str, arguments: &[Cel]) -> Result<Cel, String> {
    let found = match arguments {
        [Cel::String(text)] => of_text(name, text),
        [Cel::String(text), Cel::String(other)] => of_texts(name, text, other)?,
        [Cel::String(text), Cel::Int(from)] => part(name, text, *from, None),
        [Cel::String(text), Cel::Int(from), Cel::Int(to)] => part(name, text, *from, Some(*to)),
        [Cel::String(text), Cel::String(from), Cel::String(to)] if name == "replace" => {
            Some(Cel::String(text.replace(from.as_str(), to)))
        }
        [Cel::Optional(found), rest @ ..] => of_optional(name, found.as_deref(), rest)?,
        [Cel::List(items), rest @ ..] => of_list(name, items, rest),
        [Cel::Map(map)] if name == "size" => Some(length(map.len())),
        [value] => of_value(name, value),
        _ => None,
    };
    found.ok_or_else(|| "no such overload".to_owned())
}

fn of_optional(name: &str, found: Option<&Cel>, rest: &[Cel]) -> Result<Option<Cel>, String> {
    Ok(match (name, rest) {
        ("hasValue", []) => Some(Cel::Bool(found.is_some())),
        ("value", []) => match found {
            Some(value) => Some(value.clone()),
            None => return Err("optional.none() dereference".to_owned()),
        },
        ("orValue", [other]) => Some(found.unwrap_or(other).clone()),
        ("or", [other @ Cel::Optional(_)]) => Some(match found {
            Some(value) => Cel::Optional(Some(Box::new(value.clone()))),
            None => other.clone(),
        }),
        ("type", []) => Some(Cel::String("optional_type".to_owned())),
        _ => None,
    })
}

fn of_value(name: &str, value: &Cel) -> Option<Cel> {
    match (name, value) {
        ("dyn", value) => Some(value.clone()),
        ("type", value) => Some(Cel::String(
            match value {
                Cel::Null => "null_type",
                Cel::Bool(_) => "bool",
                Cel::Int(_) => "int",
                Cel::Double(_) => "double",
                Cel::String(_) => "string",
                Cel::List(_) => "list",
                Cel::Map(_) => "map",
                Cel::Optional(_) => "optional_type",
            }
            .to_owned(),
        )),
        ("string", Cel::Int(whole)) => Some(Cel::String(whole.to_string())),
        ("string", Cel::Double(number)) => Some(Cel::String(crate::status::field::float(*number))),
        ("string", Cel::Bool(flag)) => Some(Cel::String(flag.to_string())),
        ("int", Cel::Int(whole)) => Some(Cel::Int(*whole)),
        // CEL cuts the fraction off.
        #[expect(clippy::cast_possible_truncation, reason = "as CEL converts numbers")]
        ("int", Cel::Double(number)) => Some(Cel::Int(*number as i64)),
        ("double", value) => value.number().map(Cel::Double),
        ("bool", Cel::Bool(flag)) => Some(Cel::Bool(*flag)),
        _ => None,
    }
}

fn of_text(name: &str, text: &str) -> Option<Cel> {
    match name {
        "size" => Some(length(text.chars().count())),
        "string" | "dyn" => Some(Cel::String(text.to_owned())),
        "int" => text.parse().ok().map(Cel::Int),
        "double" => text.parse().ok().map(Cel::Double),
        "bool" => text.parse().ok().map(Cel::Bool),
        "trim" => Some(Cel::String(text.trim().to_owned())),
        "lowerAscii" => Some(Cel::String(text.to_ascii_lowercase())),
        "upperAscii" => Some(Cel::String(text.to_ascii_uppercase())),
        "type" => Some(Cel::String("string".to_owned())),
        _ => None,
    }
}

fn of_texts(name: &str, text: &str, other: &str) -> Result<Option<Cel>, String> {
    let place = |at: Option<usize>| match at {
        Some(at) => length(text[..at].chars().count()),
        None => Cel::Int(-1),
    };
    let pattern = || Regex::new(other).map_err(|error| error.to_string());
    Ok(match name {
        "matches" => Some(Cel::Bool(pattern()?.is_match(text))),
        "find" => {
            let found = pattern()?.find(text).map(|found| found.as_str().to_owned());
            Some(Cel::String(found.unwrap_or_default()))
        }
        "startsWith" => Some(Cel::Bool(text.starts_with(other))),
        "endsWith" => Some(Cel::Bool(text.ends_with(other))),
        "contains" => Some(Cel::Bool(text.contains(other))),
        "indexOf" => Some(place(text.find(other))),
        "lastIndexOf" => Some(place(text.rfind(other))),
        "split" => {
            let parts = text.split(other).filter(|part| !other.is_empty() || !part.is_empty());
            Some(Cel::List(parts.map(|part| Cel::String(part.to_owned())).collect()))
        }
        _ => None,
    })
}

/// A part of a text, counted in letters.
fn part(name: &str, text: &str, from: i64, to: Option<i64>) -> Option<Cel> {
    let letters: Vec<char> = text.chars().collect();
    let from = usize::try_from(from).ok()?;
    let to = match (name, to) {
        ("charAt", None) => from.checked_add(1)?,
        ("substring", None) => letters.len(),
        ("substring", Some(to)) => usize::try_from(to).ok()?,
        _ => return None,
    };
    letters.get(from..to).map(|part| Cel::String(part.iter().collect()))
}

fn of_list(name: &str, items: &[Cel], rest: &[Cel]) -> Option<Cel> {
    let best = |wanted: Ordering| {
        let mut items = items.iter();
        let first = items.next()?;
        let best = items.try_fold(first, |best, item| {
            Some(if item.order(best)? == wanted { item } else { best })
        });
        best.cloned()
    };
    let find = |wanted: &Cel| items.iter().position(|item| item.same(wanted));
    match (name, rest) {
        ("size", []) => Some(length(items.len())),
        ("dyn", []) => Some(Cel::List(items.to_vec())),
        ("type", []) => Some(Cel::String("list".to_owned())),
        ("isSorted", []) => {
            Some(Cel::Bool(items.is_sorted_by(|a, b| a.order(b).is_some_and(Ordering::is_le))))
        }
        ("min", []) => best(Ordering::Less),
        ("max", []) => best(Ordering::Greater),
        ("sum", []) => items.iter().try_fold(Cel::Int(0), |sum, item| match (sum, item) {
            (Cel::Int(a), Cel::Int(b)) => a.checked_add(*b).map(Cel::Int),
            (a, b) => Some(Cel::Double(a.number()? + b.number()?)),
        }),
        ("indexOf", [wanted]) => Some(find(wanted).map_or(Cel::Int(-1), length)),
        ("join", rest) => {
            let between = match rest {
                [] => "",
                [Cel::String(text)] => text,
                _ => return None,
            };
            let texts = items.iter().map(|item| match item {
                Cel::String(text) => Some(text.as_str()),
                _ => None,
            });
            Some(Cel::String(texts.collect::<Option<Vec<_>>>()?.join(between)))
        }
        _ => None,
    }
}
