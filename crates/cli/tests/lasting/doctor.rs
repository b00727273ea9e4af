//! The doctor's findings on this machine, and in a folder that cannot be written.

use std::fs;

use crate::place::Place;

#[test]
fn this_machine_is_as_it_should_be() {
    let place = Place::new();
    let examined = place.ended(&["doctor", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&examined.out).expect("one document");
    assert_eq!(document["passes"], true, "{}", examined.out);
    assert_eq!(examined.code, Some(0));
    let checks = document["checks"].as_array().expect("a list");
    let has = |words: &str| {
        checks.iter().any(|check| check["name"].as_str().is_some_and(|name| name.contains(words)))
    };
    for words in ["random words", "exp, ln and pow", "BOIN", "eight arms", "small simulation"] {
        assert!(has(words), "{words}");
    }
    let inside = || fs::read_dir(place.path("t")).expect("a folder").count();
    let before = inside();
    let table = place.ended(&["doctor", "t"]);
    assert!(table.out.ends_with("everything is as it should be\n"), "{}", table.out);
    assert!(table.out.contains("ok      folder `t`"), "{}", table.out);
    assert_eq!(inside(), before, "nothing is left");
}

#[test]
fn a_folder_that_is_none_is_told() {
    let place = Place::new();
    let examined = place.ended(&["doctor", "nowhere"]);
    assert_eq!(examined.code, Some(3), "{}", examined.out);
    assert!(examined.out.contains("DIFFERS folder `nowhere`"), "{}", examined.out);
    assert!(examined.out.ends_with("1 thing is not as it should be\n"), "{}", examined.out);
}
