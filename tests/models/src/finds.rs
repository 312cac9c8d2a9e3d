//! A seeded mistake must be found, and not something else.

/// Runs a check that must fail with a message that contains `with`, or one of its parts between bars.
/// On a thread of its own: a checker that failed may leave its thread in the state of panicking.
pub fn finds(with: &str, check: impl FnOnce() + Send + 'static) {
    let failed = std::thread::spawn(check).join().expect_err("the seeded mistake was not found");
    let text = failed.downcast_ref::<String>().cloned().or_else(|| failed.downcast_ref::<&str>().map(|s| s.to_string()));
    let text = text.unwrap_or_default();
    assert!(with.split('|').any(|part| text.contains(part)), "found something else: {text}");
}
