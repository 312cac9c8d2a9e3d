/* A block server in one thread: eight clients send writes over sockets, a disk thread puts them into a
 * file. Each write needs pages before its data can be read, and memory is bounded: when pages are
 * short the loop does not wait. It queues a request, goes on with the other clients, and an eventfd
 * tells it when the disk thread's frees have completed the request.
 *
 *     cc -o event_loop event_loop.c $(pkg-config --cflags --libs mempool_bulk) -pthread
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mempool_bulk.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CLIENTS = 8, WRITES = 64, MOST = 16, BUDGET = 40 /* pages */ };

struct header {
	uint64_t offset, pages;
};

struct client {
	int socket;
	enum { HEADER, PAGES, CLOSED } state;
	struct header header;
	struct mempool_bulk_request request;
	struct page *pages[MOST];
	struct client *next;
};
/* Lists between threads, each with an eventfd that counts its entries. */
static struct queue {
	struct client *first;
	int filled;
} ready, disk;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct client clients[CLIENTS];
static mempool_t pool;
static int file, epoll, open_clients = CLIENTS;
static unsigned int waited;

static void check(bool ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void push(struct queue *queue, struct client *c)
{
	pthread_mutex_lock(&lock);
	c->next = queue->first;
	queue->first = c;
	pthread_mutex_unlock(&lock);
	check(eventfd_write(queue->filled, 1) == 0, "eventfd");
}

static struct client *pop(struct queue *queue)
{
	struct client *c;
	eventfd_t one;

	check(eventfd_read(queue->filled, &one) == 0, "eventfd");
	pthread_mutex_lock(&lock);
	c = queue->first;
	queue->first = c->next;
	pthread_mutex_unlock(&lock);
	return c;
}

/* In whatever thread freed the pages: nothing but a message to the loop, which sleeps in epoll_wait. */
static void pages_are_there(struct mempool_bulk_request *request)
{
	push(&ready, request->user_data);
}

static void *disk_thread(void *arg)
{
	struct iovec iov[MOST];
	struct client *c;

	while ((c = pop(&disk))->state != CLOSED) {
		int n = mempool_bulk_pages_to_iovec(c->pages, (unsigned int)c->header.pages, iov, MOST);
		ssize_t size = (ssize_t)(c->header.pages * PAGE_SIZE);

		usleep(500); /* a slow disk */
		check(n > 0 && pwritev(file, iov, n, (off_t)c->header.offset) == size, "pwritev");
		mempool_bulk_free_pages(&pool, c->pages, (unsigned int)c->header.pages);
		c->state = HEADER;
		push(&ready, c);
	}
	return arg;
}

static void watch(int op, int fd, uint32_t events, struct client *c)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	check(epoll_ctl(epoll, op, fd, &event) == 0, "epoll_ctl");
}

/* A client's socket is readable, or what it waited for is there. */
static void advance(struct client *c)
{
	if (c->state == HEADER) {
		if (recv(c->socket, &c->header, sizeof(c->header), MSG_WAITALL) != sizeof(c->header) ||
		    c->header.pages == 0 || c->header.pages > MOST) {
			c->state = CLOSED;
			open_clients--;
			return;
		}
		c->state = PAGES;
		memset(c->pages, 0, sizeof(c->pages)); /* the library fills NULL slots */
		c->request = (struct mempool_bulk_request){ .page_array = c->pages, .nr = (unsigned int)c->header.pages,
			.gfp = GFP_NOIO, .done = pages_are_there, .user_data = c };
		if (mempool_bulk_submit(&pool, &c->request) == 0) {
			waited++;
			return; /* pages_are_there() follows */
		}
	}
	for (uint64_t i = 0; i < c->header.pages; i++)
		check(recv(c->socket, page_address(c->pages[i]), PAGE_SIZE, MSG_WAITALL) == (ssize_t)PAGE_SIZE, "recv");
	push(&disk, c);
}

static void loop(void)
{
	struct epoll_event event;
	struct client *c;

	watch(EPOLL_CTL_ADD, ready.filled, EPOLLIN, NULL);
	while (open_clients > 0) {
		check(epoll_wait(epoll, &event, 1, -1) == 1, "epoll_wait");
		c = event.data.ptr ? event.data.ptr : pop(&ready);
		if (!event.data.ptr && c->state == HEADER)
			watch(EPOLL_CTL_MOD, c->socket, EPOLLIN | EPOLLONESHOT, c); /* its write is done: the next may come */
		else
			advance(c);
	}
}

/* A client: writes pages that hold their own place in the file. */
static void *client_thread(void *arg)
{
	int socket = (int)(intptr_t)arg, id = (int)((intptr_t)arg >> 32);
	uint64_t page[512] = { 0 };

	for (int i = 0; i < WRITES; i++) {
		struct header h = { ((uint64_t)id * WRITES + (uint64_t)i) * MOST * PAGE_SIZE, 1 + (uint64_t)(id + i) % MOST };

		check(send(socket, &h, sizeof(h), 0) == sizeof(h), "send");
		for (uint64_t n = 0; n < h.pages; n++) {
			page[0] = page[511] = h.offset + n * PAGE_SIZE;
			check(send(socket, page, sizeof(page), 0) == sizeof(page), "send");
		}
	}
	close(socket);
	return NULL;
}

int main(void)
{
	struct mempool_bulk_config config = { .struct_size = sizeof(config), .limit_bytes = BUDGET * PAGE_SIZE, .node = -1 };
	static struct client end = { .state = CLOSED };
	pthread_t threads[CLIENTS + 1];
	uint64_t at, page[512], pages = 0;

	check((file = open("/tmp", O_TMPFILE | O_RDWR, 0600)) >= 0 && (epoll = epoll_create1(0)) >= 0, "files");
	check((ready.filled = eventfd(0, EFD_SEMAPHORE)) >= 0 && (disk.filled = eventfd(0, EFD_SEMAPHORE)) >= 0, "eventfd");
	check(mempool_bulk_configure(&config) == 0 && mempool_init_pages_bulk(&pool, MOST, NULL, NULL, NULL) == 0, "pool");
	for (intptr_t i = 0; i < CLIENTS; i++) {
		int ends[2];

		check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
		clients[i].socket = ends[0];
		watch(EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLONESHOT, &clients[i]);
		check(pthread_create(&threads[i], NULL, client_thread, (void *)(i << 32 | ends[1])) == 0, "thread");
	}
	check(pthread_create(&threads[CLIENTS], NULL, disk_thread, NULL) == 0, "thread");
	loop();
	push(&disk, &end);
	for (int i = 0; i <= CLIENTS; i++)
		pthread_join(threads[i], NULL);
	mempool_exit(&pool);
	for (int i = 0; i < CLIENTS * WRITES; i++)
		for (uint64_t n = 0; n < 1 + (uint64_t)(i / WRITES + i % WRITES) % MOST; n++, pages++) {
			at = ((uint64_t)i * MOST + n) * PAGE_SIZE;
			check(pread(file, page, sizeof(page), (off_t)at) == sizeof(page), "pread");
			check(page[0] == at && page[511] == at, "wrong data");
		}
	printf("%llu pages written through %d; %u of %d writes waited for pages, the loop for none\n",
	       (unsigned long long)pages, BUDGET, waited, CLIENTS * WRITES);
	return waited > 0 ? 0 : 1;
}
