/* The header after the system's, which bring some of the same names, silent under strict C. */
#include <limits.h>
#include <linux/types.h>
#include <sys/param.h>
#include <sys/queue.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <time.h>
#include <mempool_bulk.h>
#include <mempool_bulk.h>

#if GFP_KERNEL != 0xcc0 || __GFP_DIRECT_RECLAIM != 0x400
#error "flags can be compared by the preprocessor"
#endif

int main(void)
{
	struct list_head list = LIST_HEAD_INIT(list);
	struct iovec iov[1];

	if (alloc_pages_bulk_list(GFP_KERNEL, 1, &list) != 1 || mempool_bulk_regions(iov, 1) != 1)
		return 1;
	return PAGE_SIZE == 4096 && PAGE_SHIFT == 12 && (PAGE_MASK & 4095) == 0 ? 0 : 1;
}
