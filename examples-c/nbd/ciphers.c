/* A list of unused cipher contexts behind a lock; see ciphers.h. */
#include "ciphers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { AT_FIRST = 16 };
static unsigned char key[SECTOR_KEY_BYTES];
static struct cipher *unused;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void cipher_free(struct cipher *cipher)
{
	EVP_CIPHER_CTX_free(cipher->encrypt);
	EVP_CIPHER_CTX_free(cipher->decrypt);
	free(cipher);
}

static struct cipher *cipher_new(void)
{
	struct cipher *cipher = calloc(1, sizeof(*cipher));

	if (!cipher)
		return NULL;
	cipher->encrypt = sector_cipher_new(key, 1);
	cipher->decrypt = sector_cipher_new(key, 0);
	if (cipher->encrypt && cipher->decrypt)
		return cipher;
	cipher_free(cipher);
	return NULL;
}

bool ciphers_setup(const unsigned char with[SECTOR_KEY_BYTES])
{
	memcpy(key, with, sizeof(key));
	for (int i = 0; i < AT_FIRST; i++) {
		struct cipher *cipher = cipher_new();

		if (!cipher)
			return false;
		cipher_give(cipher);
	}
	return true;
}

void ciphers_exit(void)
{
	while (unused) {
		struct cipher *cipher = unused;

		unused = cipher->next;
		cipher_free(cipher);
	}
}

struct cipher *cipher_take(void)
{
	struct cipher *cipher;

	pthread_mutex_lock(&lock);
	cipher = unused;
	if (cipher)
		unused = cipher->next;
	pthread_mutex_unlock(&lock);
	return cipher ? cipher : cipher_new();
}

void cipher_give(struct cipher *cipher)
{
	pthread_mutex_lock(&lock);
	cipher->next = unused;
	unused = cipher;
	pthread_mutex_unlock(&lock);
}
