//! Antimony text to tokens: names, numbers, signs, line ends, each with its place.

use crate::ir::Span;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A number.
    Number(f64),
    /// A name or keyword.
    Name,
    /// Text between double quotes, without them.
    Text(String),
    /// An operator or punctuation mark.
    Sign(&'static str),
    /// The end of a line outside a comment.
    LineEnd,
    /// Characters that belong to no token, and why.
    Broken(&'static str),
    /// The end of the text.
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its characters as written.
    pub(crate) text: String,
    /// Where it stands.
    pub(crate) span: Span,
}

/// Longer signs come first, so that `:=` is not read as `:`.
const SIGNS: [&str; 33] = [
    ":=", "==", "!=", "<=", ">=", "&&", "||", "->", "=>", "(", ")", ",", ";", ":", "=", "'", "+",
    "-", "*", "/", "^", "<", ">", "!", "%", "$", "{", "}", "[", "]", ".", "&", "|",
];

/// The tokens of a text; the last one is always [`Kind::End`].
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { characters: text.chars().collect(), at: 0, line: 1, line_start: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next_token();
        let is_end = token.kind == Kind::End;
        tokens.push(token);
        if is_end {
            return tokens;
        }
    }
}

struct Lexer {
    characters: Vec<char>,
    at: usize,
    line: u32,
    line_start: usize,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn looking_at(&self, sign: &str) -> bool {
        sign.chars().enumerate().all(|(i, c)| self.peek(i) == Some(c))
    }

    /// Moves one character on and counts lines.
    fn step(&mut self) {
        if self.peek(0) == Some('\n') {
            self.line += 1;
            self.line_start = self.at + 1;
        }
        self.at += 1;
    }

    fn next_token(&mut self) -> Token {
        if let Some(unclosed) = self.skip_blank() {
            return unclosed;
        }
        let (start, line, line_start) = (self.at, self.line, self.line_start);
        let kind = self.kind();
        let text: String = self.characters[start..self.at].iter().collect();
        let span = Span {
            line,
            column: (start - line_start + 1) as u32,
            length: (self.at - start).max(1) as u32,
        };
        Token { kind, text, span }
    }

    /// Skips spaces and comments; an unclosed comment is a token.
    fn skip_blank(&mut self) -> Option<Token> {
        while let Some(c) = self.peek(0) {
            if c != '\n' && c.is_whitespace() {
                self.at += 1;
            } else if c == '#' || self.looking_at("//") {
                while self.peek(0).is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
            } else if self.looking_at("/*") {
                let column = (self.at - self.line_start + 1) as u32;
                let span = Span { line: self.line, column, length: 2 };
                while self.peek(0).is_some() && !self.looking_at("*/") {
                    self.step();
                }
                if self.peek(0).is_none() {
                    let kind = Kind::Broken("the comment that starts here has no `*/`");
                    return Some(Token { kind, text: "/*".into(), span });
                }
                self.at += 2;
            } else {
                break;
            }
        }
        None
    }

    fn kind(&mut self) -> Kind {
        let Some(c) = self.peek(0) else { return Kind::End };
        if c == '\n' {
            self.step();
            return Kind::LineEnd;
        }
        if c.is_alphabetic() || c == '_' {
            while self.peek(0).is_some_and(|c| c.is_alphanumeric() || c == '_') {
                self.at += 1;
            }
            return Kind::Name;
        }
        let starts_fraction = c == '.' && self.peek(1).is_some_and(|c| c.is_ascii_digit());
        if c.is_ascii_digit() || starts_fraction {
            return self.number();
        }
        if c == '"' {
            return self.quoted();
        }
        if let Some(sign) = SIGNS.iter().find(|sign| self.looking_at(sign)) {
            self.at += sign.len();
            return Kind::Sign(sign);
        }
        self.at += 1;
        Kind::Broken("this character has no meaning in Antimony")
    }

    fn number(&mut self) -> Kind {
        let start = self.at;
        self.digits();
        if self.peek(0) == Some('.') {
            self.at += 1;
            self.digits();
        }
        let sign = usize::from(matches!(self.peek(1), Some('+' | '-')));
        let has_exponent = matches!(self.peek(0), Some('e' | 'E'))
            && self.peek(1 + sign).is_some_and(|c| c.is_ascii_digit());
        if has_exponent {
            self.at += 1 + sign;
            self.digits();
        }
        let digits: String = self.characters[start..self.at].iter().collect();
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => Kind::Number(value),
            _ => Kind::Broken("this number is larger than 1.8e308"),
        }
    }

    fn digits(&mut self) {
        while self.peek(0).is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn quoted(&mut self) -> Kind {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek(0) {
                Some('"') => {
                    let text = self.characters[start..self.at].iter().collect();
                    self.at += 1;
                    return Kind::Text(text);
                }
                None | Some('\n') => return Kind::Broken("the text that starts here has no `\"`"),
                Some(_) => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text).into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn numbers_may_lack_digits_on_one_side_of_the_point() {
        let want = [5.0, 0.5, 1000.0, 2e-3].map(Kind::Number);
        assert_eq!(kinds("5. .5 1E+3 2e-3")[..4], want);
    }

    #[test]
    fn a_number_directly_before_a_name_is_two_tokens() {
        assert_eq!(kinds("2e mL")[..3], [Kind::Number(2.0), Kind::Name, Kind::Name]);
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let all = tokens("α := 1 // ü\n  b");
        assert_eq!(all[1].span, Span { line: 1, column: 3, length: 2 });
        assert_eq!(all[4].span, Span { line: 2, column: 3, length: 1 });
    }

    #[test]
    fn comments_vanish_and_keep_the_line_count() {
        let all = tokens("a /* two\nlines */ b # c\nd");
        assert_eq!(all[1].text, "b");
        assert_eq!(all[1].span.line, 2);
        assert_eq!(all[2].kind, Kind::LineEnd);
        assert_eq!(all[3].span.line, 3);
    }

    #[test]
    fn what_is_not_closed_is_a_broken_token_at_its_start() {
        assert!(
            matches!(tokens("a /* b").get(1), Some(t) if t.span.column == 3 && matches!(t.kind, Kind::Broken(_)))
        );
        assert!(matches!(kinds("x is \"abc").get(2), Some(Kind::Broken(_))));
    }
}
