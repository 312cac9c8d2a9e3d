/* The plugin's parameters, from words to numbers. Knows nothing of what they are for. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdint.h>

#include "../sector_cipher.h"

struct settings {
	uint64_t size, limit;
	char *file;   /* NULL: in RAM */
	char *report; /* NULL: none */
	size_t sector;
	unsigned int pool_pages, delay_ms;
	unsigned char key[SECTOR_KEY_BYTES];
};

extern struct settings settings;
extern const char settings_help[];

/* As nbdkit wants them: 0, or -1 after nbdkit_error(). */
int settings_config(const char *name, const char *value);
int settings_complete(void);
void settings_free(void);

#endif
