//! The walls between the rooms: nothing points up, unsafe code stays where it belongs, and `lib.rs`
//! names the rooms that exist.

use std::fs;
use std::path::{Path, PathBuf};

const ROOMS: [&str; 9] = ["error", "gfp", "sync", "observe", "config", "arena", "pages", "mempool", "ffi"];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(at: &Path) -> Vec<PathBuf> {
    if at.is_file() {
        return vec![at.to_path_buf()];
    }
    let entries = fs::read_dir(at).expect("a folder");
    let all = entries.flat_map(|entry| files(&entry.expect("an entry").path()));
    all.filter(|path| path.extension().is_some_and(|ext| ext == "rs")).collect()
}

fn room(name: &str) -> PathBuf {
    let folder = src().join(name);
    if folder.is_dir() { folder } else { folder.with_extension("rs") }
}

#[test]
fn nothing_points_up() {
    for (rank, name) in ROOMS.iter().enumerate() {
        for file in files(&room(name)) {
            let text = fs::read_to_string(&file).expect("text");
            for above in &ROOMS[rank + 1..] {
                assert!(!text.contains(&format!("crate::{above}::")), "{} uses {above}", file.display());
            }
        }
    }
}

#[test]
fn unsafe_stays_in_its_rooms() {
    for file in files(&src()) {
        let path = file.strip_prefix(src()).expect("inside").to_string_lossy().into_owned();
        let allowed = ["sync/", "arena/", "ffi/", "mempool/raw/", "observe/hooks/"].iter().any(|room| path.starts_with(room));
        let text = fs::read_to_string(&file).expect("text");
        let used = text.lines().any(|line| line.contains("unsafe {") || line.contains("unsafe fn"));
        assert!(allowed || !used, "{path} has unsafe code");
        let blocks = text.matches("unsafe {").count();
        assert!(blocks <= text.matches("// SAFETY:").count(), "{path}: an unsafe block without a SAFETY comment");
    }
}

#[test]
fn every_file_says_what_it_is() {
    for file in files(&src()) {
        let text = fs::read_to_string(&file).expect("text");
        assert!(text.starts_with("//!"), "{}", file.display());
    }
}

#[test]
fn lib_names_the_rooms() {
    let text = fs::read_to_string(src().join("lib.rs")).expect("text");
    for name in ROOMS {
        assert!(text.contains(&format!("pub mod {name};")) && text.contains(&format!("`{name}`")), "{name}");
    }
    let mut found: Vec<_> = fs::read_dir(src()).expect("src").map(|e| e.expect("entry").path().file_stem().expect("a name").to_string_lossy().into_owned()).filter(|n| n != "lib").collect();
    found.sort();
    let mut rooms = ROOMS.to_vec();
    rooms.sort_unstable();
    assert_eq!(found, rooms);
}
