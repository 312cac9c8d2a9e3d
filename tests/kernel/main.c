/* The program of the files that include one header each. That it links shows that what the headers define
 * may be in every file; that it runs, that nothing of theirs does anything before main. */
#include <linux/mempool.h>

int main(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	__free_page(page);
	return page == NULL;
}
