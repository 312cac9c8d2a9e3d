/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/pagevec.h: a small array of folios that are let go together. */
#ifndef MEMPOOL_BULK_LINUX_PAGEVEC_H
#define MEMPOOL_BULK_LINUX_PAGEVEC_H

#include <linux/mm.h>

#define PAGEVEC_SIZE 31

struct folio_batch {
	unsigned char nr;
	struct folio *folios[PAGEVEC_SIZE];
};

static inline void folio_batch_init(struct folio_batch *batch)
{
	batch->nr = 0;
}

static inline unsigned int folio_batch_count(const struct folio_batch *batch)
{
	return batch->nr;
}

/* How many more there is room for. */
static inline unsigned int folio_batch_add(struct folio_batch *batch, struct folio *folio)
{
	batch->folios[batch->nr++] = folio;
	return PAGEVEC_SIZE - batch->nr;
}

static inline void folio_batch_release(struct folio_batch *batch)
{
	while (batch->nr > 0)
		folio_put(batch->folios[--batch->nr]);
}

#endif
