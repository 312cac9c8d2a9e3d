/* The pages of one write: what a disk encrypter needs between the plaintext that it may not change and
 * the disk. Six ways to get them, one per process, to be compared. Knows nothing of ciphers, disks or NBD.
 *
 * Invariant: after memory_get() the memory is resident, whichever way it came. */
#ifndef MEMORY_H
#define MEMORY_H

#include <mempool_bulk.h>
#include <stdint.h>
#include <sys/uio.h>

enum { MEMORY_MAX_PAGES = 256, MEMORY_PAGE_BYTES = 4096 };

struct memory {
	unsigned int nr;
	struct page *pages[MEMORY_MAX_PAGES]; /* from a pool */
	void *piece;                          /* or one piece */
	int runs;                             /* or described already, by the way that knows runs */
	struct iovec run[MEMORY_MAX_PAGES];
};

/* Chooses the way by its name, before anything else; -1 if there is none of that name. */
int memory_choose(const char *name);

/* The names, NULL at the end. */
extern const char *const memory_names[];

/* A pool with that many pages in reserve, of an allocator that may have at most limit bytes (0: no limit of
 * ours). 0 or a negative errno. Ways that need no pool make none. */
int memory_setup(unsigned int pool_pages, uint64_t limit);

/* Gives the pool up; returns how many of its pages never came back. */
uint64_t memory_exit(void);

/* nr pages, at most those of the reserve; may sleep for others' pages. 0, or -ENOMEM where there is no pool. */
int memory_get(struct memory *memory, unsigned int nr);
void memory_put(struct memory *memory);

/* Describes the first bytes of it as runs of addresses, at most MEMORY_MAX_PAGES; returns how many. */
int memory_iovec(struct memory *memory, size_t bytes, struct iovec *iov);

/* The pool's counters; zeros where there is none. */
struct mempool_bulk_pool_stats memory_stats(void);

#endif
