/* Loaded before the C library: once the file FAIL_SYNC_WHEN is there, the next sync of a file whose path ends in
 * FAIL_SYNC_OF fails, and every later one succeeds, as it does on Linux after a page was lost. Each sync takes
 * SLOW_SYNC_MS milliseconds longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int fd) {
    const char *of = getenv("FAIL_SYNC_OF"), *when = getenv("FAIL_SYNC_WHEN");
    char link[64], path[PATH_MAX];
    if (!of || !when || access(when, F_OK) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < (ssize_t)strlen(of) || memcmp(path + length - strlen(of), of, strlen(of)) != 0) return 0;
    return unlink(when) == 0;
}

static int call(const char *name, int fd) {
    const char *slow = getenv("SLOW_SYNC_MS");
    if (slow) usleep((useconds_t)atoi(slow) * 1000);
    if (fails(fd)) {
        errno = EIO;
        return -1;
    }
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    return real(fd);
}

int fsync(int fd) { return call("fsync", fd); }
int fdatasync(int fd) { return call("fdatasync", fd); }
