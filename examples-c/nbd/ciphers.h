/* Cipher contexts for threads that come and go: taken for one request, given back after it. Those that are made at
 * the start are enough for as many threads as nbdkit has by default; further ones need memory. */
#ifndef CIPHERS_H
#define CIPHERS_H

#include "../sector_cipher.h"

struct cipher {
	EVP_CIPHER_CTX *encrypt, *decrypt;
	struct cipher *next;
};

/* False without memory, or for a key whose halves are equal. */
bool ciphers_setup(const unsigned char key[SECTOR_KEY_BYTES]);
void ciphers_exit(void);

/* NULL without memory. */
struct cipher *cipher_take(void);
void cipher_give(struct cipher *cipher);

#endif
