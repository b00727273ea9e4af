//! The words of a text by their places, written a second time: what stands where, nothing faster.

/// Small letters without accents.
const PLAIN: &[(&str, &str)] = &[
    ("àáâãäåāăą", "a"),
    ("æ", "ae"),
    ("çćĉċč", "c"),
    ("ðďđ", "d"),
    ("èéêëēĕėęě", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįı", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņň", "n"),
    ("òóôõöøōŏő", "o"),
    ("œ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşš", "s"),
    ("ß", "ss"),
    ("ţťŧ", "t"),
    ("ùúûüũūŭůűų", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
];

/// British spellings and what they are compared as.
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

/// Longest word, in bytes.
const LONGEST: usize = 64;

fn is_ideograph(letter: char) -> bool {
    let code = letter as u32;
    (0x3040..0x3100).contains(&code)
        || (0x3400..0xa000).contains(&code)
        || (0xf900..0xfb00).contains(&code)
}

/// Whether it links the parts of a word.
pub(crate) fn is_hyphen(letter: Option<&char>) -> bool {
    letter.is_some_and(|letter| "-\u{2010}\u{2011}".contains(*letter))
}

fn plain(letter: char) -> String {
    if letter.is_ascii() {
        return letter.to_ascii_lowercase().to_string();
    }
    let small: String = letter.to_lowercase().collect();
    let known = PLAIN.iter().find(|(letters, _)| letters.contains(small.as_str()));
    known.map_or(small, |(_, plain)| (*plain).to_owned())
}

/// A word without the end of its plural, in American spelling.
fn stem(word: &str) -> String {
    if word.len() < 4 || !word.is_ascii() {
        return word.to_owned();
    }
    let ends = |end: &str| word.ends_with(end);
    let cut = |letters: usize, more: &str| format!("{}{more}", &word[..word.len() - letters]);
    let mut stem = if !ends("s") {
        word.to_owned()
    } else if ends("ies") && word.len() > 4 {
        cut(3, "y")
    } else if word == "metastases"
        || word.len() > 6 && ["oses", "yses", "eses"].iter().any(|end| ends(end))
    {
        cut(2, "is")
    } else if ["sses", "xes", "ches", "shes", "zes"].iter().any(|end| ends(end)) {
        cut(2, "")
    } else if ["ss", "us", "is"].iter().any(|end| ends(end)) {
        word.to_owned()
    } else {
        cut(1, "")
    };
    if stem.len() >= 6 {
        for (british, american) in SPELLINGS {
            stem = stem.replacen(british, american, 1);
        }
    }
    stem
}

/// The words at each place: the word itself, then the compound that begins with it.
pub(crate) fn places(text: &str) -> Vec<Vec<String>> {
    let letters: Vec<char> = text.chars().collect();
    let is_letter = |at: usize| {
        letters.get(at).is_some_and(|letter| letter.is_alphanumeric() && !is_ideograph(*letter))
    };
    let mut places: Vec<Vec<String>> = Vec::new();
    let mut compound: Vec<String> = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        if is_ideograph(letters[at]) {
            places.push(vec![letters[at].to_string()]);
        }
        if !is_letter(at) {
            at += 1;
            continue;
        }
        let mut word = String::new();
        while is_letter(at) {
            if word.len() < LONGEST {
                word.push_str(&plain(letters[at]));
            }
            at += 1;
        }
        let is_possessive = matches!(letters.get(at), Some('\'' | '\u{2019}'))
            && matches!(letters.get(at + 1), Some('s' | 'S'))
            && !letters.get(at + 2).is_some_and(|next| next.is_alphanumeric());
        at += if is_possessive { 2 } else { 0 };
        places.push(vec![stem(&word)]);
        compound.push(word);
        if is_hyphen(letters.get(at)) && is_letter(at + 1) {
            at += 1;
            continue;
        }
        if compound.len() > 1 {
            let mut whole = compound.concat();
            while whole.len() > LONGEST {
                whole.pop();
            }
            let first = places.len() - compound.len();
            places[first].push(stem(&whole));
        }
        compound.clear();
    }
    places
}

/// The words themselves, without compounds.
pub(crate) fn plain_words(text: &str) -> Vec<String> {
    places(text).into_iter().map(|words| words[0].clone()).collect()
}

/// Whether words stand side by side in a text.
pub(crate) fn stand_in(words: &[String], places: &[Vec<String>]) -> bool {
    !words.is_empty()
        && places
            .windows(words.len())
            .any(|here| here.iter().zip(words).all(|(here, word)| here.contains(word)))
}
