//! From a tree and variables to a value.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::parser::Node;
use super::{Cel, functions};

/// The variables that are seen at a place.
pub(super) struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    variables: &'a BTreeMap<&'a str, Cel>,
}

type Evaluated = Result<Cel, String>;

/// The names of types; they stand for what `type` gives.
pub(super) const TYPES: [&str; 9] =
    ["bool", "int", "double", "string", "list", "map", "null_type", "type", "optional_type"];

/// What Kubernetes writes for what a name in CEL cannot hold.
const ESCAPES: [(&str, &str); 4] =
    [("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"), ("__underscores__", "__")];

fn no_overload() -> String {
    "no such overload".to_owned()
}

/// The name of a field as it is in the object.
fn unescape(name: &str) -> String {
    let plain = ESCAPES.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to));
    let keyword = plain.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    keyword.map_or_else(|| plain.clone(), str::to_owned)
}

fn field<'c>(map: &'c BTreeMap<String, Cel>, name: &str) -> Option<&'c Cel> {
    map.get(name).or_else(|| map.get(&unescape(name)))
}

/// A field that need not be there.
fn maybe(of: &Cel, name: &str) -> Evaluated {
    match of {
        Cel::Map(map) => Ok(Cel::Optional(field(map, name).cloned().map(Box::new))),
        Cel::Optional(None) => Ok(Cel::Optional(None)),
        Cel::Optional(Some(inner)) => maybe(inner, name),
        _ => Err(no_overload()),
    }
}

impl<'a> Scope<'a> {
    pub(super) fn new(variables: &'a BTreeMap<&'a str, Cel>) -> Self {
        Self { outer: None, variables }
    }

    fn find(&self, name: &str) -> Option<&Cel> {
        let here = self.variables.get(name);
        here.or_else(|| self.outer.and_then(|outer| outer.find(name)))
    }

    pub(super) fn eval(&self, node: &Node) -> Evaluated {
        match node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Name(name, _) => match self.find(name) {
                Some(value) => Ok(value.clone()),
                None if TYPES.contains(&name.as_str()) => Ok(Cel::String(name.clone())),
                None => Err(format!("no such attribute(s): {name}")),
            },
            Node::Select(of, name, _) => match self.eval(of)? {
                Cel::Map(map) => {
                    field(&map, name).cloned().ok_or_else(|| format!("no such key: {name}"))
                }
                other => maybe(&other, name),
            },
            Node::Maybe(of, name) => maybe(&self.eval(of)?, name),
            Node::Has(of, name, _) => {
                let found = maybe(&self.eval(of)?, name)?;
                Ok(Cel::Bool(found != Cel::Optional(None)))
            }
            Node::Index(of, index) => index_of(self.eval(of)?, &self.eval(index)?),
            Node::List(items) => {
                items.iter().map(|item| self.eval(item)).collect::<Result<_, _>>().map(Cel::List)
            }
            Node::Map(pairs) => self.map(pairs),
            Node::Not(of) => match self.eval(of)? {
                Cel::Bool(flag) => Ok(Cel::Bool(!flag)),
                _ => Err(no_overload()),
            },
            Node::Minus(of) => match self.eval(of)? {
                Cel::Int(whole) => whole.checked_neg().map(Cel::Int).ok_or_else(overflow),
                Cel::Double(number) => Ok(Cel::Double(-number)),
                _ => Err(no_overload()),
            },
            Node::Binary(sign @ ("&&" | "||"), a, b) => self.logic(sign, a, b),
            Node::Binary(sign, a, b) => binary(sign, &self.eval(a)?, &self.eval(b)?),
            Node::If(condition, yes, no) => match self.eval(condition)? {
                Cel::Bool(true) => self.eval(yes),
                Cel::Bool(false) => self.eval(no),
                _ => Err(no_overload()),
            },
            Node::Call(name, arguments) => {
                let arguments: Result<Vec<_>, _> = arguments.iter().map(|a| self.eval(a)).collect();
                functions::call(name, &arguments?)
            }
            Node::Macro { name, list, variable, parts } => {
                self.comprehend(name, self.eval(list)?, variable, parts)
            }
        }
    }

    fn map(&self, pairs: &[(Node, Node)]) -> Evaluated {
        let mut map = BTreeMap::new();
        for (key, value) in pairs {
            let Cel::String(key) = self.eval(key)? else {
                return Err("unsupported key type".to_owned());
            };
            map.insert(key, self.eval(value)?);
        }
        Ok(Cel::Map(map))
    }

    /// One side may fail if the other decides.
    fn logic(&self, sign: &str, a: &Node, b: &Node) -> Evaluated {
        let decides = sign == "||";
        let truth = |value: Evaluated| match value {
            Ok(Cel::Bool(flag)) => Ok(flag),
            Ok(_) => Err(no_overload()),
            Err(why) => Err(why),
        };
        let left = truth(self.eval(a));
        if left == Ok(decides) {
            return Ok(Cel::Bool(decides));
        }
        match (left, truth(self.eval(b))) {
            (_, Ok(flag)) if flag == decides => Ok(Cel::Bool(decides)),
            (Ok(_), Ok(flag)) => Ok(Cel::Bool(flag)),
            (Err(why), _) | (_, Err(why)) => Err(why),
        }
    }

    fn comprehend(&self, name: &str, list: Cel, variable: &str, parts: &[Node]) -> Evaluated {
        let items = match list {
            Cel::List(items) => items,
            Cel::Map(map) => map.into_keys().map(Cel::String).collect(),
            _ => return Err(no_overload()),
        };
        let (last, conditions) = parts.split_last().ok_or_else(no_overload)?;
        let mut kept = Vec::new();
        let (mut hits, mut failure) = (0_usize, None);
        let count = items.len();
        for item in items {
            let variables = BTreeMap::from([(variable, item.clone())]);
            let scope = Scope { outer: Some(self), variables: &variables };
            if name == "map" {
                let fits =
                    conditions.iter().map(|c| scope.eval(c)).collect::<Result<Vec<_>, _>>()?;
                if fits.iter().all(|fit| *fit == Cel::Bool(true)) {
                    kept.push(scope.eval(last)?);
                }
                continue;
            }
            match scope.eval(last) {
                Ok(Cel::Bool(true)) => {
                    hits += 1;
                    kept.push(item);
                }
                Ok(Cel::Bool(false)) if name == "all" => return Ok(Cel::Bool(false)),
                Ok(Cel::Bool(false)) => {}
                Ok(_) => failure = Some(no_overload()),
                Err(why) => failure = Some(why),
            }
        }
        match (name, failure) {
            ("exists", _) if hits > 0 => Ok(Cel::Bool(true)),
            (_, Some(why)) => Err(why),
            ("all", None) => Ok(Cel::Bool(hits == count)),
            ("exists", None) => Ok(Cel::Bool(false)),
            ("exists_one", None) => Ok(Cel::Bool(hits == 1)),
            _ => Ok(Cel::List(kept)),
        }
    }
}

fn overflow() -> String {
    "integer overflow".to_owned()
}

fn index_of(of: Cel, index: &Cel) -> Evaluated {
    match (of, index) {
        (Cel::List(items), Cel::Int(at)) => {
            let found = usize::try_from(*at).ok().and_then(|at| items.get(at).cloned());
            found.ok_or_else(|| format!("index out of bounds: {at}"))
        }
        (Cel::Map(map), Cel::String(key)) => {
            map.get(key).cloned().ok_or_else(|| format!("no such key: {key}"))
        }
        _ => Err(no_overload()),
    }
}

fn binary(sign: &str, a: &Cel, b: &Cel) -> Evaluated {
    let ordered = |fits: fn(Ordering) -> bool| {
        a.order(b).map(|order| Cel::Bool(fits(order))).ok_or_else(no_overload)
    };
    match sign {
        "==" => Ok(Cel::Bool(a.same(b))),
        "!=" => Ok(Cel::Bool(!a.same(b))),
        "<" => ordered(Ordering::is_lt),
        "<=" => ordered(Ordering::is_le),
        ">" => ordered(Ordering::is_gt),
        ">=" => ordered(Ordering::is_ge),
        "in" => match (a, b) {
            (item, Cel::List(items)) => Ok(Cel::Bool(items.iter().any(|other| other.same(item)))),
            (Cel::String(key), Cel::Map(map)) => Ok(Cel::Bool(map.contains_key(key))),
            _ => Err(no_overload()),
        },
        _ => arithmetic(sign, a, b),
    }
}

fn arithmetic(sign: &str, a: &Cel, b: &Cel) -> Evaluated {
    match (sign, a, b) {
        ("+", Cel::String(a), Cel::String(b)) => Ok(Cel::String(format!("{a}{b}"))),
        ("+", Cel::List(a), Cel::List(b)) => Ok(Cel::List([a.as_slice(), b].concat())),
        ("/", Cel::Int(_), Cel::Int(0)) => Err("division by zero".to_owned()),
        ("%", Cel::Int(_), Cel::Int(0)) => Err("modulus by zero".to_owned()),
        (_, Cel::Int(a), Cel::Int(b)) => {
            let result = match sign {
                "+" => a.checked_add(*b),
                "-" => a.checked_sub(*b),
                "*" => a.checked_mul(*b),
                "/" => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            result.map(Cel::Int).ok_or_else(overflow)
        }
        (_, Cel::Double(a), Cel::Double(b)) => match sign {
            "+" => Ok(Cel::Double(a + b)),
            "-" => Ok(Cel::Double(a - b)),
            "*" => Ok(Cel::Double(a * b)),
            "/" => Ok(Cel::Double(a / b)),
            _ => Err(no_overload()),
        },
        _ => Err(no_overload()),
    }
}
