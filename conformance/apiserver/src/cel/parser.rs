//! From tokens to a tree.

use super::lexer::{Token, tokens};
use super::{Cel, CompileError, functions};

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Literal(Cel),
    Name(String),
    Select(Box<Node>, String),
    /// `has(x.y)`.
    Has(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Not(Box<Node>),
    Minus(Box<Node>),
    Binary(&'static str, Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    /// A function; a method has its object first.
    Call(String, Vec<Node>),
    /// `list.all(x, condition)` and its like.
    Macro {
        name: String,
        list: Box<Node>,
        variable: String,
        parts: Vec<Node>,
    },
}

/// Methods that bind a variable.
const MACROS: [&str; 5] = ["all", "exists", "exists_one", "filter", "map"];
/// Operators by how loosely they bind.
const LEVELS: [&[&str]; 5] =
    [&["||"], &["&&"], &["==", "!=", "<=", ">=", "<", ">", "in"], &["+", "-"], &["*", "/", "%"]];
/// How deep an expression may go.
const DEPTH: usize = 64;

impl Node {
    /// Whether a variable occurs.
    pub(super) fn mentions(&self, wanted: &str) -> bool {
        let any = |nodes: &[Self]| nodes.iter().any(|node| node.mentions(wanted));
        match self {
            Self::Literal(_) => false,
            Self::Name(name) => name == wanted,
            Self::Select(of, _) | Self::Has(of, _) | Self::Not(of) | Self::Minus(of) => {
                of.mentions(wanted)
            }
            Self::Index(a, b) | Self::Binary(_, a, b) => a.mentions(wanted) || b.mentions(wanted),
            Self::List(nodes) | Self::Call(_, nodes) => any(nodes),
            Self::Map(pairs) => pairs.iter().any(|(k, v)| k.mentions(wanted) || v.mentions(wanted)),
            Self::If(a, b, c) => a.mentions(wanted) || b.mentions(wanted) || c.mentions(wanted),
            Self::Macro { list, parts, .. } => list.mentions(wanted) || any(parts),
        }
    }
}

/// Reads a whole expression.
pub(super) fn parse(text: &str) -> Result<Node, CompileError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, end: text.len() };
    let node = parser.expression()?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.error("Syntax error: extraneous input")),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    end: usize,
}

type Parsed = Result<Node, CompileError>;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn error(&self, why: &str) -> CompileError {
        let place = self.tokens.get(self.at).map_or(self.end, |(place, _)| *place);
        CompileError { message: format!("ERROR: <input>:1:{}: {why}", place + 1) }
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = match self.peek() {
            Some(Token::Sign(found)) => *found == sign,
            Some(Token::Name(name)) => sign == "in" && name == "in",
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), CompileError> {
        if self.takes(sign) {
            return Ok(());
        }
        Err(self.error(&format!("Syntax error: missing '{sign}'")))
    }

    fn expression(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.error("expression is too deep"));
        }
        let condition = self.binary(0)?;
        let node = if self.takes("?") {
            let yes = self.binary(0)?;
            self.expect(":")?;
            let no = self.expression()?;
            Node::If(Box::new(condition), Box::new(yes), Box::new(no))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    fn binary(&mut self, level: usize) -> Parsed {
        let Some(signs) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(sign) = signs.iter().copied().find(|sign| self.takes(sign)) {
            let right = self.binary(level + 1)?;
            left = Node::Binary(sign, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let mut signs = Vec::new();
        while let Some(sign) = ["!", "-"].into_iter().find(|sign| self.takes(sign)) {
            signs.push(sign);
        }
        let node = self.member()?;
        Ok(signs.iter().rev().fold(node, |node, sign| match (*sign, node) {
            ("!", node) => Node::Not(Box::new(node)),
            (_, Node::Literal(Cel::Int(whole))) => Node::Literal(Cel::Int(whole.wrapping_neg())),
            (_, node) => Node::Minus(Box::new(node)),
        }))
    }

    fn member(&mut self) -> Parsed {
        let mut node = self.primary()?;
        loop {
            if self.takes(".") {
                let Some(Token::Name(name)) = self.peek().cloned() else {
                    return Err(self.error("Syntax error: no name behind '.'"));
                };
                self.at += 1;
                node = if self.takes("(") {
                    self.method(node, name)?
                } else {
                    Node::Select(Box::new(node), name)
                };
            } else if self.takes("[") {
                let index = self.expression()?;
                self.expect("]")?;
                node = Node::Index(Box::new(node), Box::new(index));
            } else {
                return Ok(node);
            }
        }
    }

    fn method(&mut self, object: Node, name: String) -> Parsed {
        let mut arguments = self.list(")")?;
        if MACROS.contains(&name.as_str()) {
            if arguments.len() < 2 {
                return Err(self.error(&format!("found no matching overload for '{name}'")));
            }
            let Node::Name(variable) = arguments.remove(0) else {
                return Err(self.error("argument must be a simple name"));
            };
            return Ok(Node::Macro { name, list: Box::new(object), variable, parts: arguments });
        }
        arguments.insert(0, object);
        self.call(name, arguments)
    }

    fn call(&self, name: String, mut arguments: Vec<Node>) -> Parsed {
        if name == "has" {
            return match arguments.pop() {
                Some(Node::Select(of, field)) if arguments.is_empty() => Ok(Node::Has(of, field)),
                _ => Err(self.error("invalid argument to has() macro")),
            };
        }
        if !functions::is_known(&name) {
            return Err(self.error(&format!("undeclared reference to '{name}' (in container '')")));
        }
        Ok(Node::Call(name, arguments))
    }

    /// Expressions up to a bracket, which is taken too.
    fn list(&mut self, end: &str) -> Result<Vec<Node>, CompileError> {
        let mut items = Vec::new();
        while !self.takes(end) {
            items.push(self.expression()?);
            if !self.takes(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn primary(&mut self) -> Parsed {
        let Some(token) = self.peek().cloned() else {
            return Err(self.error("Syntax error: mismatched input '<EOF>'"));
        };
        self.at += 1;
        match token {
            Token::Int(whole) => Ok(Node::Literal(Cel::Int(whole))),
            Token::Double(number) => Ok(Node::Literal(Cel::Double(number))),
            Token::Text(text) => Ok(Node::Literal(Cel::String(text))),
            Token::Name(name) => match name.as_str() {
                "true" => Ok(Node::Literal(Cel::Bool(true))),
                "false" => Ok(Node::Literal(Cel::Bool(false))),
                "null" => Ok(Node::Literal(Cel::Null)),
                _ if self.takes("(") => {
                    let arguments = self.list(")")?;
                    self.call(name, arguments)
                }
                _ => Ok(Node::Name(name)),
            },
            Token::Sign("(") => {
                let node = self.expression()?;
                self.expect(")")?;
                Ok(node)
            }
            Token::Sign("[") => self.list("]").map(Node::List),
            Token::Sign("{") => self.map(),
            Token::Sign(sign) => {
                self.at -= 1;
                Err(self.error(&format!("Syntax error: mismatched input '{sign}'")))
            }
        }
    }

    fn map(&mut self) -> Parsed {
        let mut pairs = Vec::new();
        while !self.takes("}") {
            let key = self.expression()?;
            self.expect(":")?;
            pairs.push((key, self.expression()?));
            if !self.takes(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Node::Map(pairs))
    }
}
