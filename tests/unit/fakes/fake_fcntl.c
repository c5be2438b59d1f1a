// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * fcntl(2) of a kernel with layout leases and ordinary ones.  As there, the
 * armed owner is sent the armed signal, and both are forgotten when the lease
 * ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/record.h"
#include "../lib/wait.h"
#include "base/sys.h"
#include "fake_fcntl.h"
#include "fake_sigtimedwait.h"

int __real_sys_fcntl(int fd, int command, uintptr_t arg);
int __wrap_sys_fcntl(int fd, int command, uintptr_t arg);

struct fake_fcntl fake_fcntl;

#define MAX_FILES 8

/* File offset of the description that is mapped */
#define MAPPED_OFFSET 4242

/* Of one file, on which there is one lease at most */
static struct inode {
	const struct file *file;
	bool has_lease;
	int type;
	bool is_breaking;
	int signal, owner_type;
	pid_t owner;
	int fd;
} inodes[MAX_FILES];

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void fake_fcntl_files(const struct file *files, size_t n_files)
{
	size_t i;

	pthread_mutex_lock(&mutex);
	memset(inodes, 0, sizeof(inodes));
	for (i = 0; i < n_files; i++) {
		inodes[i].file = &files[i];
		(void)lseek(files[i].fd, MAPPED_OFFSET, SEEK_SET);
	}
	pthread_mutex_unlock(&mutex);
}

static struct inode *find(dev_t dev, ino_t ino)
{
	size_t i;

	for (i = 0; i < MAX_FILES && inodes[i].file; i++)
		if (inodes[i].file->dev == dev && inodes[i].file->ino == ino)
			return &inodes[i];
	return NULL;
}

static void say(const char *what, const struct inode *inode)
{
	if (!fake_fcntl.is_quiet)
		record("%s %c", what, 'a' + (int)(inode - inodes));
}

static void forget(struct inode *inode)
{
	inode->has_lease = false;
	inode->signal = 0;
	inode->owner = 0;
}

/* fs/locks.c: check_conflicting_open(), generic_add_lease() */
static int check_type(int fd, int type)
{
	bool is_mapped = sys_call(SYS_lseek, fd, 0, SEEK_CUR, 0, 0, 0) ==
			 MAPPED_OFFSET;
	int mode = __real_sys_fcntl(fd, F_GETFL, 0) & O_ACCMODE;

	switch (type) {
	case F_LAYOUT:
		return fake_fcntl.layout_errno;
	case F_LAYOUT_WRITE:
		return fake_fcntl.layout_write_errno;
	case F_WRLCK:
		/* Of another description, that of the mapping is in the way. */
		return !is_mapped || fake_fcntl.n_readers ||
				       fake_fcntl.n_writers ?
			       EAGAIN :
			       0;
	case F_RDLCK:
		return mode != O_RDONLY || fake_fcntl.n_writers ? EAGAIN : 0;
	}
	return EINVAL;
}

static const char *name_of(int type)
{
	switch (type) {
	case F_WRLCK:
		return "write ";
	case F_RDLCK:
		return "read ";
	case F_LAYOUT_WRITE:
		return "kept ";
	}
	return "";
}

static int set_lease(struct inode *inode, int fd, int type)
{
	int r;

	if (type == F_UNLCK) {
		if (!inode->has_lease)
			return EAGAIN;
		if (fake_fcntl.unlock_errno)
			return fake_fcntl.unlock_errno;
		if (fake_fcntl.on_unlock)
			fake_fcntl.on_unlock(inode->file);
		say("unlock", inode);
		forget(inode);
		return 0;
	}
	r = check_type(fd, type);
	if (!r)
		r = fault_now(&fake_fcntl.set_lease);
	/* To set it again succeeds, and it stays broken. */
	if (!r && inode->is_breaking && !inode->has_lease)
		r = EAGAIN;
	if (r)
		return r;
	if (!fake_fcntl.is_quiet)
		record("%s%slease %c",
		       inode->signal && inode->owner ? "" : "unarmed ",
		       name_of(type), 'a' + (int)(inode - inodes));
	inode->has_lease = true;
	inode->type = type;
	inode->fd = fd;
	return 0;
}

static int command_on(struct inode *inode, int fd, int command, void *arg)
{
	const struct f_owner_ex *owner = arg;

	switch (command) {
	case F_SETSIG:
		say(arg ? "signal" : "no signal", inode);
		inode->signal = (intptr_t)arg;
		return 0;
	case F_SETOWN_EX:
		say(!owner->pid			   ? "no owner" :
		    owner->type == F_OWNER_TID ? "owner" :
						     "wrong owner",
		    inode);
		inode->owner = owner->pid;
		inode->owner_type = owner->type;
		return 0;
	case F_GETOWN_EX:
		*(struct f_owner_ex *)arg = (struct f_owner_ex){
			.type = inode->owner_type,
			.pid = inode->owner,
		};
		return 0;
	case F_SETLEASE:
		return set_lease(inode, fd, (intptr_t)arg);
	}
	return ENOSYS;
}

int __wrap_sys_fcntl(int fd, int command, uintptr_t value)
{
	struct inode *inode;
	struct stat st;
	void *arg = (void *)value;
	int r, type = 0;

	if (fake_fcntl.refused_errno &&
	    (command == fake_fcntl.refused_command ||
	     fake_fcntl.refused_command == FAKE_ANY_COMMAND)) {
		errno = fake_fcntl.refused_errno;
		return -1;
	}
	if (command != F_SETSIG && command != F_SETOWN_EX &&
	    command != F_SETLEASE && command != F_GETLEASE &&
	    command != F_GETSIG && command != F_GETOWN_EX)
		return __real_sys_fcntl(fd, command, value);

	if (sys_fstat(fd, &st))
		return -1;
	pthread_mutex_lock(&mutex);
	inode = find(st.st_dev, st.st_ino);
	if (!inode) {
		pthread_mutex_unlock(&mutex);
		return __real_sys_fcntl(fd, command, value);
	}
	if (command == F_SETLEASE && (value == F_LAYOUT ||
				      value == F_LAYOUT_WRITE) &&
	    fake_fcntl.on_layout) {
		pthread_mutex_unlock(&mutex);
		fake_fcntl.on_layout(inode->file);
		pthread_mutex_lock(&mutex);
	}
	if (__real_sys_fcntl(fd, F_GETFL, 0) & O_PATH) {
		r = EBADF;
	} else if (command == F_GETLEASE) {
		type = inode->has_lease && !inode->is_breaking ? inode->type :
								 F_UNLCK;
		r = 0;
	} else if (command == F_GETSIG) {
		type = inode->signal;
		r = 0;
	} else {
		r = command_on(inode, fd, command, arg);
	}
	pthread_mutex_unlock(&mutex);
	errno = r;
	return r ? -1 : type;
}

static void send_signal(struct inode *inode)
{
	siginfo_t info = { 0 };

	if (!inode->signal || !inode->owner) {
		fake_fcntl.n_unarmed++;
		return;
	}
	if (fake_fcntl.loses_signals)
		return;
	/* Nobody may send POLL_MSG: fake_sigtimedwait.c makes it of this. */
	info.si_code = SI_QUEUE;
	info.si_value.sival_ptr = &fake_break_marks[inode->fd];
	if (syscall(SYS_rt_tgsigqueueinfo, getpid(), inode->owner,
		    inode->signal, &info))
		(void)syscall(SYS_tgkill, getpid(), inode->owner, SIGIO);
}

void fake_break_begin(const struct file *file)
{
	struct inode *inode;

	pthread_mutex_lock(&mutex);
	inode = find(file->dev, file->ino);
	inode->is_breaking = true;
	if (inode->has_lease)
		send_signal(inode);
	pthread_mutex_unlock(&mutex);
}

static bool is_gone(void *arg)
{
	return !fake_lease_exists(arg);
}

bool fake_break_wait(const struct file *file)
{
	return wait_until(is_gone, (void *)file);
}

void fake_break_end(const struct file *file)
{
	pthread_mutex_lock(&mutex);
	find(file->dev, file->ino)->is_breaking = false;
	pthread_mutex_unlock(&mutex);
}

void fake_lease_expire(const struct file *file)
{
	pthread_mutex_lock(&mutex);
	forget(find(file->dev, file->ino));
	pthread_mutex_unlock(&mutex);
}

bool fake_lease_exists(const struct file *file)
{
	bool exists;

	pthread_mutex_lock(&mutex);
	exists = find(file->dev, file->ino)->has_lease;
	pthread_mutex_unlock(&mutex);
	return exists;
}

bool fake_is_armed(const struct file *file)
{
	struct inode *inode;
	bool is_armed;

	pthread_mutex_lock(&mutex);
	inode = find(file->dev, file->ino);
	is_armed = inode->signal || inode->owner;
	pthread_mutex_unlock(&mutex);
	return is_armed;
}
