/* Where the ciphertext lies: in RAM that is committed from the start, or in a file. Knows no keys.
 * All functions return 0 or a positive errno, and may be called from any thread. */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* A file that exists or is made, with at least size bytes; size 0: as many as it has. */
int store_open_file(const char *path, uint64_t size);
/* RAM: takes all of it now, so that no write meets a shortage later. */
int store_open_ram(uint64_t size);
void store_close(void);
uint64_t store_size(void);

int store_write(const struct iovec *iov, int runs, uint64_t offset);
/* The ciphertext at offset, which may lie in the RAM disk itself: then buffer is not used. */
int store_read(const unsigned char **data, unsigned char *buffer, size_t bytes, uint64_t offset);
int store_trim(uint64_t bytes, uint64_t offset);
int store_flush(void);

#endif
