// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stream.h"
#include "t.h"
#include "victim.h"

#define CHUNK (64 << 10)
#define TRIES_WHEN_FULL 5

/* More extents than fit into an inode, so that there is a tree for them */
#define PIECES 64
#define PIECES_AT (64UL << 20)

void victim_find_blocks(int fd, uint64_t len, struct victim_blocks *ret)
{
	const unsigned max = sizeof(ret->extent) / sizeof(ret->extent[0]);
	struct fiemap *map;
	unsigned i;

	map = calloc(1, sizeof(*map) + max * sizeof(map->fm_extents[0]));
	if (!map)
		t_bail("out of memory");
	map->fm_length = len;
	map->fm_flags = FIEMAP_FLAG_SYNC;
	map->fm_extent_count = max;
	if (ioctl(fd, FS_IOC_FIEMAP, map))
		t_bail("FIEMAP");
	if (map->fm_mapped_extents == max)
		t_bail("a file in more than %u pieces", max);
	ret->n = map->fm_mapped_extents;
	for (i = 0; i < ret->n; i++) {
		ret->extent[i].start = map->fm_extents[i].fe_physical;
		ret->extent[i].len = map->fm_extents[i].fe_length;
	}
	free(map);
}

uint64_t victim_overlap(const struct victim_blocks *a,
			const struct victim_blocks *b)
{
	uint64_t start, end, other_end, sum = 0;
	unsigned i, j;

	for (i = 0; i < a->n; i++) {
		for (j = 0; j < b->n; j++) {
			start = a->extent[i].start;
			end = start + a->extent[i].len;
			other_end = b->extent[j].start + b->extent[j].len;
			if (b->extent[j].start > start)
				start = b->extent[j].start;
			if (other_end < end)
				end = other_end;
			if (end > start)
				sum += end - start;
		}
	}
	return sum;
}

/* Every word differs, and no word is one of a stream */
static void fill_pattern(void *buf, size_t len, uint64_t offset)
{
	uint64_t *words = buf;
	size_t i;

	for (i = 0; i < len / sizeof(*words); i++)
		words[i] = 0x5649435400000000ULL | (offset / 8 + i);
}

/* Blocks freed a moment ago may be given out only after a commit */
static ssize_t write_when_full(int fd, const void *buf, size_t len)
{
	ssize_t n = -1;
	int try;

	for (try = 0; n < 0 && try < TRIES_WHEN_FULL; try++) {
		syncfs(fd);
		n = write(fd, buf, len);
	}
	return n;
}

void victim_create(const char *path)
{
	char block[4096] = "";
	int fd, i;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		t_bail("creating %s", path);
	for (i = 0; i < PIECES; i++)
		if (pwrite(fd, block, sizeof(block),
			   PIECES_AT + 2L * i * sizeof(block)) < 0)
			t_bail("writing %s", path);
	if (fsync(fd))
		t_bail("fsync %s", path);
	close(fd);
}

int victim_write(const char *path, size_t max_len, size_t *ret_len)
{
	char buf[CHUNK];
	size_t len;
	ssize_t n;
	int err = 0, fd;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	for (len = 0; len < max_len; len += n) {
		fill_pattern(buf, CHUNK, len);
		n = write(fd, buf, CHUNK);
		if (n < 0 && errno == ENOSPC)
			n = write_when_full(fd, buf, CHUNK);
		if (n < 0) {
			err = errno;
			break;
		}
	}
	if (err == ENOSPC)
		err = 0;
	if (!err && fsync(fd))
		err = errno;
	close(fd);
	if (!err)
		*ret_len = len;
	return err;
}

static uint64_t count_bad(const char *buf, size_t len, uint64_t offset)
{
	char expected[CHUNK] __attribute__((aligned(8)));
	uint64_t bad = 0;
	size_t i;

	fill_pattern(expected, CHUNK, offset);
	if (!memcmp(buf, expected, len))
		return 0;
	for (i = 0; i < len; i++)
		bad += buf[i] != expected[i];
	return bad;
}

static uint64_t check_by_read(const char *path, int flags, size_t len,
			      uint64_t *stream)
{
	uint64_t bad = 0;
	size_t done;
	ssize_t n;
	void *buf;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	if (fd < 0)
		t_bail("opening the victim");
	if (posix_memalign(&buf, 4096, CHUNK))
		t_bail("out of memory");
	for (done = 0; done < len; done += n) {
		n = pread(fd, buf, len - done < CHUNK ? len - done : CHUNK,
			  done);
		if (n <= 0)
			t_bail("reading the victim at %zu", done);
		bad += count_bad(buf, n, done);
		*stream += stream_count_words(buf, n);
	}
	free(buf);
	close(fd);
	return bad;
}

static uint64_t check_by_mapping(const char *path, size_t len)
{
	uint64_t bad = 0;
	size_t done, n;
	char *addr;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	addr = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (fd < 0 || addr == MAP_FAILED)
		t_bail("mapping the victim");
	for (done = 0; done < len; done += n) {
		n = len - done < CHUNK ? len - done : CHUNK;
		bad += count_bad(addr + done, n, done);
	}
	munmap(addr, len);
	close(fd);
	return bad;
}

struct victim_damage victim_check(const char *path, size_t len)
{
	struct victim_damage damage = {0};
	uint64_t ignored = 0;

	damage.read = check_by_read(path, 0, len, &damage.stream);
	damage.direct = check_by_read(path, O_DIRECT, len, &ignored);
	damage.mapped = check_by_mapping(path, len);
	return damage;
}
