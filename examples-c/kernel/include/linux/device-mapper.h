/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/device-mapper.h: block devices that map their requests to others; the harness is the mapper. */
#ifndef EXAMPLE_LINUX_DEVICE_MAPPER_H
#define EXAMPLE_LINUX_DEVICE_MAPPER_H

#include <linux/bio.h>
#include <linux/blkdev.h>

struct dm_target {
	void *private;
	const char *error; /* why the constructor failed */
};

struct dm_dev {
	struct block_device *bdev;
};

enum { DM_MAPIO_SUBMITTED, DM_MAPIO_REMAPPED };
enum status_type { STATUSTYPE_INFO, STATUSTYPE_TABLE };

struct target_type {
	const char *name;
	int (*ctr)(struct dm_target *target, unsigned int argc, char **argv);
	void (*dtr)(struct dm_target *target);
	int (*map)(struct dm_target *target, struct bio *bio);
	void (*status)(struct dm_target *target, enum status_type type, unsigned int flags, char *result, unsigned int maxlen);
};

int dm_register_target(struct target_type *type);
void dm_unregister_target(struct target_type *type);
int dm_get_device(struct dm_target *target, const char *path, fmode_t mode, struct dm_dev **result);
void dm_put_device(struct dm_target *target, struct dm_dev *dev);

#endif
