//! Push and pop of a CPU's slab: as restartable sections, or under the slab's lock in the fallback.
//! Both look at stop first, and both change length and count with one store. Writes before that store
//! go to entries beyond the length only. Knows no depot and no state byte.

use super::cpu::{Aborted, Cpu, Header, Memory, Section, Thread};
use super::{Guarded, Page, World};
use crate::bug::Bug;

/// Is the slab stopped, or how many pages went in or out? None means empty or full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    Pages(usize),
    Stopped,
}

/// Does a pop count as handing out?
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    User,
    Depot,
}

impl Header {
    fn popped(self, n: usize, by: For) -> Header {
        Header { len: self.len - n, popped: self.popped + if by == For::User { n } else { 0 } }
    }

    fn pushed(self, n: usize) -> Header {
        Header { len: self.len + n, ..self }
    }
}

impl World {
    /// Pops `n` pages to the end of `out`: all or nothing for a user (unless the world is set up
    /// otherwise), what there is for the depot.
    pub(super) fn pop(&self, me: &Thread, n: usize, by: For, out: &mut Vec<Page>) -> Moved {
        let before = out.len();
        self.restarting(me, |cpu| match self.setup.guarded {
            Guarded::Locks => Ok(self.locked(cpu, |m| locked_pop(m, self.enough(m.header, n, by), by, out))),
            Guarded::Sections => {
                if !self.has(Bug::CursorSurvivesAbort) {
                    out.truncate(before);
                }
                self.try_pop(&self.section(cpu, me), n, by, out)
            }
        })
    }

    /// Pushes as many of `pages` as fit, the first ones.
    pub(super) fn push(&self, me: &Thread, pages: &[Page]) -> Moved {
        self.restarting(me, |cpu| match self.setup.guarded {
            Guarded::Locks => Ok(self.locked(cpu, |m| locked_push(m, pages))),
            Guarded::Sections => self.try_push(&self.section(cpu, me), pages),
        })
    }

    /// Until it was not aborted; each time on the CPU the thread is then on.
    fn restarting(&self, me: &Thread, mut attempt: impl FnMut(&Cpu) -> Result<Moved, Aborted>) -> Moved {
        loop {
            match attempt(&self.cpus[me.cpu()]) {
                Ok(moved) => return moved,
                Err(Aborted) => me.migrate(),
            }
        }
    }

    fn section<'a>(&'a self, cpu: &'a Cpu, me: &Thread) -> Section<'a> {
        Section::new(cpu, me, &self.ghost.barriers)
    }

    /// The header of a slab that is not stopped. Stop comes first: a header read while the slab was
    /// stopped may be older than the drain, and nothing aborts the section when stop is cleared.
    fn open(&self, section: &Section) -> Result<Option<Header>, Aborted> {
        if self.has(Bug::HeaderBeforeStop) {
            let header = section.step(|m| m.header)?;
            return Ok((!section.stopped()?).then_some(header));
        }
        if section.stopped()? {
            return Ok(None);
        }
        section.step(|m| Some(m.header))
    }

    fn try_pop(&self, section: &Section, n: usize, by: For, out: &mut Vec<Page>) -> Result<Moved, Aborted> {
        let Some(header) = self.open(section)? else { return Ok(Moved::Stopped) };
        let n = self.enough(header, n, by);
        if n == 0 {
            return Ok(Moved::Pages(0));
        }
        let moves = by == For::Depot && self.has(Bug::FlushMovesEntries);
        for i in 0..n {
            let at = if moves { i } else { header.len - 1 - i };
            out.push(section.step(|m| m.entries[at])?);
        }
        for i in if moves { n..header.len } else { 0..0 } {
            section.step(|m| m.entries[i - n] = m.entries[i])?;
        }
        if self.has(Bug::HeaderInTwoStores) {
            section.commit(Header { len: header.len - n, ..header })?;
        }
        section.commit(header.popped(n, by))?;
        Ok(Moved::Pages(n))
    }

    /// How many of `n` wanted pages a pop takes.
    fn enough(&self, header: Header, n: usize, by: For) -> usize {
        if header.len < n && by == For::User && !self.setup.partial_pops { 0 } else { n.min(header.len) }
    }

    fn try_push(&self, section: &Section, pages: &[Page]) -> Result<Moved, Aborted> {
        let Some(header) = self.open(section)? else { return Ok(Moved::Stopped) };
        let n = pages.len().min(self.setup.room - header.len);
        if n == 0 {
            return Ok(Moved::Pages(0));
        }
        if self.has(Bug::LenBeforeEntries) {
            section.commit(header.pushed(n))?;
        }
        for (i, page) in pages[..n].iter().enumerate() {
            section.step(|m| m.entries[header.len + i] = *page)?;
        }
        section.commit(header.pushed(n))?;
        Ok(Moved::Pages(n))
    }

    /// The fallback: stop is looked at under the slab's lock, so a drain that has had the lock since it
    /// set stop knows that no owner is inside.
    fn locked(&self, cpu: &Cpu, work: impl FnOnce(&mut Memory) -> usize) -> Moved {
        let early = self.has(Bug::StopBeforeSlabLock).then(|| cpu.access(|m| m.stop));
        let _guard = cpu.lock.lock();
        if early.unwrap_or_else(|| cpu.access(|m| m.stop)) {
            return Moved::Stopped;
        }
        Moved::Pages(cpu.access(work))
    }
}

fn locked_pop(m: &mut Memory, n: usize, by: For, out: &mut Vec<Page>) -> usize {
    out.extend(m.entries[m.header.len - n..m.header.len].iter().rev());
    m.header = m.header.popped(n, by);
    n
}

fn locked_push(m: &mut Memory, pages: &[Page]) -> usize {
    let len = m.header.len;
    let n = pages.len().min(m.entries.len() - len);
    m.entries[len..len + n].copy_from_slice(&pages[..n]);
    m.header = m.header.pushed(n);
    n
}
