/* AES-256-XTS of disk sectors by OpenSSL: the sector number is the tweak, as in dm-crypt's "plain64".
 * Knows neither disks nor memory: it allocates nothing after sector_cipher_new(). */
#ifndef SECTOR_CIPHER_H
#define SECTOR_CIPHER_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECTOR_KEY_BYTES = 64 };

/* For one thread at a time; NULL without memory, or for a key whose halves are equal. EVP_CIPHER_CTX_free() frees it. */
static inline EVP_CIPHER_CTX *sector_cipher_new(const unsigned char key[SECTOR_KEY_BYTES], int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_xts(), NULL, key, NULL, encrypt) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

/* One sector; out may be in. */
static inline bool sector_cipher_run(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in, size_t bytes, uint64_t sector)
{
	unsigned char tweak[16] = { 0 };
	int n;

	for (int i = 0; i < 8; i++)
		tweak[i] = (unsigned char)(sector >> (8 * i));
	return EVP_CipherInit_ex(ctx, NULL, NULL, NULL, tweak, -1) == 1 &&
	       EVP_CipherUpdate(ctx, out, &n, in, (int)bytes) == 1 && n == (int)bytes;
}

#endif
