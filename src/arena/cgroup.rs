//! How much the process's memory cgroups still allow. The kernel answers a commit beyond a cgroup's
//! limit with SIGKILL, never with an error, so we ask before we commit. Another member of the group
//! may take the room between the question and the commit; the margin makes that unlikely, not
//! impossible. Knows no mapping. Calls no malloc after the first use.

use std::ffi::CString;
use std::sync::OnceLock;

/// Left for the rest of the process: page tables, stacks, other mappings.
const MARGIN: u64 = 4 << 20;

/// The files of one cgroup that matters.
struct Group {
    max: CString,
    current: CString,
    stat: CString,
}

/// Would committing `bytes` now stay inside every group's limit?
pub fn has_headroom(bytes: u64) -> bool {
    groups().iter().all(|group| {
        let Some(max) = number(&group.max) else { return true };
        let used = number(&group.current).unwrap_or(0);
        let free = max.saturating_sub(used.saturating_sub(reclaimable(&group.stat)));
        free >= bytes + MARGIN
    })
}

/// The smallest limit of all groups, if any has one.
pub fn limit() -> Option<u64> {
    groups().iter().filter_map(|group| number(&group.max)).min()
}

/// The process's own group and its parents, found once.
fn groups() -> &'static [Group] {
    static GROUPS: OnceLock<Vec<Group>> = OnceLock::new();
    GROUPS.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mut found = Vec::new();
        for line in text.lines() {
            let mut parts = line.splitn(3, ':');
            let (_, controllers, path) = (parts.next(), parts.next().unwrap_or(""), parts.next().unwrap_or("/"));
            if controllers.is_empty() {
                add(&mut found, &["/sys/fs/cgroup", "/sys/fs/cgroup/unified"], path, ["memory.max", "memory.current"]);
            } else if controllers.split(',').any(|c| c == "memory") {
                add(&mut found, &["/sys/fs/cgroup/memory"], path, ["memory.limit_in_bytes", "memory.usage_in_bytes"]);
            }
        }
        found
    })
}

/// Adds `path` below the mount and every parent of it. Inside a container the path may not exist
/// below the mount; the mount itself is then the group.
fn add(found: &mut Vec<Group>, mounts: &[&str], path: &str, [max, current]: [&str; 2]) {
    for mount in mounts {
        let mut at = Some(std::path::Path::new(path));
        while let Some(dir) = at {
            let dir_name = format!("{mount}{}", dir.display());
            let file = |name: &str| CString::new(format!("{}/{name}", dir_name.trim_end_matches('/')));
            if let (Ok(max), Ok(current), Ok(stat)) = (file(max), file(current), file("memory.stat")) {
                if number(&current).is_some() {
                    found.push(Group { max, current, stat });
                }
            }
            at = dir.parent();
        }
    }
}

/// The first number in a file; None for "max", for no file, and for v1's "no limit".
fn number(path: &CString) -> Option<u64> {
    let mut buffer = [0u8; 64];
    let text = read(path, &mut buffer)?;
    let value = text.trim_ascii().iter().try_fold(0u64, |n, b| match b {
        b'0'..=b'9' => n.checked_mul(10)?.checked_add(u64::from(b - b'0')),
        _ => None,
    })?;
    (value < 1 << 62).then_some(value)
}

/// File cache that the kernel can drop for us without writing it back.
fn reclaimable(path: &CString) -> u64 {
    let mut buffer = [0u8; 4096];
    let Some(text) = read(path, &mut buffer) else { return 0 };
    let key = b"inactive_file ";
    for line in text.split(|b| *b == b'\n') {
        if let Some(rest) = line.strip_prefix(key) {
            return rest.iter().take_while(|b| b.is_ascii_digit()).fold(0u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')));
        }
    }
    0
}

fn read<'a>(path: &CString, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    // SAFETY: a NUL-terminated path and a plain open; no memory is handed over.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return None;
    }
    // SAFETY: the buffer is ours and as long as we say; fd is the one just opened, closed once.
    let n = unsafe {
        let n = libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len());
        libc::close(fd);
        n
    };
    usize::try_from(n).ok().map(|n| &buffer[..n])
}
