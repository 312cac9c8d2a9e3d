/* MEMPOOL_BULK_FOREIGN_PAGES: addresses of others stand for themselves, ours are pages. */
#define MEMPOOL_BULK_FOREIGN_PAGES
#include <mempool_bulk.h>

int main(void)
{
	int foreign = 0;
	struct page *page = alloc_page(GFP_KERNEL);
	void *address = page_address(page);

	if (!page || virt_to_page(address) != page || (void *)page == address)
		return 1;
	if (page_address(virt_to_page(&foreign)) != (void *)&foreign)
		return 1;
	__free_page(page);
	return 0;
}
