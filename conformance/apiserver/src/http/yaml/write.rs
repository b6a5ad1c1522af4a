//! YAML in the style of Go's writer: fields sorted, lists not indented, lines folded at 80.

use serde_json::{Map, Number, Value};

use super::order::sorted;
use super::resolve::{Plain, is_sexagesimal, resolve};

/// Columns after which a text goes on in the next line, at its next blank.
const WIDTH: usize = 80;

/// The longest field that can stand before its colon without more ado.
const SIMPLE: usize = 128;

/// Writes a value.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut writer = Writer::default();
    writer.node(value, None, false);
    writer.indent(0);
    if writer.out.starts_with('\n') { writer.out.split_off(1) } else { writer.out }
}

/// What is written, and where the pen is. An indent of `None` is that outside of everything.
#[derive(Default)]
struct Writer {
    out: String,
    column: usize,
    /// The last character was white.
    blank: bool,
    /// Only the indent, or indicators of lists, stand in the line.
    indented: bool,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

fn deeper(indent: Option<usize>) -> usize {
    indent.map_or(0, |indent| indent + 2)
}

impl Writer {
    fn put(&mut self, letter: char) {
        self.out.push(letter);
        self.column += 1;
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn indent(&mut self, indent: usize) {
        if !self.indented || self.column > indent || (self.column == indent && !self.blank) {
            self.line_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        (self.blank, self.indented) = (true, true);
    }

    fn separate(&mut self) {
        if !self.blank {
            self.put(' ');
        }
    }

    /// An indicator behind white space, after which the line is still only indented.
    fn mark(&mut self, indicator: char) {
        self.separate();
        self.put(indicator);
        self.blank = false;
    }

    fn word(&mut self, word: &str) {
        self.separate();
        word.chars().for_each(|letter| self.put(letter));
        (self.blank, self.indented) = (false, false);
    }

    /// `of_field`: it is the value of a field.
    fn node(&mut self, value: &Value, indent: Option<usize>, of_field: bool) {
        match value {
            Value::Null => self.word("null"),
            Value::Bool(truth) => self.word(if *truth { "true" } else { "false" }),
            Value::Number(number) => self.word(&decimal(number)),
            Value::String(text) => {
                self.text(text, indent.map_or(2, |indent| indent + 2), false);
            }
            Value::Array(items) if items.is_empty() => self.word("[]"),
            Value::Array(items) => {
                let inner = match indent {
                    Some(indent) if of_field && !self.indented => indent,
                    indent => deeper(indent),
                };
                for item in items {
                    self.indent(inner);
                    self.mark('-');
                    self.node(item, Some(inner), false);
                }
            }
            Value::Object(fields) if fields.is_empty() => self.word("{}"),
            Value::Object(fields) => self.fields(fields, deeper(indent)),
        }
    }

    fn fields(&mut self, fields: &Map<String, Value>, indent: usize) {
        for (key, value) in sorted(fields) {
            self.indent(indent);
            if key.contains('\n') || key.len() > SIMPLE {
                self.mark('?');
                self.text(key, indent + 2, false);
                self.indent(indent);
                self.mark(':');
            } else {
                self.text(key, indent + 2, true);
                self.put(':');
                (self.blank, self.indented) = (false, false);
            }
            self.node(value, Some(indent), true);
        }
    }

    fn text(&mut self, text: &str, indent: usize, key: bool) {
        match style(text, key) {
            Style::Plain => {
                self.separate();
                self.folded(text, indent, !key, false);
            }
            Style::Single => {
                self.separate();
                self.put('\'');
                self.folded(text, indent, !key, true);
                self.put('\'');
            }
            Style::Double => self.double(text, indent, !key),
            // it knows best where it has left the pen
            Style::Literal => return self.literal(text, indent),
        }
        (self.blank, self.indented) = (false, false);
    }

    /// A text of one line, folded at single blanks where it gets too long.
    fn folded(&mut self, text: &str, indent: usize, folds: bool, quoted: bool) {
        let mut blanks = false;
        let mut letters = text.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let next = letters.peek().map(|(_, next)| *next);
            if letter == ' ' {
                let inside = !quoted || (at > 0 && next.is_some());
                let single = !blanks && next != Some(' ');
                if folds && single && inside && self.column > WIDTH {
                    self.indented = false;
                    self.indent(indent);
                } else {
                    self.put(' ');
                }
                blanks = true;
                continue;
            }
            if quoted && letter == '\'' {
                self.put('\'');
            }
            self.put(letter);
            blanks = false;
        }
    }

    fn double(&mut self, text: &str, indent: usize, folds: bool) {
        self.separate();
        self.put('"');
        let mut blanks = false;
        let mut letters = text.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let next = letters.peek().map(|(_, next)| *next);
            if letter == ' ' {
                if folds && !blanks && self.column > WIDTH && at > 0 && next.is_some() {
                    self.indented = false;
                    self.indent(indent);
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                blanks = true;
                continue;
            }
            blanks = false;
            if is_printable(letter) && !matches!(letter, '\n' | '"' | '\\') && !is_break(letter) {
                self.put(letter);
            } else {
                escape(letter).chars().for_each(|letter| self.put(letter));
            }
        }
        self.put('"');
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.separate();
        self.put('|');
        if text.starts_with([' ', '\n']) {
            self.put('2');
        }
        if !text.ends_with('\n') {
            self.put('-');
        } else if text == "\n" || text.ends_with("\n\n") {
            self.put('+');
        }
        self.line_break();
        (self.blank, self.indented) = (true, true);
        let mut breaks = true;
        for letter in text.chars() {
            if letter == '\n' {
                self.line_break();
                (self.indented, breaks) = (true, true);
                continue;
            }
            if breaks {
                self.indent(indent);
            }
            self.put(letter);
            (self.indented, breaks) = (false, false);
        }
    }
}

/// A float has an exponent from 1e6 on and below 1e-4, save a whole number: that is read back as
/// an integer.
fn decimal(number: &Number) -> String {
    let float = match number.as_f64() {
        Some(float) if number.is_f64() => float,
        _ => return number.to_string(),
    };
    if float.fract() == 0.0 && float.abs() < 9.2e18 {
        return float.to_string();
    }
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific.as_str(), "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return float.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn is_break(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && letter != '\u{feff}'
}

fn style(text: &str, key: bool) -> Style {
    if text.is_empty() {
        return Style::Double;
    }
    let special = text.chars().any(|c| c != '\n' && (!is_printable(c) || is_break(c)));
    let lines = text.contains('\n');
    if special || text.contains(" \n") || (lines && key) {
        return Style::Double;
    }
    if lines {
        return if text.ends_with(' ') { Style::Double } else { Style::Literal };
    }
    if resolve(text) != Plain::Text || is_sexagesimal(text) {
        return Style::Double;
    }
    let ends = text.starts_with(' ') || text.ends_with(' ');
    if ends || has_indicators(text) { Style::Single } else { Style::Plain }
}

/// Whether something in the text would be read as YAML.
fn has_indicators(text: &str) -> bool {
    const FIRST: &str = "#,[]{}&*!|>'\"%@`";
    let opens = text.starts_with(|c: char| FIRST.contains(c))
        || text.starts_with("---")
        || text.starts_with("...");
    let alone = matches!(text, "?" | ":" | "-") || text.starts_with("? ") || text.starts_with("- ");
    opens || alone || text.contains(": ") || text.ends_with(':') || text.contains(" #")
}

fn escape(letter: char) -> String {
    let short = match letter {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => letter,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        letter => {
            return match u32::from(letter) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
