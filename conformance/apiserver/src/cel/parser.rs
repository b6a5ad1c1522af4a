//! From tokens to a tree.

use super::lexer::{Token, tokens};
use super::{Cel, CompileError, functions};

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Literal(Cel),
    /// A variable, and where it stands.
    Name(String, usize),
    /// `x.y`, and where the dot stands.
    Select(Box<Node>, String, usize),
    /// `x.?y`.
    Maybe(Box<Node>, String),
    /// `has(x.y)`.
    Has(Box<Node>, String, usize),
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
/// How many parts a chain of operators or fields may have.
const LENGTH: usize = 512;

impl Node {
    /// Whether a variable occurs.
    pub(super) fn mentions(&self, wanted: &str) -> bool {
        let any = |nodes: &[Self]| nodes.iter().any(|node| node.mentions(wanted));
        match self {
            Self::Literal(_) => false,
            Self::Name(name, _) => name == wanted,
            Self::Select(of, ..)
            | Self::Maybe(of, _)
            | Self::Has(of, ..)
            | Self::Not(of)
            | Self::Minus(of) => of.mentions(wanted),
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
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0 };
    let node = parser.expression()?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.error("Syntax error: extraneous input")),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
}

type Parsed = Result<Node, CompileError>;

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    /// Where the next token stands.
    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |(place, _)| *place)
    }

    /// Where the last token stands.
    fn before(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|last| self.tokens.get(last));
        last.map_or(0, |(place, _)| *place)
    }

    fn error(&self, why: &str) -> CompileError {
        CompileError::at(self.text, self.place(), why)
    }

    /// Keeps a chain short enough to be walked.
    fn count(&self, links: &mut usize) -> Result<(), CompileError> {
        *links += 1;
        if *links > LENGTH { Err(self.error("expression is too long")) } else { Ok(()) }
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
        let mut links = 0;
        while let Some(sign) = signs.iter().copied().find(|sign| self.takes(sign)) {
            self.count(&mut links)?;
            let right = self.binary(level + 1)?;
            left = Node::Binary(sign, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let mut signs = Vec::new();
        let mut links = 0;
        while let Some(sign) = ["!", "-"].into_iter().find(|sign| self.takes(sign)) {
            signs.push(sign);
            self.count(&mut links)?;
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
        let mut links = 0;
        loop {
            self.count(&mut links)?;
            let place = self.place();
            if self.takes(".") {
                let maybe = self.takes("?");
                let Some(Token::Name(name)) = self.peek().cloned() else {
                    return Err(self.error("Syntax error: no name behind '.'"));
                };
                self.at += 1;
                node = if maybe {
                    Node::Maybe(Box::new(node), name)
                } else if self.takes("(") {
                    self.method(node, name)?
                } else {
                    Node::Select(Box::new(node), name, place)
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
        let place = self.before();
        let mut arguments = self.list(")")?;
        if MACROS.contains(&name.as_str()) {
            if arguments.len() < 2 {
                return Err(self.error(&format!("found no matching overload for '{name}'")));
            }
            let Node::Name(variable, _) = arguments.remove(0) else {
                return Err(self.error("argument must be a simple name"));
            };
            return Ok(Node::Macro { name, list: Box::new(object), variable, parts: arguments });
        }
        arguments.insert(0, object);
        self.call(name, arguments, place)
    }

    /// A call; `place` is where its bracket stands.
    fn call(&self, name: String, mut arguments: Vec<Node>, place: usize) -> Parsed {
        if name == "has" {
            return match arguments.pop() {
                Some(Node::Select(of, field, at)) if arguments.is_empty() => {
                    Ok(Node::Has(of, field, at))
                }
                _ => Err(self.error("invalid argument to has() macro")),
            };
        }
        if !functions::is_known(&name) {
            let why = format!("undeclared reference to '{name}' (in container '')");
            return Err(CompileError::at(self.text, place, &why));
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
        let place = self.place();
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
                    let bracket = self.before();
                    let arguments = self.list(")")?;
                    self.call(name, arguments, bracket)
                }
                _ => Ok(Node::Name(name, place)),
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
