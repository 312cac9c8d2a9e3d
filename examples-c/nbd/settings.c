/* The plugin's parameters; see settings.h. */
#define NBDKIT_API_VERSION 2
#include "settings.h"

#include <nbdkit-plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct settings settings = { .sector = 4096, .pool_pages = 256 };
static bool have_key, have_way;

const char settings_help[] =
	"size=SIZE       (required, but for a file that exists) size of the disk, a multiple of the sector\n"
	"key=HEX         (required) 64 bytes of key as 128 digits; +FILE reads them from a file, - asks for them\n"
	"file=PATH       keep the ciphertext in this file; else in RAM, where it is lost with the server\n"
	"sector=512|4096 bytes that are encrypted as one; default 4096\n"
	"alloc=WAY       where a write's pages come from: malloc, mmap, single, bulk-array (default), bulk-cb, runs\n"
	"pool=PAGES      pages in the pool's reserve, default 256; a write takes at most that many at once\n"
	"limit=SIZE      most memory that the page allocator may have; default 3/4 of the machine\n"
	"delay=MS        how long the disk takes for a piece of a write, so many milliseconds longer than memory takes; default 0\n"
	"report=PATH     write counters to this file when the server ends\n";

static int complain(const char *name, const char *what)
{
	nbdkit_error("%s: %s", name, what);
	return -1;
}

static int set_size(const char *name, const char *value, uint64_t *into)
{
	int64_t size = nbdkit_parse_size(value);

	if (size < 0)
		return -1; /* nbdkit said why */
	if (size == 0)
		return complain(name, "must not be 0");
	*into = (uint64_t)size;
	return 0;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c | 0x20) : NULL;

	return found ? (int)(found - digits) : -1;
}

static bool parse_key(const char *hex)
{
	if (strlen(hex) != 2 * SECTOR_KEY_BYTES)
		return false;
	for (size_t i = 0; i < SECTOR_KEY_BYTES; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		settings.key[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static int set_key(const char *value)
{
	char *hex;

	if (nbdkit_read_password(value, &hex) != 0)
		return -1;
	have_key = parse_key(hex);
	free(hex);
	if (!have_key)
		return complain("key", "128 hexadecimal digits are needed");
	if (memcmp(settings.key, settings.key + SECTOR_KEY_BYTES / 2, SECTOR_KEY_BYTES / 2) == 0)
		return complain("key", "the two halves of an XTS key must differ");
	return 0;
}

static int set_path(const char *value, char **into)
{
	free(*into);
	*into = nbdkit_absolute_path(value);
	return *into ? 0 : -1;
}

static int set_sector(const char *value)
{
	unsigned int sector;

	if (nbdkit_parse_unsigned("sector", value, &sector) != 0)
		return -1;
	settings.sector = sector;
	return sector == 512 || sector == 4096 ? 0 : complain("sector", "must be 512 or 4096");
}

static int set_pool(const char *value)
{
	if (nbdkit_parse_unsigned("pool", value, &settings.pool_pages) != 0)
		return -1;
	return settings.pool_pages >= 1 && settings.pool_pages <= 1 << 24 ? 0 : complain("pool", "must be 1 to 16777216 pages");
}

static int set_way(const char *value)
{
	have_way = memory_choose(value) == 0;
	return have_way ? 0 : complain("alloc", "must be malloc, mmap, single, bulk-array, bulk-cb or runs");
}

int settings_config(const char *name, const char *value)
{
	if (strcmp(name, "size") == 0)
		return set_size(name, value, &settings.size);
	if (strcmp(name, "limit") == 0)
		return set_size(name, value, &settings.limit);
	if (strcmp(name, "key") == 0)
		return set_key(value);
	if (strcmp(name, "file") == 0)
		return set_path(value, &settings.file);
	if (strcmp(name, "report") == 0)
		return set_path(value, &settings.report);
	if (strcmp(name, "sector") == 0)
		return set_sector(value);
	if (strcmp(name, "pool") == 0)
		return set_pool(value);
	if (strcmp(name, "delay") == 0)
		return nbdkit_parse_unsigned(name, value, &settings.delay_ms);
	if (strcmp(name, "alloc") == 0)
		return set_way(value);
	return complain(name, "no such parameter");
}

int settings_complete(void)
{
	if (!have_key)
		return complain("key", "is required");
	if (!settings.size && !settings.file)
		return complain("size", "is required");
	if (settings.limit && settings.limit / MEMORY_PAGE_BYTES < settings.pool_pages)
		return complain("limit", "must be room enough for the pool");
	return have_way ? 0 : set_way("bulk-array");
}

void settings_free(void)
{
	free(settings.file);
	free(settings.report);
}
