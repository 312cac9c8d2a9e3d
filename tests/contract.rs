//! The index from the numbered assertions of the kernel's contract to the tests that hold them, `contract.txt`, is
//! complete and true. A test names its numbers at the front of its name, K for the kernel's promises, H for
//! what the library adds. `UPDATE_CONTRACT=1 cargo test --test contract` writes the index anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const ALL: std::ops::RangeInclusive<u32> = 1..=175;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The assertions that a name begins with: K78 and K76 for K76_K78_some_words.
fn numbers(name: &str) -> Vec<(u32, char)> {
    let parts = name.split('_').map_while(|part| {
        let kind = part.chars().next().filter(|kind| "KH".contains(*kind))?;
        Some((part[1..].parse().ok()?, kind))
    });
    parts.collect()
}

/// Each test of the C suite: the name that ctest has for it.
fn suite() -> Vec<(String, String)> {
    let folders = ["c", "tools"].map(|name| fs::read_dir(tests().join(name)).expect("the C suite"));
    let mut all = Vec::new();
    for path in folders.into_iter().flatten().map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|ext| ext == "c")) {
        let text = fs::read_to_string(&path).expect("text");
        let program = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let names = text.lines().filter_map(|line| line.strip_prefix("TEST(")?.split(')').next());
        all.extend(names.map(|name| (program.clone(), name.to_string())));
    }
    // The header's checks are compilations: their numbers stand in the first line of what is compiled.
    for file in ["header.c", "header.cpp"] {
        let text = fs::read_to_string(tests().join("header").join(file)).expect("text");
        let list = text.lines().next().and_then(|line| line.split(':').next()).expect("a first line");
        let list = list.trim_start_matches(['/', '*', ' ']).replace(", ", "_");
        all.push((file.to_string(), list));
    }
    all
}

#[test]
fn every_assertion_is_held_by_a_test() {
    let mut index: BTreeMap<(u32, char), Vec<String>> = BTreeMap::new();
    for (program, name) in suite() {
        for number in numbers(&name) {
            let test = if program.starts_with("header.") { format!("header/{program}") } else { format!("{program}.{name}") };
            index.entry(number).or_default().push(test);
        }
    }
    for number in ALL {
        assert!(index.keys().any(|(held, _)| *held == number), "no test names assertion {number}");
    }
    let mut text = String::from("# Which test holds which assertion of the kernel's contract. Written by tests/contract.rs.\n");
    for ((number, kind), tests) in &mut index {
        tests.sort();
        text += &format!("{kind}{number} {}\n", tests.join(" "));
    }
    let at = tests().join("contract.txt");
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        fs::write(&at, &text).expect("a writable index");
    }
    assert!(fs::read_to_string(&at).expect("an index") == text, "tests/contract.txt is old: UPDATE_CONTRACT=1 writes it anew");
    let said = fs::read_to_string(tests().join("../docs/reliability.md")).expect("a document");
    assert!(said.contains(&format!(" {} numbered assertions ", index.len())), "docs/reliability.md has another number than {}", index.len());
}
