//! Texts with small damage: whatever is done to a good text, it is read or refused in words, and what is read goes
//! to the other language and back.

mod damage;

use damage::{Draws, corpus, damaged, go_around};

fn damage_many(count: usize, seed: u64) {
    let corpus = corpus();
    let mut draws = Draws(seed);
    let mut read = 0;
    for round in 0..count {
        let text = &corpus[round % corpus.len()];
        read += usize::from(go_around(&damaged(text, &mut draws)));
    }
    // Damage that leaves a good text must be seen too, or nothing goes around.
    assert!(read > count / 50 && read < count, "{read} of {count} were read");
}

#[test]
fn good_texts_go_around() {
    assert!(corpus().iter().all(|text| go_around(text)));
}

#[test]
fn a_damaged_text_is_read_or_refused_in_words() {
    damage_many(1200, 0x5eed);
}

#[test]
#[ignore = "minutes"]
fn many_damaged_texts_are_read_or_refused_in_words() {
    for seed in 1..=20 {
        damage_many(20_000, seed * 0x9e37_79b9);
    }
}
