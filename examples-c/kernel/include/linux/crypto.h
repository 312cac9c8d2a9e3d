/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/crypto.h: block ciphers; the harness brings the cipher. */
#ifndef EXAMPLE_LINUX_CRYPTO_H
#define EXAMPLE_LINUX_CRYPTO_H

#include <linux/err.h>
#include <linux/types.h>

struct crypto_cipher;
struct crypto_cipher *crypto_alloc_cipher(const char *name, u32 type, u32 mask);
void crypto_free_cipher(struct crypto_cipher *tfm);
int crypto_cipher_setkey(struct crypto_cipher *tfm, const u8 *key, unsigned int keylen);
void crypto_cipher_encrypt_one(struct crypto_cipher *tfm, u8 *dst, const u8 *src);
void crypto_cipher_decrypt_one(struct crypto_cipher *tfm, u8 *dst, const u8 *src);

#endif
