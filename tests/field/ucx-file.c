// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program over UCX registers a mapped file (ucp_mem_map) and has it written to by
 * RDMA; then it takes the file's pages away itself, by a call that UCX has hooks in,
 * or another process truncates it.  All bytes that were sent are in the file before,
 * and nothing is sent with success after.
 *
 *   ucx-file DIR guarded|control    control: without pinsafe that is lost
 *
 * From reports on UCX's hooks of memory (openucx/ucx#2848).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ucp/api/ucp.h>

#include "child.h"
#include "files.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (256UL << 10)
#define CHUNK (16UL << 10)
#define WAIT_NS 20000000000ULL
#define STEP_MS 30000
#define ROUNDS 8
#define RW (PROT_READ | PROT_WRITE)

/* What the child has found, which may end in an assertion of UCX after an error */
static struct result {
	bool is_registered, is_sent, is_done;
	int n_after;	/* that were sent with success after the operation */
} *result;

static ucp_context_h context;
static ucp_worker_h target, client;
static ucp_ep_h ep;
static ucp_rkey_h rkey;
static char chunk[CHUNK];
static struct t_child other;
static char path[FILES_PATH_MAX];

#define CHECK(call)                                              \
	do {                                                     \
		ucs_status_t check_s = (call);                   \
                                                                 \
		if (check_s != UCS_OK)                           \
			t_bail("%s: %s", #call,                  \
			       ucs_status_string(check_s));      \
	} while (0)

static ucp_worker_h open_worker(void)
{
	const ucp_worker_params_t params = {
		.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE,
		.thread_mode = UCS_THREAD_MODE_SINGLE,
	};
	ucp_worker_h worker;

	CHECK(ucp_worker_create(context, &params, &worker));
	return worker;
}

static void open_both(void)
{
	const ucp_params_t params = {
		.field_mask = UCP_PARAM_FIELD_FEATURES,
		.features = UCP_FEATURE_RMA,
	};
	ucp_config_t *config;

	CHECK(ucp_config_read(NULL, NULL, &config));
	CHECK(ucp_init(&params, config, &context));
	ucp_config_release(config);
	target = open_worker();
	client = open_worker();
}

static void on_error(void *arg, ucp_ep_h failed, ucs_status_t status)
{
}

static void connect_to(char *memory, ucp_mem_h memh)
{
	ucp_ep_params_t params = {
		.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS |
			      UCP_EP_PARAM_FIELD_ERR_HANDLER |
			      UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE,
		.err_mode = UCP_ERR_HANDLING_MODE_PEER,
		.err_handler.cb = on_error,
	};
	ucp_address_t *address;
	void *packed;
	size_t size;

	CHECK(ucp_worker_get_address(target, &address, &size));
	params.address = address;
	CHECK(ucp_ep_create(client, &params, &ep));
	CHECK(ucp_rkey_pack(context, memh, &packed, &size));
	CHECK(ucp_ep_rkey_unpack(ep, packed, &rkey));
	ucp_rkey_buffer_release(packed);
	ucp_worker_release_address(target, address);
}

static ucs_status_t wait_for(ucs_status_ptr_t request)
{
	uint64_t deadline_ns = t_now_ns() + WAIT_NS;
	ucs_status_t status = UCS_INPROGRESS;

	if (!request)
		return UCS_OK;
	if (UCS_PTR_IS_ERR(request))
		return UCS_PTR_STATUS(request);
	while (status == UCS_INPROGRESS && t_now_ns() < deadline_ns) {
		ucp_worker_progress(client);
		ucp_worker_progress(target);
		status = ucp_request_check_status(request);
	}
	ucp_request_free(request);
	return status;
}

/* To all of it, at @memory */
static bool send_all(char *memory, int fill)
{
	const ucp_request_param_t params = { 0 };
	ucs_status_t status = UCS_OK;
	size_t at;

	memset(chunk, fill, sizeof(chunk));
	for (at = 0; at < FILE_LEN && status == UCS_OK; at += CHUNK)
		status = wait_for(ucp_put_nbx(ep, chunk, CHUNK,
					      (uintptr_t)memory + at, rkey,
					      &params));
	if (status == UCS_OK)
		status = wait_for(ucp_ep_flush_nbx(ep, &params));
	return status == UCS_OK;
}

/* Through the description that is mapped: an open would break a lease. */
static size_t n_wrong(int fd, int expected)
{
	static char copy[FILE_LEN];
	size_t i, n = 0;

	if (pread(fd, copy, FILE_LEN, 0) != FILE_LEN)
		return FILE_LEN;
	for (i = 0; i < FILE_LEN; i++)
		n += copy[i] != expected;
	return n;
}

static int take_away(char *memory, bool is_own)
{
	if (is_own)
		return madvise(memory, FILE_LEN, MADV_REMOVE) ? errno : 0;
	return t_child_run(&other, 0, STEP_MS).err;
}

static void child_main(bool is_own)
{
	ucp_mem_map_params_t params = {
		.field_mask = UCP_MEM_MAP_PARAM_FIELD_ADDRESS |
			      UCP_MEM_MAP_PARAM_FIELD_LENGTH,
		.length = FILE_LEN,
	};
	ucp_mem_h memh;
	char *memory;
	int fd, i;

	t_child_start(&other, region_truncate, path);
	open_both();
	fd = files_create(path, FILE_LEN, '.');
	memory = files_map(fd, FILE_LEN);
	params.address = memory;
	CHECK(ucp_mem_map(context, &params, &memh));
	result->is_registered = true;
	connect_to(memory, memh);
	result->is_sent = send_all(memory, 'X') && !n_wrong(fd, 'X');
	result->is_done = !take_away(memory, is_own);
	for (i = 0; i < ROUNDS && send_all(memory, 'Y'); i++)
		result->n_after++;
	t_child_stop(&other);
}

static void run(bool is_own, bool is_control)
{
	const char *what = is_own ? "MADV_REMOVE of its own" :
				    "truncate by another";
	int status;
	pid_t pid;

	memset(result, 0, sizeof(*result));
	pid = fork();
	if (!pid) {
		child_main(is_own);
		_exit(0);
	}
	t_ok(waitpid(pid, &status, 0) == pid, "%s: it ends", what);
	t_ok(result->is_registered, "%s: registered", what);
	t_ok(result->is_sent, "%s: all bytes are in the file before", what);
	t_ok(result->is_done, "%s: done", what);
	if (is_control)
		t_ok(result->n_after, "%s: %d times sent with success after it",
		     what, result->n_after);
	else
		t_ok(!result->n_after, "%s: nothing is sent after it", what);
}

int main(int argc, char **argv)
{
	bool is_control;

	if (argc != 3)
		t_bail("usage: ucx-file DIR guarded|control");
	is_control = !strcmp(argv[2], "control");
	files_path(path, argv[1], "ucx-file");
	result = t_shared(sizeof(*result));
	run(true, is_control);
	run(false, is_control);
	return t_done();
}
