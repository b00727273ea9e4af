//! Words of a text as they are compared: small letters without accents, light stems.

/// Longest word, in bytes; what is longer is cut.
const LONGEST: usize = 64;

/// Calls `see` with every word of a text and its place, counted from 0; returns how many there are.
///
/// Parts of a hyphenated word are words of their own, and the whole without its hyphens is a
/// further one at the place of the first part (`IL-15` is `il`, `15` and `il15`).
pub(crate) fn words(text: &str, mut see: impl FnMut(&str, u32)) -> u32 {
    let mut place = 0;
    let mut word = String::with_capacity(LONGEST);
    let mut joined = String::new();
    let mut joined_at = 0;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if is_single(letter) {
            word.push(letter);
            see(&word, place);
            word.clear();
            place += 1;
            continue;
        }
        if !letter.is_alphanumeric() {
            continue;
        }
        push_plain(&mut word, letter);
        while let Some(next) = letters.next_if(|next| next.is_alphanumeric() && !is_single(*next)) {
            push_plain(&mut word, next);
        }
        drop_possessive(&mut letters);
        if word.is_empty() {
            continue;
        }
        let is_linked = letters.peek().is_some_and(|next| is_hyphen(*next));
        if is_linked || !joined.is_empty() {
            if joined.is_empty() {
                joined_at = place;
            }
            joined.push_str(&word);
        }
        stem(&mut word);
        see(&word, place);
        word.clear();
        place += 1;
        if is_linked {
            letters.next();
            if letters.peek().is_some_and(|next| next.is_alphanumeric() && !is_single(*next)) {
                continue;
            }
        }
        if joined_at + 1 < place && !joined.is_empty() {
            cut(&mut joined);
            stem(&mut joined);
            see(&joined, joined_at);
        }
        joined.clear();
    }
    place
}

/// The words of a text in order, without the joined ones.
pub(crate) fn plain_words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    words(text, |word, place| {
        if place as usize == found.len() {
            found.push(word.to_owned());
        }
    });
    found
}

/// Passes over `'s` at the end of a word.
fn drop_possessive(letters: &mut std::iter::Peekable<std::str::Chars>) {
    let mut ahead = letters.clone();
    let is_apostrophe = ahead.next().is_some_and(is_apostrophe);
    let is_s = ahead.next().is_some_and(|next| matches!(next, 's' | 'S'));
    if is_apostrophe && is_s && !ahead.peek().is_some_and(|next| next.is_alphanumeric()) {
        *letters = ahead;
    }
}

/// Whether it links the parts of a word.
pub(crate) fn is_hyphen(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}' | '\u{2011}')
}

/// Whether it may part a word from its ending.
pub(crate) fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '\u{2019}')
}

/// Letters of scripts that are written without blanks are words of their own.
fn is_single(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

fn push_plain(word: &mut String, letter: char) {
    if word.len() >= LONGEST {
        return;
    }
    if letter.is_ascii() {
        word.push(letter.to_ascii_lowercase());
        return;
    }
    match without_accent(letter) {
        Some(plain) => word.push_str(plain),
        None => word.extend(letter.to_lowercase()),
    }
}

/// Latin letters with accents as plain ones, in small letters.
fn without_accent(letter: char) -> Option<&'static str> {
    Some(match letter {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => "a",
        'Æ' | 'æ' => "ae",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'Ð' | 'ð' | 'Ď'..='đ' => "d",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "e",
        'Ĝ'..='ģ' => "g",
        'Ĥ'..='ħ' => "h",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ĵ' | 'ĵ' => "j",
        'Ķ' | 'ķ' => "k",
        'Ĺ'..='ł' => "l",
        'Ñ' | 'ñ' | 'Ń'..='ň' => "n",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' => "o",
        'Œ' | 'œ' => "oe",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' => "s",
        'ß' => "ss",
        'Ţ'..='ŧ' => "t",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "u",
        'Ŵ' | 'ŵ' => "w",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ' | 'ŷ' | 'Ÿ' => "y",
        'Ź'..='ž' => "z",
        _ => return None,
    })
}

/// British spellings by how they are written and how they are compared.
const SPELLINGS: &[(&str, &str)] = &[
    ("aemi", "emi"),
    ("anaes", "anes"),
    ("gynaec", "gynec"),
    ("haem", "hem"),
    ("oedem", "edem"),
    ("oesoph", "esoph"),
    ("oestr", "estr"),
    ("orrhoe", "orrhe"),
    ("orthopaed", "orthoped"),
    ("paediatr", "pediatr"),
    ("isation", "ization"),
    ("tumour", "tumor"),
    ("behaviour", "behavior"),
    ("colour", "color"),
    ("randomis", "randomiz"),
    ("ischaem", "ischem"),
];

/// Brings a word in small letters to its stem: the singular, in one spelling.
fn stem(word: &mut String) {
    if word.len() < 4 || !word.is_ascii() {
        return;
    }
    if word.ends_with('s') {
        singular(word);
    }
    if word.len() >= 6 && may_be_british(word) {
        for (from, to) in SPELLINGS {
            if let Some(at) = word.find(from) {
                word.replace_range(at..at + from.len(), to);
            }
        }
    }
}

/// Whether a word has one of the pairs of letters that all of these spellings have.
fn may_be_british(word: &str) -> bool {
    word.as_bytes().windows(2).any(|pair| matches!(pair, b"ae" | b"oe" | b"ou" | b"is"))
}

fn singular(word: &mut String) {
    let length = word.len();
    if word.ends_with("ies") && length > 4 {
        word.truncate(length - 3);
        word.push('y');
    } else if ["oses", "yses", "eses"].iter().any(|end| word.ends_with(end)) && length > 6
        || word == "metastases"
    {
        word.truncate(length - 2);
        word.push_str("is");
    } else if ["sses", "xes", "ches", "shes", "zes"].iter().any(|end| word.ends_with(end)) {
        word.truncate(length - 2);
    } else if !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        word.truncate(length - 1);
    }
}

fn cut(word: &mut String) {
    if word.len() > LONGEST {
        let mut end = LONGEST;
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        word.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(String, u32)> {
        let mut found = Vec::new();
        words(text, |word, place| found.push((word.to_owned(), place)));
        found
    }

    #[test]
    fn words_are_small_plain_and_singular() {
        let found = plain_words(
            "Relapsed/Refractory Myelomas, Waldenström's leukaemia: studies & diagnoses",
        );
        let expected =
            ["relapsed", "refractory", "myeloma", "waldenstrom", "leukemia", "study", "diagnosis"];
        assert_eq!(found, expected);
        assert_eq!(
            plain_words("virus this class AIDS gas"),
            ["virus", "this", "class", "aid", "gas"]
        );
    }

    #[test]
    fn hyphenated_words_are_found_joined_too() {
        let found = all("IL-15 and CAR-T-cells - no");
        let word = |word: &str, place| (word.to_owned(), place);
        assert_eq!(found[..3], [word("il", 0), word("15", 1), word("il15", 0)]);
        assert!(found.contains(&word("cartcell", 3)), "{found:?}");
        assert!(found.contains(&word("no", 6)), "{found:?}");
    }

    #[test]
    fn odd_texts_do_no_harm() {
        assert_eq!(plain_words("多发性 NK"), ["多", "发", "性", "nk"]);
        let found = all("NK-细胞 abc");
        assert!(!found.iter().any(|(word, _)| word == "nkabc"), "{found:?}");
        assert!(plain_words(&"x".repeat(1000))[0].len() <= LONGEST);
        assert!(plain_words("— ' 's -").is_empty() || plain_words("'s") == ["s"]);
    }
}
