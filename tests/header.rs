//! The header is what cbindgen makes of `src/ffi`, and header, version script and sources name the
//! same functions. `UPDATE_HEADER=1 cargo test --test header` writes the header anew. The version script is never
//! written: a person appends to it, and names that were released stay in their node.

use std::collections::BTreeSet;
use std::fs;

/// The sources in the order of the header, each with the macro that leaves it out.
const GROUPS: [(&str, Option<&str>); 15] = [
    ("own", None),
    ("pool", None),
    ("elements", None),
    ("ready", None),
    ("own_pages", None),
    ("memory", None),
    ("mappings", None),
    ("requests", None),
    ("pressure", None),
    ("faults", None),
    ("kvmalloc", Some("MEMPOOL_BULK_NO_KVMALLOC")),
    ("slab", Some("MEMPOOL_BULK_NO_SLAB")),
    ("pages", Some("MEMPOOL_BULK_NO_PAGE")),
    ("bulk", Some("MEMPOOL_BULK_NO_PAGE")),
    ("list", Some("MEMPOOL_BULK_NO_PAGE")),
];

const RENAMES: [(&str, &str); 11] = [
    ("Page", "struct page"),
    ("Mempool", "struct mempool"),
    ("KmemCache", "struct kmem_cache"),
    ("ListHead", "struct list_head"),
    ("iovec", "struct iovec"),
    ("timespec", "struct timespec"),
    ("NodeMask", "void"),
    ("AllocFn", "mempool_alloc_t *"),
    ("FreeFn", "mempool_free_t *"),
    ("BulkFn", "mempool_alloc_pages_bulk_t *"),
    ("Constructor", "mempool_bulk_ctor_t *"),
];

fn path(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_default()
}

fn group(file: &str) -> String {
    let mut config = cbindgen::Config { language: cbindgen::Language::C, ..Default::default() };
    config.style = cbindgen::Style::Tag;
    config.no_includes = true;
    config.usize_is_size_t = true;
    config.documentation_style = cbindgen::DocumentationStyle::C99;
    config.line_length = 110;
    for (from, to) in RENAMES {
        config.export.rename.insert(from.into(), to.into());
        config.export.exclude.push(from.into());
    }
    config.export.exclude.push("Fd".into());
    config.export.exclude.push("Entries".into());
    config.export.exclude.push("KNOWN".into());
    let mut out = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(path(&format!("src/ffi/{file}.rs")))
        .generate()
        .unwrap_or_else(|e| panic!("{file}: {e}"))
        .write(&mut out);
    String::from_utf8(out).expect("cbindgen writes text")
}

fn generated() -> String {
    let mut header = read("src/ffi/header/top.h");
    for (file, opt_out) in GROUPS {
        let body = group(file);
        match opt_out {
            Some(name) => header += &format!("#ifndef {name}\n{}\n#endif\n\n", body.trim()),
            None => header += &format!("{}\n\n", body.trim()),
        }
    }
    header + &read("src/ffi/header/bottom.h")
}

/// The functions that the sources export.
fn exported() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (file, _) in GROUPS {
        let text = read(&format!("src/ffi/{file}.rs"));
        for (i, _) in text.match_indices("pub extern \"C\" fn ") {
            let rest = &text[i + "pub extern \"C\" fn ".len()..];
            names.insert(rest[..rest.find('(').expect("a parameter list")].to_string());
        }
    }
    names
}

/// The names in the version script, over all its nodes; one that stands there twice is here twice.
fn listed() -> Vec<String> {
    let map = read("src/ffi/mempool_bulk.map");
    let entries = map.lines().filter_map(|line| line.trim().strip_suffix(';'));
    let mut names: Vec<_> = entries.filter(|entry| *entry != "*" && !entry.starts_with('}')).map(String::from).collect();
    names.sort();
    names
}

#[test]
fn every_source_of_c_functions_is_in_the_header() {
    for entry in fs::read_dir(path("src/ffi")).expect("a folder") {
        let file = entry.expect("an entry").path();
        let exports = fs::read_to_string(&file).is_ok_and(|text| text.contains("#[unsafe(no_mangle)]"));
        let stem = file.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(!exports || GROUPS.iter().any(|(name, _)| *name == stem), "{stem} is in no group");
    }
}

#[test]
fn header_is_up_to_date() {
    let header = generated();
    if std::env::var_os("UPDATE_HEADER").is_some() {
        fs::write(path("include/mempool_bulk.h"), &header).expect("writable");
    }
    assert!(header == read("include/mempool_bulk.h"), "run UPDATE_HEADER=1 cargo test --test header");
}

#[test]
fn map_lists_what_is_exported() {
    assert_eq!(listed(), Vec::from_iter(exported()));
}

#[test]
fn header_declares_what_is_exported() {
    let header = generated();
    for name in exported() {
        assert!(header.contains(&format!("{name}(")), "{name} is missing in the header");
    }
}

#[test]
fn every_exported_function_is_documented() {
    for (file, _) in GROUPS {
        let text = read(&format!("src/ffi/{file}.rs"));
        for (i, _) in text.match_indices("#[unsafe(no_mangle)]") {
            let before = text[..i].trim_end().lines().last().unwrap_or("");
            assert!(before.starts_with("///"), "{file}: a function without documentation after {before}");
        }
    }
}
