//! The porting guide has every name of the kernel that the headers or the library bring; a name with a star
//! stands for all that begin, end or begin and end so.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect(name)
}

fn headers(at: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(at).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { headers(&path) } else { vec![path] }).collect()
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

fn last_word(text: &str) -> &str {
    let start = text.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    &text[start..]
}

/// What a line at the margin defines.
fn defined(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("#define ") {
        return Some(first_word(rest));
    }
    if line.starts_with("static inline ") {
        return line.find('(').map(|at| last_word(&line[..at]));
    }
    if let Some(rest) = line.strip_prefix("typedef ").and_then(|rest| rest.strip_suffix(';')) {
        return Some(last_word(rest)).filter(|name| !name.is_empty());
    }
    line.strip_prefix("struct ").and_then(|rest| rest.strip_suffix(" {"))
}

fn ours(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.is_empty() || lower.starts_with("mpb") || lower.starts_with("mempool_bulk") || name == "__attribute__"
}

fn wanted() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in headers(&Path::new(env!("CARGO_MANIFEST_DIR")).join("include/mempool_bulk")) {
        let text = fs::read_to_string(&path).expect("text");
        names.extend(text.lines().filter_map(defined).filter(|name| !ours(name)).map(String::from));
    }
    let map = read("src/ffi/mempool_bulk.map");
    let exported = map.lines().filter_map(|line| line.trim().strip_suffix(';'));
    names.extend(exported.filter(|name| !ours(name) && first_word(name) == *name).map(String::from));
    names
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => {
            let rest = name.strip_prefix(head);
            let tail = tail.trim_end_matches('*');
            rest.is_some_and(|rest| if pattern.ends_with('*') { rest.contains(tail) } else { rest.ends_with(tail) })
        }
    }
}

#[test]
fn guide_has_every_name() {
    let guide = read("docs/porting-from-the-kernel.md");
    // A star alone is no name: it would stand for all.
    let patterns: Vec<&str> = guide.split('`').skip(1).step_by(2).filter(|pattern| *pattern != "*").collect();
    let names = wanted();
    assert!(names.len() > 800, "only {} names found", names.len());
    let missing: Vec<_> = names.iter().filter(|name| !patterns.iter().any(|pattern| matches(pattern, name))).collect();
    assert!(missing.is_empty(), "not in the guide: {missing:?}");
}

#[test]
fn guide_names_only_what_exists() {
    let guide = read("docs/porting-from-the-kernel.md");
    let tables = &guide[guide.find("## Every name").expect("the tables")..];
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let mut all: String = headers(&Path::new(env!("CARGO_MANIFEST_DIR")).join("include")).iter().map(|path| fs::read_to_string(path).expect("text")).collect();
    all += &read("src/ffi/mempool_bulk.map");
    for row in rows {
        // The forms with two underscores are pasted together from those without.
        for pattern in row.split('`').skip(1).step_by(2).filter(|p| !p.contains('…')) {
            let pattern = pattern.trim_start_matches('_');
            assert!(pattern.split('*').all(|part| all.contains(part)), "{pattern} is nowhere defined");
        }
    }
}
