//! How much the process's memory cgroups still allow. The kernel answers a commit beyond a cgroup's
//! limit with SIGKILL, never with an error, so we ask before we commit. Another member of the group
//! may take the room between the question and the commit; the margin makes that unlikely, not
//! impossible. Knows no mapping. Calls no malloc, and asks anew each time: a process may be moved.

use crate::sync::system::{PathBuffer, Unread, read};
use core::ops::ControlFlow;
use core::sync::atomic::{AtomicBool, Ordering::*};

/// Left for the rest of the process: page tables, stacks, other mappings.
const MARGIN: u64 = 4 << 20;

/// Where a version of cgroups is mounted, and what its files are called.
struct Version {
    mounts: &'static [&'static [u8]],
    max: &'static [u8],
    current: &'static [u8],
}

const V1: Version = Version { mounts: &[b"/sys/fs/cgroup/memory"], max: b"/memory.limit_in_bytes", current: b"/memory.usage_in_bytes" };
const V2: Version = Version { mounts: &[b"/sys/fs/cgroup", b"/sys/fs/cgroup/unified"], max: b"/memory.max", current: b"/memory.current" };

/// A directory of one cgroup.
struct Group<'a> {
    version: &'a Version,
    mount: &'a [u8],
    path: &'a [u8],
}

/// Has any group had a limit when we last could look? If so, what can't be read now counts as no room.
static LIMITED: AtomicBool = AtomicBool::new(false);

/// Would committing `bytes` now stay inside every group's limit?
pub fn has_headroom(bytes: u64) -> bool {
    let mut limited = false;
    let mut enough = |group: &Group<'_>| {
        let Some(max) = group.limit()? else { return Ok(true) };
        limited = true;
        let used = number(group.file(group.version.current)?)?.unwrap_or(0);
        let free = max.saturating_sub(used.saturating_sub(group.reclaimable()?));
        Ok(free >= bytes.saturating_add(MARGIN))
    };
    let room = for_each(|group| match enough(group) {
        Ok(true) => ControlFlow::Continue(()),
        Ok(false) | Err(Unread::Absent) => ControlFlow::Break(false),
        Err(Unread::Unknown) => ControlFlow::Break(!LIMITED.load(Relaxed)),
    });
    match room {
        Ok(None) => {
            LIMITED.store(limited, Relaxed);
            true
        }
        Ok(Some(room)) => {
            LIMITED.fetch_or(limited, Relaxed);
            room
        }
        Err(_) => !LIMITED.load(Relaxed),
    }
}

/// The smallest limit of all groups, if any has one.
pub fn limit() -> Option<u64> {
    let mut smallest = None;
    let _ = for_each(|group| {
        if let Ok(Some(max)) = group.limit() {
            smallest = Some(smallest.map_or(max, |least: u64| least.min(max)));
            LIMITED.store(true, Relaxed);
        }
        ControlFlow::<()>::Continue(())
    });
    smallest
}

/// Runs `each` on the process's own group and its parents, as far as they exist, until it breaks; with what.
fn for_each<T>(mut each: impl FnMut(&Group<'_>) -> ControlFlow<T>) -> Result<Option<T>, Unread> {
    let mut buffer = [0; 4096];
    let text = match read(c"/proc/self/cgroup", &mut buffer) {
        Ok(text) => text,
        Err(Unread::Absent) => return Ok(None),
        Err(Unread::Unknown) => return Err(Unread::Unknown),
    };
    for line in text.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(3, |byte| *byte == b':');
        let (_, controllers, path) = (parts.next(), parts.next().unwrap_or(b""), parts.next().unwrap_or(b"/"));
        let version = match controllers {
            b"" if !line.is_empty() => &V2,
            _ if controllers.split(|byte| *byte == b',').any(|c| c == b"memory") => &V1,
            _ => continue,
        };
        for mount in version.mounts {
            if let ControlFlow::Break(what) = upwards(version, mount, path, &mut each) {
                return Ok(Some(what));
            }
        }
    }
    Ok(None)
}

/// The group at `path` below the mount and every parent of it. Inside a container the path may not exist
/// below the mount; the mount itself is then the group.
fn upwards<T>(version: &Version, mount: &[u8], path: &[u8], each: &mut impl FnMut(&Group<'_>) -> ControlFlow<T>) -> ControlFlow<T> {
    let mut path = path;
    loop {
        path = path.strip_suffix(b"/").unwrap_or(path);
        let group = Group { version, mount, path };
        // Only what has this file is a group with a memory controller; one that can't be opened may have it.
        if group.file(version.current).and_then(number) != Err(Unread::Absent) {
            each(&group)?;
        }
        let Some(parent) = path.iter().rposition(|byte| *byte == b'/') else { return ControlFlow::Continue(()) };
        path = &path[..parent];
    }
}

impl Group<'_> {
    fn file(&self, name: &[u8]) -> Result<PathBuffer, Unread> {
        PathBuffer::new(&[self.mount, self.path, name]).ok_or(Unread::Absent)
    }

    /// None for "max", for v1's "no limit", and for a root without such a file.
    fn limit(&self) -> Result<Option<u64>, Unread> {
        match number(self.file(self.version.max)?) {
            Err(Unread::Absent) => Ok(None),
            limit => limit,
        }
    }

    /// File cache that the kernel can drop for us without writing it back.
    fn reclaimable(&self) -> Result<u64, Unread> {
        let mut buffer = [0u8; 4096];
        let text = match read(self.file(b"/memory.stat")?.as_c_str(), &mut buffer) {
            Err(Unread::Absent) => return Ok(0),
            text => text?,
        };
        let line = text.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"inactive_file "));
        Ok(line.map_or(0, |digits| digits.iter().take_while(|b| b.is_ascii_digit()).fold(0u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')))))
    }
}

/// The number in a file; None if it is no number, or v1's "no limit".
fn number(path: PathBuffer) -> Result<Option<u64>, Unread> {
    let mut buffer = [0u8; 64];
    let text = read(path.as_c_str(), &mut buffer)?.trim_ascii();
    let value = text.iter().try_fold(0u64, |n, b| match b {
        b'0'..=b'9' => n.checked_mul(10)?.checked_add(u64::from(b - b'0')),
        _ => None,
    });
    Ok(value.filter(|value| *value < 1 << 62))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_and_its_parents() {
        let mut seen = Vec::new();
        let stop = upwards(&V2, b"/nowhere", b"/a/b/", &mut |group| {
            seen.push(group.path.to_vec());
            ControlFlow::<()>::Continue(())
        });
        assert!(seen.is_empty() && stop == ControlFlow::Continue(()));
        assert_eq!(number(PathBuffer::new(&[b"/proc/sys/kernel/threads-max"]).expect("room")).map(|n| n.is_some()), Ok(true));
        assert_eq!(number(PathBuffer::new(&[b"/proc/sys/kernel/ostype"]).expect("room")), Ok(None));
    }
}
