/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* linux/device.h: for declarations of functions that are given a device. */
#ifndef MEMPOOL_BULK_LINUX_DEVICE_H
#define MEMPOOL_BULK_LINUX_DEVICE_H

#include <linux/kernel.h>
#include <linux/slab.h>

struct device;
struct class;
struct bus_type;
struct device_driver;

#endif
