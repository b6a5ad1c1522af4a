//! Names that nobody declared, and fields that the schema does not have.

use super::CompileError;
use super::eval::TYPES;
use super::parser::Node;
use crate::schema::{Kind, Schema};

/// The variables that there are: of rules of schemas, and of policies.
const VARIABLES: [&str; 9] = [
    "self",
    "oldSelf",
    "object",
    "oldObject",
    "request",
    "namespaceObject",
    "params",
    "variables",
    "authorizer",
];
/// Fields that every whole object has, whatever its schema says.
const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Looks through an expression; with a schema, that of `self`, through its fields as well.
pub(super) fn check(node: &Node, text: &str, schema: Option<&Schema>) -> Result<(), CompileError> {
    let mut checker = Checker { own: schema, bound: Vec::new(), complaints: Vec::new() };
    checker.visit(node);
    if checker.complaints.is_empty() {
        return Ok(());
    }
    let shown = checker.complaints.iter();
    let shown: Vec<String> =
        shown.map(|(at, why)| CompileError::at(text, *at, why).message).collect();
    Err(CompileError { message: shown.join("\n") })
}

struct Checker<'s> {
    own: Option<&'s Schema>,
    /// The variables of macros, with the schema of what they stand for where that is known.
    bound: Vec<(String, Option<&'s Schema>)>,
    complaints: Vec<(usize, String)>,
}

impl<'s> Checker<'s> {
    /// The schema of what a part comes to, where that is known.
    fn visit(&mut self, node: &Node) -> Option<&'s Schema> {
        match node {
            Node::Literal(_) => None,
            Node::Name(name, at) => self.name(name, *at),
            Node::Select(of, name, at) => {
                let of = self.visit(of)?;
                self.field(of, name, *at)
            }
            Node::Has(of, name, at) => {
                let of = self.visit(of)?;
                self.field(of, name, *at);
                None
            }
            Node::Maybe(of, _) | Node::Not(of) | Node::Minus(of) => {
                self.visit(of);
                None
            }
            Node::Index(of, index) => {
                let of = self.visit(of);
                self.visit(index);
                of.and_then(|of| of.items().or(of.additional()))
            }
            Node::Binary(_, a, b) => self.all([&**a, &**b]),
            Node::If(a, b, c) => self.all([&**a, &**b, &**c]),
            Node::List(nodes) | Node::Call(_, nodes) => self.all(nodes),
            Node::Map(pairs) => self.all(pairs.iter().flat_map(|(key, value)| [key, value])),
            Node::Macro { name, list, variable, parts } => {
                let list = self.visit(list);
                self.bound.push((variable.clone(), list.and_then(Schema::items)));
                self.all(parts);
                self.bound.pop();
                list.filter(|_| name == "filter")
            }
        }
    }

    fn all<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) -> Option<&'s Schema> {
        for node in nodes {
            self.visit(node);
        }
        None
    }

    fn name(&mut self, name: &str, at: usize) -> Option<&'s Schema> {
        if let Some((_, schema)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return *schema;
        }
        match (name, self.own) {
            ("self" | "oldSelf", own) => return own,
            (name, None) if VARIABLES.contains(&name) => {}
            (name, _) if TYPES.contains(&name) => {}
            _ => {
                let why = format!("undeclared reference to '{name}' (in container '')");
                self.complaints.push((at, why));
            }
        }
        None
    }

    fn field(&mut self, of: &'s Schema, name: &str, at: usize) -> Option<&'s Schema> {
        // names with two underscores stand for others
        if of.kind() != Kind::Object || name.contains("__") {
            return None;
        }
        match (of.property(name), of.additional()) {
            (Some(below), _) if is_exposed(below) => Some(below),
            (None, Some(values)) => Some(values).filter(|values| is_exposed(values)),
            (None, None) if META.contains(&name) => None,
            _ => {
                self.complaints.push((at, format!("undefined field '{name}'")));
                None
            }
        }
    }
}

/// Whether rules see a field with this schema.
fn is_exposed(schema: &Schema) -> bool {
    match schema.kind() {
        Kind::Any => false,
        Kind::Array => schema.items().is_some_and(is_exposed),
        Kind::Object => schema
            .additional()
            .is_none_or(|values| values.preserves_unknown() || is_exposed(values)),
        _ => true,
    }
}
