/* Stands before the C library (LD_PRELOAD) and lets one call fail that libmempool_bulk makes to get something:
 * the one whose number is in NTH. Calls of anybody else go through. With NTH_COUNT, a file, their number is written
 * there at the end. A process that ends with one thread has its pages counted: one that is lost ends it with 120. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <mempool_bulk.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static uintptr_t first, last;         /* the library's code */
static atomic_long *made;             /* calls so far, of children too */
static long nth = -1;
static pid_t main_process;

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	if (!info->dlpi_name || !strstr(info->dlpi_name, "libmempool_bulk.so"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
			first = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			last = first + info->dlpi_phdr[i].p_memsz;
		}
	return 1;
}

/* The library's own constructors run before this one: so it is called by whoever comes first. */
static void set_up(void)
{
	const char *text;
	long at;

	if (made)
		return;
	at = syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	made = (atomic_long *)at;
	main_process = getpid();
	text = getenv("NTH");
	nth = text ? atol(text) : -1;
	dl_iterate_phdr(look, NULL);
}

static int strikes(void *caller)
{
	static _Thread_local int inside;
	int hit = 0;

	if (inside)
		return 0;
	inside = 1;
	set_up();
	if ((uintptr_t)caller >= first && (uintptr_t)caller < last)
		hit = atomic_fetch_add(made, 1) + 1 == nth;
	inside = 0;
	return hit;
}

#define STRIKES strikes(__builtin_return_address(0))
#define FAIL(error, result)                                                                       \
	do {                                                                                      \
		if (STRIKES) {                                                                    \
			errno = (error);                                                          \
			return (result);                                                          \
		}                                                                                 \
	} while (0)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t n) { FAIL(ENOMEM, NULL); return __libc_malloc(n); }
void *calloc(size_t n, size_t size) { FAIL(ENOMEM, NULL); return __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { FAIL(ENOMEM, NULL); return __libc_realloc(p, n); }
void *aligned_alloc(size_t align, size_t n) { FAIL(ENOMEM, NULL); return __libc_memalign(align, n); }

int posix_memalign(void **p, size_t align, size_t n)
{
	if (STRIKES)
		return ENOMEM;
	*p = __libc_memalign(align, n);
	return *p ? 0 : ENOMEM;
}

static void *map(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, at, n, prot, flags, fd, offset);
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset) { FAIL(ENOMEM, MAP_FAILED); return map(at, n, prot, flags, fd, offset); }
void *mmap64(void *at, size_t n, int prot, int flags, int fd, off_t offset) { FAIL(ENOMEM, MAP_FAILED); return map(at, n, prot, flags, fd, offset); }
int munmap(void *at, size_t n) { FAIL(ENOMEM, -1); return (int)syscall(SYS_munmap, at, n); }
int mprotect(void *at, size_t n, int prot) { FAIL(ENOMEM, -1); return (int)syscall(SYS_mprotect, at, n, prot); }
int madvise(void *at, size_t n, int advice) { FAIL(ENOMEM, -1); return (int)syscall(SYS_madvise, at, n, advice); }
int mlock(const void *at, size_t n) { FAIL(EAGAIN, -1); return (int)syscall(SYS_mlock, at, n); }
int memfd_create(const char *name, unsigned int flags) { FAIL(EMFILE, -1); return (int)syscall(SYS_memfd_create, name, flags); }
int ftruncate(int fd, off_t n) { FAIL(ENOSPC, -1); return (int)syscall(SYS_ftruncate, fd, n); }

int open(const char *path, int flags, ...)
{
	va_list more;
	int mode;

	va_start(more, flags);
	mode = va_arg(more, int);
	va_end(more);
	FAIL(EMFILE, -1);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

ssize_t read(int fd, void *to, size_t n) { FAIL(EIO, -1); return syscall(SYS_read, fd, to, n); }

/* Of those that have no function: the barrier over all CPUs. What sleeps and wakes can't fail. */
long syscall(long number, ...)
{
	static long (*next)(long, ...);
	va_list more;
	long a[6];

	va_start(more, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(more, long);
	va_end(more);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_membarrier)
		FAIL(EPERM, -1);
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *library)
{
	static int (*next)(void (*)(void), void (*)(void), void (*)(void), void *);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "__register_atfork");
	if (STRIKES)
		return ENOMEM;
	return next(prepare, parent, child, library);
}

static int threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int n = 0;

	for (struct dirent *entry; tasks && (entry = readdir(tasks)) != NULL;)
		n += entry->d_name[0] != '.';
	if (tasks)
		closedir(tasks);
	return n;
}

/* The counts of where pages lie, and the states of the pages, which a dump counts one by one, agree. */
static int conserved(void)
{
	struct mempool_bulk_stats s = { .struct_size = sizeof(s) };
	unsigned long held = 0, reserve = 0, free_now = 0, bad = 0;
	char text[8192] = "";
	const char *line;
	int fd[2];

	mempool_bulk_get_stats(&s);
	if (pipe(fd) != 0 || mempool_bulk_dump(fd[1]) != 0)
		return 1;
	close(fd[1]);
	syscall(SYS_read, fd[0], text, sizeof(text) - 1);
	close(fd[0]);
	line = strstr(text, "states: ");
	if (!line)
		return s.pages_committed == 0;
	sscanf(line, "states: held %lu reserve %lu free %lu bad %lu", &held, &reserve, &free_now, &bad);
	return held + reserve + free_now + bad == s.pages_committed && free_now == s.pages_free + s.pages_cached;
}

__attribute__((destructor)) static void at_the_end(void)
{
	const char *path = getenv("NTH_COUNT");
	char text[32];
	int fd;

	if (!made || getpid() != main_process)
		return;
	nth = -1;
	if (path && (fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644)) >= 0) {
		int n = snprintf(text, sizeof(text), "%ld\n", atomic_load(made));

		if (write(fd, text, (size_t)n) != n)
			_exit(121);
		close(fd);
	}
	if (threads() == 1 && !conserved()) {
		mempool_bulk_dump(2);
		fputs("pages are lost, or there twice\n", stderr);
		_exit(120);
	}
}
