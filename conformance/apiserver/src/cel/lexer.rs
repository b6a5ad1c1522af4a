//! From a text to tokens.

use super::CompileError;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(i64),
    Double(f64),
    Text(String),
    /// An operator or bracket.
    Sign(&'static str),
}

/// Operators and brackets, the long ones first.
const SIGNS: [&str; 23] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "?", ":", "+", "-", "*", "/", "%", "(", ")",
    "[", "]", "{", "}", ",",
];

/// The tokens of a text, each with its place.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, CompileError> {
    let error = |at: usize, why: &str| CompileError::at(text, at, why);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if let Some((token, length)) = string(rest).map_err(|why| error(at, why))? {
            found.push((at, token));
            at += length;
        } else if first.is_ascii_digit() {
            let (token, length) = number(rest).ok_or_else(|| error(at, "invalid number"))?;
            found.push((at, token));
            at += length;
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let length = length.unwrap_or(rest.len());
            found.push((at, Token::Name(rest[..length].to_owned())));
            at += length;
        } else if let Some(sign) = SIGNS.iter().chain(&["."]).find(|sign| rest.starts_with(**sign))
        {
            found.push((at, Token::Sign(sign)));
            at += sign.len();
        } else {
            return Err(error(at, &format!("Syntax error: token recognition error at: '{first}'")));
        }
    }
    Ok(found)
}

fn number(rest: &str) -> Option<(Token, usize)> {
    if let Some(hex) = rest.strip_prefix("0x") {
        let length = hex.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(hex.len());
        return Some((Token::Int(i64::from_str_radix(&hex[..length], 16).ok()?), length + 2));
    }
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == 'e' || c == 'E';
    let mut length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
    // `1.method()` has no fraction.
    while rest[..length].ends_with('.') {
        length -= 1;
    }
    let text = &rest[..length];
    let token = match text.parse() {
        Ok(whole) => Token::Int(whole),
        Err(_) => Token::Double(text.parse().ok()?),
    };
    let unsigned = rest[length..].starts_with(['u', 'U']);
    Some((token, length + usize::from(unsigned)))
}

/// A text in quotes, one or three; `r` before them keeps backslashes.
fn string(rest: &str) -> Result<Option<(Token, usize)>, &'static str> {
    let raw = rest.starts_with(['r', 'R']) && rest[1..].starts_with(['"', '\'']);
    let body = &rest[usize::from(raw)..];
    let Some(quote) =
        ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| body.starts_with(*quote))
    else {
        return Ok(None);
    };
    let start = usize::from(raw) + quote.len();
    let inside = &rest[start..];
    let mut text = String::new();
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        if inside[at..].starts_with(quote) {
            return Ok(Some((Token::Text(text), start + at + quote.len())));
        }
        if letter != '\\' || raw {
            text.push(letter);
            continue;
        }
        let (_, escaped) = letters.next().ok_or("unterminated text")?;
        text.push(match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'v' => '\u{b}',
            'f' => '\u{c}',
            other => other,
        });
    }
    Err("unterminated text")
}
