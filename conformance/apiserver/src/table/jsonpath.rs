//! The JSONPath of printer columns: fields, indices, slices, wildcards, unions, `..` and filters
//! with one comparison, as the library of `kubectl` reads and evaluates it.

use serde_json::Value;

/// A path that can be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    /// All children.
    Wildcard,
    /// The value and all below that have children.
    Recursive,
    Slice {
        from: Option<i64>,
        to: Option<i64>,
        step: Option<i64>,
        /// One element: `to` is only the next.
        single: bool,
    },
    Union(Vec<Path>),
    Filter {
        left: Path,
        /// `None`: something is there.
        compare: Option<(String, Path)>,
    },
    /// A constant, in a filter.
    Literal(Value),
}

impl Path {
    /// Reads a path without its braces.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            rest = if let Some(tail) = rest.strip_prefix("..") {
                steps.push(Step::Recursive);
                match tail.starts_with(|c: char| c.is_alphanumeric()) {
                    true => read_field(tail, &mut steps),
                    false => tail,
                }
            } else {
                read_step(first, rest, &mut steps)?
            };
            rest = rest.trim_start();
        }
        Some(Self(steps))
    }

    /// What the path leads to; `None` if it cannot be followed, which a missing field is not.
    pub(super) fn find<'v>(&'v self, root: &'v Value) -> Option<Vec<&'v Value>> {
        let mut values = vec![root];
        for step in &self.0 {
            let mut next = Vec::new();
            for value in values {
                step.eval(value, &mut next)?;
            }
            values = next;
        }
        Some(values)
    }
}

/// Reads one step off `rest`, whose first character is `first`; what remains.
fn read_step<'t>(first: char, rest: &'t str, steps: &mut Vec<Step>) -> Option<&'t str> {
    match first {
        '@' | '$' => Some(&rest[1..]),
        '.' => Some(read_field(&rest[1..], steps)),
        '[' => {
            let end = closing(rest)?;
            steps.push(bracket(rest[1..end].trim())?);
            Some(&rest[end + 1..])
        }
        '"' | '\'' => {
            let end = rest[1..].find(first)? + 1;
            steps.push(Step::Literal(rest[1..end].into()));
            Some(&rest[end + 1..])
        }
        _ => {
            let end = rest.find(|c: char| c.is_whitespace() || c == ']').unwrap_or(rest.len());
            let literal: Value = serde_json::from_str(&rest[..end]).ok()?;
            steps.push(Step::Literal(literal));
            Some(&rest[end..])
        }
    }
}

/// Reads the name of a field, in which a backslash takes away the meaning of the next character.
fn read_field<'t>(text: &'t str, steps: &mut Vec<Step>) -> &'t str {
    let mut name = String::new();
    let mut characters = text.char_indices();
    let end = loop {
        match characters.next() {
            Some((_, '\\')) => name.extend(characters.next().map(|(_, c)| c)),
            Some((at, c)) if c.is_whitespace() || ".,[]$@{}".contains(c) => break at,
            Some((_, c)) => name.push(c),
            None => break text.len(),
        }
    };
    match name.as_str() {
        "" => {}
        "*" => steps.push(Step::Wildcard),
        _ => steps.push(Step::Field(name)),
    }
    &text[end..]
}

/// Where the bracket closes that opens `text`.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quoted) = (0, None);
    for (at, c) in text.char_indices() {
        match (quoted, c) {
            (Some(quote), _) if quote == c => quoted = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quoted = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth -= 1,
            (None, _) => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// What stands between brackets.
fn bracket(text: &str) -> Option<Step> {
    if let Some(filter) = text.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        return filter_of(filter);
    }
    if text == "*" {
        return slice(":");
    }
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts.len() > 1 {
        let paths = parts.into_iter().map(|part| bracket(part).map(|step| Path(vec![step])));
        return paths.collect::<Option<_>>().map(Step::Union);
    }
    for quote in ['\'', '"'] {
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        if let Some(name) = inner {
            return Some(Step::Field(name.to_owned()));
        }
    }
    slice(text)
}

fn slice(text: &str) -> Option<Step> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |at: usize| match parts.get(at) {
        None | Some(&"") => Some(None),
        Some(part) => part.parse().ok().map(Some),
    };
    let (from, single) = (number(0)?, parts.len() == 1);
    if parts.len() > 3 || (single && from.is_none()) {
        return None;
    }
    Some(Step::Slice { from, to: number(1)?, step: number(2)?, single })
}

fn filter_of(text: &str) -> Option<Step> {
    let operators = |c: char| "!<>=".contains(c);
    let Some(at) = text.find(operators) else {
        return Some(Step::Filter { left: Path::parse(text)?, compare: None });
    };
    let length = text[at..].find(|c: char| !operators(c))?;
    let operator = &text[at..at + length];
    if !matches!(operator, "==" | "!=" | "<" | ">" | "<=" | ">=") {
        return None;
    }
    let right = Path::parse(&text[at + length..])?;
    let compare = Some((operator.to_owned(), right));
    Some(Step::Filter { left: Path::parse(&text[..at])?, compare })
}

impl Step {
    /// Adds what the step leads to from `value`; `None` if it cannot be taken there.
    fn eval<'v>(&'v self, value: &'v Value, found: &mut Vec<&'v Value>) -> Option<()> {
        match self {
            Self::Literal(literal) => found.push(literal),
            Self::Field(name) => found.extend(value.get(name)),
            Self::Wildcard => found.extend(children(value)),
            Self::Recursive => descend(value, found),
            Self::Union(paths) => {
                for path in paths {
                    found.extend(path.find(value)?);
                }
            }
            Self::Slice { from, to, step, single } if !value.is_null() => {
                let list = value.as_array()?;
                let (from, to) = bounds(list.len(), *from, *to, *single)?;
                let step = usize::try_from(step.unwrap_or(1)).ok().filter(|step| *step > 0)?;
                found.extend(list[from..to].iter().step_by(step));
            }
            Self::Slice { .. } => {}
            Self::Filter { left, compare } => {
                for entry in value.as_array()? {
                    if holds(entry, left, compare.as_ref())? {
                        found.push(entry);
                    }
                }
            }
        }
        Some(())
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn descend<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    let below = children(value);
    if !below.is_empty() {
        found.push(value);
        for value in below {
            descend(value, found);
        }
    }
}

/// The bounds of a slice in a list of this length; `None` if they are not in it.
fn bounds(
    length: usize,
    from: Option<i64>,
    to: Option<i64>,
    single: bool,
) -> Option<(usize, usize)> {
    let length = i64::try_from(length).ok()?;
    let back = |at: i64| if at < 0 { at + length } else { at };
    let from = back(from.unwrap_or(0));
    let to = if single { from + 1 } else { back(to.unwrap_or(length)) };
    if from == to {
        return Some((0, 0));
    }
    let inside = 0 <= from && from < to && to <= length;
    inside.then_some((usize::try_from(from).ok()?, usize::try_from(to).ok()?))
}

/// Whether a filter holds for an entry; `None` if the sides cannot be compared.
fn holds(entry: &Value, left: &Path, compare: Option<&(String, Path)>) -> Option<bool> {
    let lefts = left.find(entry)?;
    let Some((operator, right)) = compare else {
        return Some(!lefts.is_empty());
    };
    let rights = right.find(entry)?;
    match (lefts.as_slice(), rights.as_slice()) {
        ([], _) | (_, []) => Some(false),
        ([left], [right]) => {
            let order = order(left, right)?;
            Some(match operator.as_str() {
                "==" => order.is_eq(),
                "!=" => order.is_ne(),
                "<" => order.is_lt(),
                ">" => order.is_gt(),
                "<=" => order.is_le(),
                _ => order.is_ge(),
            })
        }
        _ => None,
    }
}

fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        _ => None,
    }
}
